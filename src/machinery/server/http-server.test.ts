import 'reflect-metadata'
import { once } from 'node:events'
import http2 from 'node:http2'
import https from 'node:https'
import net from 'node:net'
import { text } from 'node:stream/consumers'
import tls from 'node:tls'
import * as x509 from '@peculiar/x509'
import express from 'express'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/logger.ts'
import type { Handler, Request } from '../meta/core.ts'
import { header } from '../meta/headers.ts'
import { readBody } from './body.ts'
import type { RunningServer } from './http-server.ts'
import { serveHttps } from './http-server.ts'
import { respondError, respondText } from './respond.ts'

const KEYS = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }, BIG_HEADER = 'x'.repeat(40_000)
const controller = new AbortController(), seen: Request[] = []
let server: RunningServer, secrets: { key: string; cert: string }, aborted = 0

async function* ticks(signal: AbortSignal): AsyncGenerator<Uint8Array> {
  signal.addEventListener('abort', () => { aborted++ })
  for (let i = 0; !signal.aborted; i++) {
    yield Buffer.from(`tick ${i}\n`)
    await systemClock.sleep(i === 0 ? 0 : 60_000, signal)
  }
}
async function* large(): AsyncGenerator<Uint8Array> { for (let i = 0; i < 200; i++) yield Buffer.alloc(65_536, i) }

const handler: Handler = async (request, signal) => {
  seen.push(request)
  switch (request.path) {
    case '/apis/g/v/rs': return { status: 200, headers: [['warning', '299 - "a"'], ['warning', '299 - "b"']], body: request.query.has('watch') ? ticks(signal) : large() }
    case '/apis/echo': try { return respondText(200, (await readBody(request)).toString()) } catch (error) { return respondError(error, request) }
    case '/apis/broken': return { status: 200, headers: [], body: (async function* broken() { yield Buffer.from('half'); throw new Error('gone') })() }
    default: return respondText(200, request.path)
  }
}

async function issue(): Promise<{ key: string; cert: string }> {
  const keys = await crypto.subtle.generateKey(KEYS, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({ serialNumber: '01', name: 'CN=localhost', keys, signingAlgorithm: KEYS, notBefore: new Date(Date.now() - 1_000), notAfter: new Date(Date.now() + 3_600_000) })
  const key = x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY')
  return { key, cert: certificate.toString('pem') }
}

const start = (port = 0) => serveHttps({
  handler, tls: secrets, address: '127.0.0.1', port, logger: silentLogger, clock: systemClock,
  routes: express.Router().get('/page', (_request, response) => { response.json({ page: true }) }),
  upgrader: ({ path }, { socket }) => {
    if (path === '/refused') return Promise.resolve(respondText(400, 'no'))
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
    socket.pipe(socket)
    return Promise.resolve(undefined)
  },
}, controller.signal)

beforeAll(async () => {
  secrets = await issue()
  server = await start()
})
afterAll(async () => { await server.shutdown(0); controller.abort() })

/** One request over either protocol. */
async function ask(protocol: 'h1' | 'h2', method: string, path: string, { body, headers = {} }: { body?: string; headers?: Record<string, string | string[]> } = {}): Promise<{ status: number; headers: Record<string, unknown>; text: string }> {
  if (protocol === 'h1') {
    const request = https.request({ port: server.port, host: '127.0.0.1', method, path, headers, rejectUnauthorized: false, agent: false, maxHeaderSize: 100_000 }).end(body), [response] = (await once(request, 'response')) as [import('node:http').IncomingMessage]
    return { status: response.statusCode!, headers: response.headers, text: await text(response) }
  }
  const session = http2.connect(`https://127.0.0.1:${server.port}`, { rejectUnauthorized: false, maxSendHeaderBlockLength: 100_000 }), stream = session.request({ ':method': method, ':path': path, ...headers }, { endStream: body === undefined })
  if (body !== undefined) stream.end(body)
  const [answer] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders]
  try {
    return { status: Number(answer[':status']), headers: answer, text: await text(stream) }
  } finally {
    session.destroy()
  }
}

test.each(['h1', 'h2'] as const)('%s: requests, repeated headers, bodies and their limit', async (protocol) => {
  expect(await ask(protocol, 'GET', '/apis/a%2Fb?x=1&x=2', { headers: { 'x-remote-group': ['a', 'b, c'], 'x-long': BIG_HEADER } })).toMatchObject({ status: 200, text: '/apis/a%2Fb' })
  const request = seen.at(-1)!
  expect([request.method, request.path, request.query.getAll('x'), request.headers.filter(([name]) => name === 'x-remote-group').map(([, value]) => value), header(request.headers, 'x-long')?.length, header(request.headers, 'host'), request.peer?.address])
    .toEqual(['GET', '/apis/a%2Fb', ['1', '2'], ['a', 'b, c'], 40_000, protocol === 'h1' ? `127.0.0.1:${server.port}` : `127.0.0.1:${server.port}`, '127.0.0.1'])
  expect((await ask(protocol, 'POST', '/apis/echo', { body: 'hello' })).text).toBe('hello')
  expect(await ask(protocol, 'POST', '/apis/echo', { body: 'x'.repeat(3_200_000) })).toMatchObject({ status: 413 })
  expect((await ask(protocol, 'HEAD', '/apis/echo')).text).toBe('')
})

test.each(['h1', 'h2'] as const)('%s: large streams arrive whole, broken ones do not look whole', async (protocol) => {
  const { text: body, headers } = await ask(protocol, 'GET', '/apis/g/v/rs')
  expect([Buffer.byteLength(body) > 13_000_000, headers['content-length'], String(headers['warning'])]).toEqual([true, undefined, expect.stringMatching(/299 - "a", ?299 - "b"/)])
  await expect(ask(protocol, 'GET', '/apis/broken')).rejects.toThrow(/aborted|NGHTTP2|hang up|closed/i)
})

test.each(['h1', 'h2'] as const)('%s: express serves pages, and what it does not know goes on', async (protocol) => {
  expect((await ask(protocol, 'GET', '/page')).text).toBe('{"page":true}')
  expect((await ask(protocol, 'GET', '/healthz')).text).toBe('/healthz')
})

test('a watch begins before its first event is due, and ends with its client', async () => {
  const session = http2.connect(`https://127.0.0.1:${server.port}`, { rejectUnauthorized: false }), stream = session.request({ ':path': '/apis/g/v/rs?watch=1' }), before = aborted
  await once(stream, 'response')
  const [chunk] = (await once(stream, 'data')) as [Buffer]
  expect(chunk.toString()).toContain('tick 0')
  stream.close()
  await expect.poll(() => aborted).toBe(before + 1)
  session.destroy()
})

test('upgrades are taken or refused', async () => {
  const connect = async (path: string) => {
    const socket = tls.connect({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] })
    await once(socket, 'secureConnect')
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n`)
    const [answer] = (await once(socket, 'data')) as [Buffer]
    return { socket, answer: answer.toString() }
  }
  expect((await connect('/refused')).answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n[\s\S]*\r\n\r\nno$/)
  const { socket, answer } = await connect('/taken')
  expect(answer).toMatch(/^HTTP\/1\.1 101/)
  socket.write('ping')
  expect(String(((await once(socket, 'data')) as [Buffer])[0])).toBe('ping')
  socket.destroy()
})

test('a port in use is named', async () => {
  await expect(start(server.port)).rejects.toThrow(`cannot listen on 127.0.0.1:${server.port}: the port is in use by another program`)
})

test('another certificate without a restart; the certificate of a client reaches the request', async () => {
  const fresh = await issue()
  server.setTls(fresh)
  const socket = tls.connect({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['http/1.1'], ...secrets })
  await once(socket, 'secureConnect')
  expect(socket.getPeerX509Certificate()!.toString()).toBe(new (await import('node:crypto')).X509Certificate(fresh.cert).toString())
  socket.write('GET /apis/mine HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  await text(socket)
  expect(Buffer.from(seen.at(-1)!.peer!.certificates[0]!).toString('base64')).toBe(secrets.cert.replaceAll(/-----[^-]+-----|\s/g, ''))
})

test('shutdown ends watches cleanly and is quick', async () => {
  const other = await start(), session = http2.connect(`https://127.0.0.1:${other.port}`, { rejectUnauthorized: false }), stream = session.request({ ':path': '/apis/g/v/rs?watch=1' })
  await once(stream, 'response')
  const all = text(stream), begin = Date.now()
  await other.shutdown(10_000)
  expect([await all, Date.now() - begin < 3_000]).toEqual([expect.stringContaining('tick 0'), true])
  session.destroy()
})

test('a connection that never shakes hands is closed, and an idle one', async () => {
  const other = await serveHttps({ handler, tls: secrets, address: '127.0.0.1', port: 0, logger: silentLogger, clock: systemClock, limits: { headersMs: 300, idleMs: 300, stalledMs: 300 } }, controller.signal)
  const silent = net.connect(other.port, '127.0.0.1').resume(), session = http2.connect(`https://127.0.0.1:${other.port}`, { rejectUnauthorized: false })
  try {
    expect(await Promise.all([once(silent, 'close'), once(session, 'close')])).toHaveLength(2)
  } finally {
    session.destroy()
    await other.shutdown(0)
  }
})
