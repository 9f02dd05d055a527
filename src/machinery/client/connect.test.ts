import http from 'node:http'
import https from 'node:https'
import net, { type AddressInfo } from 'node:net'
import { Duplex, PassThrough } from 'node:stream'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createAuthority, issueCertificate, type KeyPair } from '../../host/certificates.ts'
import type { Request } from '../meta/core.ts'
import { isReason } from '../meta/status-error.ts'
import { connect, type MemberConnection } from './connect.ts'
import type { ConnectOptions } from './connect-options.ts'
import { bytesOf } from './failure.ts'

const NOW = Date.now(), DAY_MS = 86_400_000, signal = new AbortController().signal
let authority: KeyPair, other: KeyPair, leaf: KeyPair, expired: KeyPair, client: KeyPair
beforeAll(async () => {
  authority = await createAuthority('test-ca', { now: NOW })
  other = await createAuthority('other-ca', { now: NOW })
  leaf = await issueCertificate(authority, { commonName: 'server', names: ['127.0.0.1', 'member.test'] }, { now: NOW })
  expired = await issueCertificate(authority, { commonName: 'server', names: ['127.0.0.1'] }, { now: NOW - 10 * DAY_MS, days: 5 })
  client = await issueCertificate(authority, { commonName: 'alice', organizations: ['dev'] }, { now: NOW })
})

const closers: (() => unknown)[] = []
afterEach(async () => { for (const close of closers.splice(0).toReversed()) await close() })

const open = (options: Omit<ConnectOptions, 'requestTimeoutMs'>, requestTimeoutMs = 3000): MemberConnection => {
  const connection = connect({ requestTimeoutMs, ...options })
  closers.push(() => connection.close())
  return connection
}
async function listen(server: net.Server): Promise<number> {
  const sockets = new Set<net.Socket>()
  server.on('connection', (socket) => sockets.add(socket))
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => { server.once('listening', resolve) })
  closers.push(() => new Promise((resolve) => {
    server.close(resolve)
    for (const socket of sockets) socket.destroy()
  }))
  return (server.address() as AddressInfo).port
}
const get = (path: string, parts: Partial<Request> = {}): Request => ({ method: 'GET', path, query: new URLSearchParams(), headers: [], ...parts })
const text = async (connection: MemberConnection, request: Request) => Buffer.from(await bytesOf(await connection.handler(request, signal))).toString()

describe('requests', () => {
  test('keep the base path, repeated headers and the raw path, and replace Authorization', async () => {
    const port = await listen(http.createServer((request, response) => { response.setHeader('warning', ['299 - "a"', '299 - "b"']).end(JSON.stringify({ url: request.url, raw: request.rawHeaders })) }))
    const connection = open({ server: `http://127.0.0.1:${port}/base/`, token: () => Promise.resolve('secret') })
    const response = await connection.handler(get('/api/v1/a%2Fb', { query: new URLSearchParams({ x: '1 2' }), headers: [['impersonate-group', 'a'], ['impersonate-group', 'b, c'], ['authorization', 'Basic x'], ['connection', 'close']] }), signal)
    const { url, raw } = JSON.parse(Buffer.from(await bytesOf(response)).toString()) as { url: string; raw: string[] }
    expect(url).toBe('/base/api/v1/a%2Fb?x=1+2')
    expect(raw.filter((_, at) => raw[at - 1] === 'impersonate-group')).toEqual(['a', 'b, c'])
    expect(raw.filter((_, at) => raw[at - 1] === 'authorization')).toEqual(['Bearer secret'])
    expect(response.headers.filter(([name]) => name === 'warning')).toEqual([['warning', '299 - "a"'], ['warning', '299 - "b"']])
  })

  test('do not follow redirects', async () => {
    const port = await listen(http.createServer((_, response) => { response.writeHead(301, { location: '/elsewhere' }).end() }))
    expect((await open({ server: `http://127.0.0.1:${port}` }).handler(get('/'), signal)).status).toBe(301)
  })

  test('send bodies, and watches end with the signal while others go on', async () => {
    const port = await listen(http.createServer((request, response) => { if (request.url!.includes('watch')) { response.flushHeaders(); return } request.pipe(response) }))
    const connection = open({ server: `http://127.0.0.1:${port}` }), stop = new AbortController()
    const watches = await Promise.all(Array.from({ length: 20 }, () => connection.handler(get('/pods', { query: new URLSearchParams({ watch: 'true' }) }), stop.signal)))
    async function* body() { yield Buffer.from('{"a":'); await Promise.resolve(); yield Buffer.from('1}') }
    expect(await text(connection, { ...get('/x'), method: 'POST', body: body() })).toBe('{"a":1}')
    const ends = Promise.allSettled(watches.map(bytesOf as never))
    stop.abort()
    expect((await ends).every((end) => end.status === 'rejected')).toBe(true)
  })

  test('a server that hangs, one that is no HTTP server, and one that is absent, are named with a remedy', async () => {
    const hanging = await listen(net.createServer(() => undefined)), odd = await listen(net.createServer((socket) => { socket.end('220 smtp\r\n') }))
    const failure = async (port: number, scheme = 'http') => open({ server: `${scheme}://127.0.0.1:${port}` }, 300).handler(get('/'), signal).catch((error: unknown) => error)
    const hangs = await failure(hanging)
    expect(isReason(hangs, 'ServiceUnavailable')).toBe(true)
    expect(String(hangs)).toContain(`http://127.0.0.1:${hanging}: no answer in time`)
    expect(String(await failure(hanging, 'https'))).toContain('no answer in time')
    expect(String(await failure(odd))).toContain('this is no HTTP server')
    expect(String(await failure(odd, 'https'))).toContain('this is no TLS server')
    expect(String(await failure(1))).toContain('connection refused')
  })
})

describe('TLS', () => {
  const serve = (pair: KeyPair) => listen(https.createServer({ cert: pair.certificate, key: pair.key, ca: authority.certificate, requestCert: true, rejectUnauthorized: false }, (request, response) => {
    response.end((request.socket as import('node:tls').TLSSocket).getPeerCertificate().subject?.CN ?? 'nobody')
  }))
  const ask = async (port: number, options: Partial<ConnectOptions>) => text(open({ server: `https://127.0.0.1:${port}`, ...options }), get('/')).catch((error: Error) => error.message)

  test('a client certificate is presented, the authority is checked, and so is the name', async () => {
    const port = await serve(leaf)
    expect(await ask(port, { ca: authority.certificate, certificate: client.certificate, key: client.key })).toBe('alice')
    expect(await ask(port, { ca: authority.certificate, serverName: 'member.test' })).toBe('nobody')
    expect(await ask(port, { ca: other.certificate })).toContain('correct caBundle')
    expect(await ask(port, {})).toContain('correct caBundle')
    expect(await ask(port, { insecureSkipTlsVerify: true })).toBe('nobody')
    expect(await ask(port, { ca: authority.certificate, serverName: 'wrong.test' })).toContain('is for another name')
    expect(await ask(port, { ca: authority.certificate, serverName: 'wrong.test', disabledTlsValidations: ['SubjectName'] })).toBe('nobody')
  })

  test('an expired certificate passes with ValidityPeriod, but an unknown authority behind it does not', async () => {
    const port = await serve(expired)
    expect(await ask(port, { ca: authority.certificate })).toContain('has expired')
    expect(await ask(port, { ca: authority.certificate, disabledTlsValidations: ['ValidityPeriod'] })).toBe('nobody')
    expect(await ask(port, { ca: authority.certificate, serverName: 'wrong.test', disabledTlsValidations: ['ValidityPeriod'] })).toContain('is for another name')
    expect(await ask(port, { ca: other.certificate, disabledTlsValidations: ['ValidityPeriod'] })).not.toBe('nobody')
    expect(await ask(port, { ca: other.certificate, disabledTlsValidations: ['*'] })).toBe('nobody')
  })
})

describe('proxies', () => {
  test('http CONNECT with headers, and a refusal', async () => {
    const target = await listen(http.createServer((_, response) => { response.end('through') })), seen: unknown[] = []
    const proxy = http.createServer()
    proxy.on('connect', (request: http.IncomingMessage, socket: Duplex) => {
      seen.push(request.headers['x-tenant'], request.headers['proxy-authorization'])
      if (request.headers['x-tenant'] !== 'a') { socket.end('HTTP/1.1 407 No\r\n\r\n'); return }
      const upstream = net.connect(target, '127.0.0.1', () => { socket.write('HTTP/1.1 200 OK\r\n\r\n'); socket.pipe(upstream).pipe(socket) })
      socket.on('error', () => upstream.destroy())
    })
    const port = await listen(proxy)
    expect(await text(open({ server: `http://127.0.0.1:${target}`, proxyUrl: `http://u:p@127.0.0.1:${port}`, proxyHeaders: [['x-tenant', 'a']] }), get('/'))).toBe('through')
    expect(seen).toEqual(['a', 'Basic dTpw'])
    await expect(text(open({ server: `http://127.0.0.1:${target}`, proxyUrl: `http://127.0.0.1:${port}` }), get('/'))).rejects.toThrow(/answered 407/)
  })

  test('socks5', async () => {
    const target = await listen(http.createServer((_, response) => { response.end('through') }))
    const port = await listen(net.createServer((socket) => {
      socket.once('data', () => {
        socket.write(Buffer.from([5, 0]))
        socket.once('data', (request: Buffer) => {
          const upstream = net.connect(request.readUInt16BE(request.length - 2), request.toString('latin1', 5, request.length - 2), () => { socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0])); socket.pipe(upstream).pipe(socket) })
          socket.on('error', () => upstream.destroy())
        })
      })
    }))
    expect(await text(open({ server: `http://127.0.0.1:${target}`, proxyUrl: `socks5://127.0.0.1:${port}` }), get('/'))).toBe('through')
  })
})

describe('upgrades', () => {
  const client = () => {
    const toServer = new PassThrough(), toClient = new PassThrough()
    return { socket: Duplex.from({ readable: toServer, writable: toClient }), toServer, toClient }
  }
  test('any protocol and method: bytes flow both ways, and the head is passed on', async () => {
    const server = http.createServer()
    server.on('upgrade', (request, socket: Duplex, head: Buffer) => {
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${request.headers.upgrade}\r\nX-Method: ${request.method}\r\n\r\n`)
      if (head.length) socket.write(head)
      socket.pipe(socket)
    })
    const port = await listen(server), { socket, toServer, toClient } = client()
    const answer = await open({ server: `http://127.0.0.1:${port}` }).upgrade({ ...get('/exec', { headers: [['upgrade', 'SPDY/3.1'], ['connection', 'Upgrade']] }), method: 'POST' }, { socket, head: Buffer.from('early') }, signal)
    expect(answer).toBeUndefined()
    let seen = ''
    toClient.on('data', (chunk: Buffer) => { seen += chunk.toString() })
    toServer.write(' late')
    await expect.poll(() => seen).toMatch(/^HTTP\/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY\/3.1\r\nX-Method: POST\r\n\r\nearly late$/)
    socket.destroy()
  })

  test('a refusal comes back as the response it is', async () => {
    const server = http.createServer((_, response) => { response.writeHead(403).end('no') })
    const port = await listen(server), { socket } = client()
    const answer = await open({ server: `http://127.0.0.1:${port}` }).upgrade(get('/exec', { headers: [['upgrade', 'websocket']] }), { socket, head: Buffer.alloc(0) }, signal)
    expect(answer?.status).toBe(403)
    expect(Buffer.from(await bytesOf(answer!)).toString()).toBe('no')
  })
})
