import 'reflect-metadata'
import { createHash } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Headers, Request } from '../meta/core.ts'
import { StatusError } from '../meta/status-error.ts'
import { union } from './authenticator.ts'
import { clientCertificates } from './client-certificate.ts'
import type { FrontProxyOptions } from './front-proxy.ts'
import { frontProxy, isIdentityHeader } from './front-proxy.ts'

const KEYS = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }, DAY_MS = 86_400_000, { signal } = new AbortController()
interface Issued { readonly certificate: x509.X509Certificate; readonly keys: Awaited<ReturnType<typeof newKeys>> }
const newKeys = () => crypto.subtle.generateKey(KEYS, true, ['sign', 'verify'])
let serial = 1

async function issue(subject: x509.JsonName, issuer?: Issued, { ca = false, usage = x509.ExtendedKeyUsage.clientAuth, days = 1 } = {}): Promise<Issued> {
  const keys = await newKeys(), extensions = ca ? [new x509.BasicConstraintsExtension(true, undefined, true)] : [new x509.ExtendedKeyUsageExtension([usage])]
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: String(serial++).padStart(2, '0'), subject: new x509.Name(subject), issuer: issuer ? issuer.certificate.subject : new x509.Name(subject), notBefore: new Date(Date.now() - DAY_MS), notAfter: new Date(Date.now() + days * DAY_MS),
    publicKey: keys.publicKey, signingKey: (issuer?.keys ?? keys).privateKey, signingAlgorithm: KEYS, extensions,
  })
  return { certificate, keys }
}

const der = (...chain: Issued[]) => chain.map(({ certificate }) => new Uint8Array(certificate.rawData)), pem = ({ certificate }: Issued) => certificate.toString('pem')
const request = (certificates: Uint8Array[], headers: Headers = []): Request => ({ method: 'GET', path: '/', query: new URLSearchParams(), headers, peer: { address: '', certificates } })

describe('client certificates', () => {
  let authority: Issued, middle: Issued, alice: Issued, viaMiddle: Issued, server: Issued, expired: Issued, stranger: Issued, nameless: Issued
  beforeAll(async () => {
    authority = await issue([{ CN: ['ca'] }], undefined, { ca: true })
    const other = await issue([{ CN: ['ca'] }], undefined, { ca: true })
    middle = await issue([{ CN: ['middle'] }], authority, { ca: true })
    alice = await issue([{ CN: ['alice'] }, { O: ['dev'] }, { O: ['x, system:masters'] }], authority)
    viaMiddle = await issue([{ CN: ['bob'] }], middle)
    server = await issue([{ CN: ['server'] }], authority, { usage: x509.ExtendedKeyUsage.serverAuth })
    expired = await issue([{ CN: ['late'] }], authority, { days: -0.5 })
    stranger = await issue([{ CN: ['alice'] }], other)
    nameless = await issue([{ O: ['dev'] }], authority)
  })
  const authenticate = (certificates: Uint8Array[]) => clientCertificates(() => pem(authority), Date.now).authenticate(request(certificates), signal)

  test('common name and organizations, values never split', async () => {
    expect(await authenticate(der(alice))).toMatchObject({ name: 'alice', groups: ['dev', 'x, system:masters'], extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${createHash('sha256').update(der(alice)[0]!).digest('hex')}`] } })
  })
  test('an intermediate is followed', async () => { expect(await authenticate(der(viaMiddle, middle))).toMatchObject({ name: 'bob' }) })
  test('nothing presented, or no name: no opinion', async () => { expect([await authenticate([]), await authenticate(der(nameless))]).toEqual([undefined, undefined]) })
  test('wrong usage, dates and authorities are refused', async () => {
    await expect(authenticate(der(server))).rejects.toThrow('incompatible key usage')
    await expect(authenticate(der(expired))).rejects.toThrow('has expired or is not yet valid')
    await expect(authenticate(der(stranger))).rejects.toThrow('unknown authority')
    await expect(authenticate(der(viaMiddle))).rejects.toThrow('unknown authority')
  })

  describe('front proxy', () => {
    const options = (change: Partial<FrontProxyOptions> = {}): FrontProxyOptions => ({ bundle: pem(authority), allowedNames: ['alice'], usernameHeaders: ['X-Remote-User'], uidHeaders: ['X-Remote-Uid'], groupHeaders: ['X-Remote-Group'], extraHeaderPrefixes: ['X-Remote-Extra-'], ...change })
    const proxied = (headers: Headers, change: Partial<FrontProxyOptions> = {}, certificates = der(alice)) => frontProxy(() => options(change), Date.now).authenticate(request(certificates, headers), signal)

    test('every header pair is one value', async () => {
      const headers: Headers = [['x-remote-user', ''], ['x-remote-user', 'zoe'], ['x-remote-uid', 'u1'], ['x-remote-group', 'a'], ['x-remote-group', 'b, system:masters'], ['x-remote-group', ''], ['x-remote-extra-example.com%2fscope', 'one'], ['x-remote-extra-example.com%2fscope', 'two']]
      expect(await proxied(headers.slice(1))).toEqual({ name: 'zoe', uid: 'u1', groups: ['a', 'b, system:masters'], extra: { 'example.com/scope': ['one', 'two'] } })
    })
    test('names are UTF-8, which Node reads as latin1', async () => {
      expect(await proxied([['x-remote-user', Buffer.from('zoë').toString('latin1')], ['x-remote-group', Buffer.from('équipe').toString('latin1')]])).toMatchObject({ name: 'zoë', groups: ['équipe'] })
    })
    test('no user header: no opinion', async () => { expect(await proxied([['x-remote-group', 'system:masters']])).toBeUndefined() })
    test('only allowed names speak for others', async () => {
      await expect(proxied([['x-remote-user', 'zoe']], { allowedNames: ['proxy'] })).rejects.toThrow('x509: subject with cn=alice is not in the allowed list')
      expect(await proxied([['x-remote-user', 'zoe']], { allowedNames: [] })).toMatchObject({ name: 'zoe' })
      await expect(proxied([['x-remote-user', 'zoe']], {}, der(stranger))).rejects.toThrow('unknown authority')
      expect(await proxied([['x-remote-user', 'zoe']], {}, [])).toBeUndefined()
    })
    test('what travels on carries no identity', () => {
      expect(['authorization', 'x-remote-user', 'x-remote-extra-a', 'x-who', 'accept'].map((name) => isIdentityHeader(name, options({ usernameHeaders: ['X-Who'] })))).toEqual([true, true, true, true, false])
    })
  })
})

describe('union', () => {
  const says = (name: string) => ({ authenticate: () => Promise.resolve({ name, groups: ['g'], extra: {} }) }), silent = { authenticate: () => Promise.resolve(undefined) }, failing = { authenticate: () => Promise.reject(new Error('bad')) }
  const ask = (...authenticators: Parameters<typeof union>[0]) => union(authenticators).authenticate(request([]), signal)
  test('the first success wins and is authenticated', async () => { expect(await ask(failing, silent, says('a'), says('b'))).toEqual({ name: 'a', groups: ['g', 'system:authenticated'], extra: {} }) })
  test('a failure without a success is Unauthorized', async () => { await expect(ask(failing, silent)).rejects.toEqual(new StatusError('Unauthorized', 'Unauthorized')) })
  test('nothing at all is anonymous', async () => { expect(await ask(silent)).toEqual({ name: 'system:anonymous', groups: ['system:unauthenticated'], extra: {} }) })
})
