import 'reflect-metadata'
import { once } from 'node:events'
import http2 from 'node:http2'
import { text } from 'node:stream/consumers'
import * as x509 from '@peculiar/x509'
import { expect, test } from 'vitest'
import { systemClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/logger.ts'
import { ANONYMOUS } from '../auth/authenticator.ts'
import type { Handler, User } from '../meta/core.ts'
import { header } from '../meta/headers.ts'
import { StatusError } from '../meta/status-error.ts'
import { serverFilters } from './chain.ts'
import { drain } from './drain.ts'
import { compose } from './filter.ts'
import { HealthChecks } from './health.ts'
import { serveHttps } from './http-server.ts'
import { respondText } from './respond.ts'

const KEYS = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }, alice: User = { name: 'alice', groups: ['system:masters'], extra: {} }

async function started(health: HealthChecks, slow: Promise<void>, chance = 0) {
  const keys = await crypto.subtle.generateKey(KEYS, true, ['sign', 'verify']), certificate = await x509.X509CertificateGenerator.createSelfSigned({ serialNumber: '01', name: 'CN=localhost', keys, signingAlgorithm: KEYS, notBefore: new Date(Date.now() - 1_000), notAfter: new Date(Date.now() + 3_600_000) })
  const tls = { key: x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY'), cert: certificate.toString('pem') }
  const answer: Handler = async ({ method, path, query, headers }, signal) => {
    if (path === '/readyz') return health.serve(['readyz'], { method, path, query, headers }, signal)
    if (query.has('watch')) return { status: 200, headers: [], body: (async function* watch() { yield Buffer.from('begun\n'); await new Promise((resolve) => { signal.addEventListener('abort', resolve) }) })() }
    if (path.endsWith('/slow')) await slow
    return respondText(200, 'done')
  }
  const authenticate = ({ headers }: { headers: readonly (readonly [string, string])[] }) => { const who = header(headers, 'who'); return who === 'bad' ? Promise.reject(StatusError.unauthorized()) : Promise.resolve(who === 'alice' ? alice : ANONYMOUS) }
  const filters = serverFilters({ clock: systemClock, logger: silentLogger, randomUuid: () => 'id', authenticator: { authenticate }, authorizer: { authorize: () => Promise.resolve({ allowed: true, reason: '' }) }, frontProxy: () => undefined, isReady: () => true, goaway: { chance, random: () => 0.5 } })
  const server = await serveHttps({ handler: compose(filters, answer), tls, address: '127.0.0.1', port: 0, logger: silentLogger, clock: systemClock }, new AbortController().signal)
  const connect = () => { const session = http2.connect(`https://localhost:${server.port}`, { rejectUnauthorized: false }); session.on('error', () => undefined); return session }
  return { server, connect }
}
const ask = (session: http2.ClientHttp2Session, path: string, who = 'alice') => { const stream = session.request({ ':path': path, who }); stream.on('error', () => undefined); return stream }
const statusOf = async (stream: http2.ClientHttp2Stream) => { const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders]; return headers[':status'] }

test('readyz fails first while all is served; then watches end cleanly and what runs is answered', async () => {
  const health = new HealthChecks(silentLogger), slow = Promise.withResolvers<void>(), delay = Promise.withResolvers<void>(), { server, connect } = await started(health, slow.promise), session = connect()
  const watch = ask(session, '/apis/g/v/rs?watch=1'), watched = text(watch), running = ask(session, '/apis/g/v/rs/slow'), ran = text(running)
  await once(watch, 'data')
  expect(await statusOf(ask(session, '/readyz'))).toBe(200)
  let isOver = false
  const over = drain({ health, server, delayMs: 1_000, graceMs: 10_000, clock: { now: Date.now, sleep: (ms, signal) => (ms === 1_000 && !signal ? delay.promise : systemClock.sleep(ms, signal)) } })
  void over.finally(() => { isOver = true })
  expect(await statusOf(ask(session, '/readyz'))).toBe(500)
  expect(await statusOf(ask(session, '/apis/g/v/rs'))).toBe(200)
  expect(watch.closed).toBe(false)
  delay.resolve()
  expect(await watched).toBe('begun\n')
  expect([watch.rstCode, isOver]).toEqual([0, false])
  slow.resolve()
  expect(await ran).toBe('done')
  await over
})

test.each([['who is not known', 'bad', 0, 401, true], ['the anonymous', 'nobody', 0, 200, true], ['the unlucky', 'alice', 1, 200, true], ['everybody else', 'alice', 0.01, 200, false]])('GOAWAY for %s', async (_, who, chance, status, isClosed) => {
  const { server, connect } = await started(new HealthChecks(silentLogger), Promise.resolve(), chance), session = connect()
  let gone = false
  session.on('goaway', () => { gone = true })
  const stream = ask(session, '/apis/g/v/rs', who)
  expect(await statusOf(stream)).toBe(status)
  expect((await text(stream)).length).toBeGreaterThan(0)
  await Promise.race([once(session, 'goaway'), systemClock.sleep(isClosed ? 5_000 : 50)])
  expect(gone).toBe(isClosed)
  session.destroy()
  await server.shutdown(0)
})
