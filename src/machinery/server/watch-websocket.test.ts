import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import net from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { systemClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/logger.ts'
import { defineKind } from '../meta/define-kind.ts'
import type { KubeObject } from '../meta/core.ts'
import { createStoredResource } from '../registry/stored-resource.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import { incoming } from './incoming.ts'
import { sendRaw } from './outgoing.ts'
import { resourceUpgrader } from './resource-handler.ts'

const controller = new AbortController(), { signal } = controller, storage = new MemoryStorage()
const kind = defineKind<KubeObject>({ group: 'example.com', version: 'v1', kind: 'Thing', plural: 'things', scope: 'Namespaced', schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }, columns: [] })
const things = createStoredResource(kind, storage, { clock: systemClock, logger: silentLogger, randomUuid: () => crypto.randomUUID(), randomSuffix: () => 'abcde' }, signal)
const upgrader = resourceUpgrader({ groups: () => groups }, { clock: systemClock, random: () => 0 }), groups = [{ name: 'example.com', versions: [{ version: 'v1', resources: [things] }] }]
const options = { user: { name: 'admin', groups: [], extra: {} }, manager: 'test', authorize: () => Promise.resolve(), warn: () => undefined }
const create = (name: string, data = '') => things.writer.create({ apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name, namespace: 'n' }, data }, options, signal)
const server = http.createServer(), PATH = '/apis/example.com/v1/namespaces/n/things?watch=true', origin = 'https://example.com', BIG = 'ü'.repeat(100_000), STALLED_MS = 500
let port = 0, live = 0

beforeAll(async () => {
  server.on('upgrade', (message, socket, head) => {
    const gone = new AbortController()
    live++
    socket.on('close', () => { live--; gone.abort() }).on('error', () => undefined)
    const request = incoming(message, { address: '', certificates: [] })
    void upgrader(request, { socket, head, stalledMs: STALLED_MS }, AbortSignal.any([gone.signal, signal])).then((refused) => refused && sendRaw(socket, refused))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  ;({ port } = server.address() as AddressInfo)
  await create('a')
  await create('big', BIG)
})
afterAll(() => { controller.abort(); server.close(); server.closeAllConnections() })

const open = (query = '', headers: Record<string, string> = { origin }, protocols: string[] = []) => new WebSocket(`ws://127.0.0.1:${port}${PATH}${query}`, protocols, { headers })

test('one text message per event, however large; what the client sends is ignored, pings are answered', async () => {
  const socket = open('&timeoutSeconds=30', { origin }, ['one.protocol']), messages: string[] = []
  socket.on('message', (data, isBinary) => { messages.push(isBinary ? 'binary' : (data as Buffer).toString()) })
  await once(socket, 'open')
  expect(socket.protocol).toBe('one.protocol')
  socket.send('x'.repeat(70_000))
  socket.ping('there?')
  const [pong] = (await once(socket, 'pong')) as [Buffer]
  expect(pong.toString()).toBe('there?')
  await create('later')
  await expect.poll(() => messages.length).toBe(3)
  const events = messages.map((text) => JSON.parse(text) as { type: string; object: { metadata: { name: string }; data: string } })
  expect(events.map(({ type, object }) => [type, object.metadata.name, object.data.length])).toEqual([['ADDED', 'a', 0], ['ADDED', 'big', BIG.length], ['ADDED', 'later', 0]])
  socket.close(1000)
  expect((await once(socket, 'close'))[0]).toBe(1000)
  await expect.poll(() => live).toBe(0)
})

test('the deadline of the watch closes it cleanly', async () => {
  const socket = open('&timeoutSeconds=1')
  expect((await once(socket, 'close'))[0]).toBe(1000)
})

test.each([
  ['without Origin', {}, 403], ['with the Origin null', { origin: 'null' }, 403], ['of another version', { origin, 'sec-websocket-version': '8' }, 400],
])('a handshake %s is refused', async (_, headers, status) => {
  const request = http.get({ port, path: PATH, headers: { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', ...headers } })
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  expect(response.statusCode).toBe(status)
  response.resume()
})

test('frames that break the protocol end the connection', async () => {
  const socket = net.connect(port, '127.0.0.1'), chunks: Buffer[] = []
  socket.write(`GET ${PATH}&resourceVersion=1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nOrigin: ${origin}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`)
  await once(socket, 'data')
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.write(Buffer.of(0x89, 0x01, 0x41))
  await once(socket, 'end')
  expect(Buffer.concat(chunks).subarray(-4)).toEqual(Buffer.of(0x88, 2, 1002 >> 8, 1002 & 255))
  socket.destroy()
})

test('a client that reads nothing is cut, however often it pings; one that reads a little at a time is not', async () => {
  for (let i = 0; i < 80; i++) await create(`many${i}`, BIG)
  const handshake = `GET ${PATH} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nOrigin: ${origin}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`
  const deaf = net.connect(port, '127.0.0.1').on('error', () => undefined), slow = new net.Socket({ highWaterMark: 1 << 19 } as net.SocketConstructorOpts).connect(port, '127.0.0.1'), ping = setInterval(() => { deaf.write(Buffer.of(0x89, 0x80, 1, 2, 3, 4)) }, 50)
  let bytes = 0
  slow.pause().write(handshake)
  deaf.pause().write(handshake)
  const read = setInterval(() => { bytes += (slow.read() as Buffer | null)?.length ?? 0 }, STALLED_MS / 20)
  try {
    await expect.poll(() => live).toBe(2)
    await expect.poll(() => live, { timeout: STALLED_MS * 10 }).toBe(1)
    await expect.poll(() => bytes, { timeout: 15_000 }).toBeGreaterThan(80 * 2 * BIG.length)
    expect(live).toBe(1)
  } finally { clearInterval(ping); clearInterval(read); deaf.destroy(); slow.destroy() }
})
