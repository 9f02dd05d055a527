/** Clients that are slow, silent, half gone or hostile below HTTP: each loses its own connection at most, and everybody else is served. */
import { once } from 'node:events'
import http2 from 'node:http2'
import net from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../../src/lib/clock.ts'
import { type ServedKinds, serveFixtures } from '../served-kinds.ts'
import { heldBytes } from './memory.ts'
import { END_HEADERS, END_STREAM, FRAME, frame, getBlock, hello, Wire } from './wire.ts'

const GADGETS = '/apis/conformance.example.com/v1/gadgets', LIMITS = { headersMs: 600, idleMs: 900, stalledMs: 700 }, SOON_MS = 6_000, MB = 1 << 20
const controller = new AbortController(), { signal } = controller, errors: unknown[] = []
let bed: ServedKinds, before: number
const wires: { destroy(): unknown }[] = []
const wire = async (protocol: 'http/1.1' | 'h2', options?: { reads: boolean }) => { const made = await Wire.open(bed.port, bed.credentials, protocol, options); wires.push(made); return made }
const raw = () => { const socket = net.connect(bed.port, '127.0.0.1').on('error', () => undefined); wires.push(socket); return socket }
const session = () => { const made = http2.connect(`https://127.0.0.1:${bed.port}`, { ...bed.credentials, maxSendHeaderBlockLength: MB }).on('error', () => undefined); wires.push(made); return made }
const within = async (ended: Promise<unknown>) => Promise.race([ended.then(() => true), systemClock.sleep(SOON_MS, signal).then(() => false)])
const ask = async (one: Wire, text: string) => { one.send(text); await expect.poll(() => one.received, { timeout: SOON_MS }).toMatch(/^HTTP/) }

beforeAll(async () => {
  bed = await (await serveFixtures(signal, { limits: LIMITS, logger: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: (fields) => { errors.push(fields) } } }))()
  // A list of 10 MB.
  for (let i = 0; i < 50; i++) await bed.client.send({ method: 'POST', target: GADGETS, headers: [['content-type', 'application/json']], body: Buffer.from(JSON.stringify({ metadata: { name: `g${i}`, annotations: { note: 'x'.repeat(200_000) } } })) })
  before = await heldBytes()
})
/** Whatever a test did: others are served, with the right answer, and nothing was logged as a failure of ours. */
async function isUnharmed(): Promise<void> {
  for (const made of wires.splice(0)) made.destroy()
  const { status, data } = await bed.client.send({ method: 'GET', target: `${GADGETS}/g7`, headers: [] })
  expect([status, (JSON.parse(data.toString()) as { metadata: { name: string } }).metadata.name]).toEqual([200, 'g7'])
  expect(errors.splice(0)).toEqual([])
}
/** Bytes more than in the beginning. Counting them takes longer than most of the tests, so that it is done where much is asked for, and once a group. */
const growth = async () => (await heldBytes()) - before, KEPT = 24 * MB
/** The share of its time that this process, which is the server as well, has something to do: none is left once the sockets take no more. */
async function busyness(): Promise<number> {
  const begin = performance.eventLoopUtilization()
  await systemClock.sleep(200, signal)
  return performance.eventLoopUtilization(begin).utilization
}
afterEach(isUnharmed)
afterAll(async () => { await bed.close(); controller.abort() })

describe('slow and silent', () => {
  test('no handshake, half of one, and garbage in its place', async () => {
    const silent = raw(), half = raw(), garbage = raw(), plain = raw()
    half.write(Buffer.of(22, 3, 1, 2, 0, 1, 0, 1, 252))
    garbage.write(Buffer.alloc(4_096, 0xa5))
    plain.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    expect(await Promise.all([silent, half, garbage, plain].map(async (socket) => { socket.resume(); return within(once(socket, 'close')) }))).toEqual([true, true, true, true])
  })
  test('a connection that says nothing is closed, and one that does not finish the headers of an HTTP/2 request', async () => {
    const [http1, silent, slow] = await Promise.all([wire('http/1.1'), wire('h2'), wire('h2')])
    slow.send(Buffer.concat([hello(), frame(FRAME.headers, 0, 1, getBlock('/version'))]))
    expect(await Promise.all([http1, silent, slow].map((one) => one.closedWithin(SOON_MS)))).toEqual([true, true, true])
  })
  test('headers byte by byte: 100 such clients are dropped, and nobody waits for them', async () => {
    const slow = await Promise.all(Array.from({ length: 100 }, () => wire('http/1.1')))
    for (const one of slow) one.send('GET /version HTTP/1.1\r\nHost: x\r\nX-A: ')
    const trickle = setInterval(() => { for (const one of slow) one.send('a') }, 100)
    try {
      const begin = performance.now()
      expect((await bed.client.send({ method: 'GET', target: '/version', headers: [] })).status).toBe(200)
      expect(performance.now() - begin).toBeLessThan(SOON_MS)
      expect(await Promise.all(slow.map((one) => one.closedWithin(SOON_MS)))).not.toContain(false)
      expect(slow[0]!.received).toMatch(/^HTTP\/1\.1 408 /)
    } finally { clearInterval(trickle) }
  })
  test('an HTTP/2 connection lives as long as a watch on it', async () => {
    const watching = session(), stream = watching.request({ ':path': `${GADGETS}?watch=1&resourceVersion=100` })
    stream.resume()
    await once(stream, 'response')
    await systemClock.sleep(LIMITS.idleMs * 2, signal)
    expect([stream.closed, watching.closed]).toEqual([false, false])
    stream.close()
    expect(await within(once(watching, 'close'))).toBe(true)
  })
  test.each<readonly [name: string, protocol: 'http/1.1' | 'h2', asked: Buffer | string]>([
    ['HTTP/1.1', 'http/1.1', `GET ${GADGETS} HTTP/1.1\r\nHost: x\r\n\r\n`], ['HTTP/2', 'h2', Buffer.concat([hello(), frame(FRAME.headers, END_HEADERS | END_STREAM, 1, getBlock(GADGETS))])],
    ['WebSocket', 'http/1.1', `GET ${GADGETS}?watch=1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nOrigin: http://x\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`],
  ])('%s: 20 lists of 10 MB that nobody reads hold no memory, and are cut', async (_name, protocol, asked) => {
    const readers = await Promise.all(Array.from({ length: 20 }, () => wire(protocol, { reads: false })))
    for (const one of readers) one.send(asked)
    await expect.poll(busyness, { timeout: 20_000 }).toBeLessThan(0.3)
    expect(await growth()).toBeLessThan(44 * MB)
    // What a reader takes now is only what was on its way.
    await systemClock.sleep(LIMITS.stalledMs * 3, signal)
    let bytes = 0
    for (const one of readers) one.socket.on('data', (chunk: Buffer) => { bytes += chunk.length }).resume()
    expect(await Promise.all(readers.map((one) => one.closedWithin(SOON_MS)))).not.toContain(false)
    expect(bytes).toBeLessThan(readers.length * 4 * MB)
    for (const made of wires.splice(0)) made.destroy()
    await expect.poll(growth, { timeout: SOON_MS }).toBeLessThan(KEPT)
  })
})

describe('half gone', () => {
  test('a client that ends its side first gets its answer', async () => {
    const one = await wire('http/1.1')
    one.socket.end(`GET ${GADGETS}/g1 HTTP/1.1\r\nHost: x\r\n\r\n`)
    expect(await one.closedWithin(SOON_MS)).toBe(true)
    expect(one.received).toMatch(/^HTTP\/1\.1 200 [\s\S]*\}\s*$/)
  })
  test.each(['http/1.1', 'h2'] as const)('%s: 50 uploads that are given up', async (protocol) => {
    const head = `POST ${GADGETS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2000000\r\n\r\n`, part = Buffer.alloc(100_000, 0x20), shared = session()
    await Promise.all(Array.from({ length: 50 }, async () => {
      if (protocol === 'h2') {
        const stream = shared.request({ ':method': 'POST', ':path': GADGETS, 'content-type': 'application/json' }).on('error', () => undefined)
        stream.write(part, () => { stream.close(http2.constants.NGHTTP2_CANCEL) })
        await once(stream, 'close')
      } else {
        const one = await wire('http/1.1')
        one.socket.write(head)
        one.socket.write(part, () => { one.destroy() })
        await one.closed
      }
    }))
    // None was taken for a whole body.
    expect((JSON.parse((await bed.client.send({ method: 'GET', target: GADGETS, headers: [] })).data.toString()) as { items: unknown[] }).items).toHaveLength(50)
  })
  test('h2: an upload that is refused early takes no stream with it', async () => {
    const shared = session()
    for (let i = 0; i < 3; i++) {
      const stream = shared.request({ ':method': 'POST', ':path': GADGETS, 'content-type': 'application/json', 'content-length': '9000000' }).on('error', () => undefined)
      stream.write(Buffer.alloc(100_000, 0x20))
      const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders]
      expect(headers[':status']).toBe(413)
      stream.resume()
      expect(await within(once(stream, 'close'))).toBe(true)
    }
  })
  test('nothing is kept of them', async () => { await expect.poll(growth, { timeout: SOON_MS }).toBeLessThan(KEPT) })
})

describe('HTTP/1.1', () => {
  test('what follows a request is refused after its answer, and never inside it', async () => {
    const [both, inside] = await Promise.all([wire('http/1.1'), wire('http/1.1')])
    await ask(both, `GET /version HTTP/1.1\r\nHost: x\r\n\r\n\0\x01garbage\r\n\r\n`)
    await ask(inside, `GET ${GADGETS}?watch=1 HTTP/1.1\r\nHost: x\r\n\r\n`)
    inside.send('\0\x01garbage\r\n\r\n')
    expect([await both.closedWithin(SOON_MS), await inside.closedWithin(SOON_MS)]).toEqual([true, true])
    expect(inside.received.match(/HTTP\/1\.1 /g)).toHaveLength(1)
    expect(both.received).toMatch(/^HTTP\/1\.1 (?:200|400) /)
  })
  test.each([
    ['two lengths', 'Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}'], ['a length and chunks', 'Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'], ['a negative length', 'Content-Length: -1\r\n\r\n'], ['a length beyond all numbers', `Content-Length: ${'9'.repeat(40)}\r\n\r\n`],
    ['a chunk without a size', 'Transfer-Encoding: chunked\r\n\r\nzz\r\n'], ['a chunk size beyond all numbers', `Transfer-Encoding: chunked\r\n\r\n${'f'.repeat(40)}\r\n`], ['an unknown encoding', 'Transfer-Encoding: gzip\r\n\r\nx'], ['a folded header', 'X-A: b\r\n c\r\nX-B\r\n\r\n'], ['a bare line feed', 'X-A: b\nContent-Length : 2\r\n\r\n'], ['no name', ': x\r\n\r\n'], ['a NUL', 'X-A: \0\r\n\r\n'],
  ])('%s', async (_name, rest) => {
    const one = await wire('http/1.1')
    await ask(one, `POST ${GADGETS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${rest}`)
    expect(one.received).toMatch(/^HTTP\/1\.1 4\d\d /)
    expect(await one.closedWithin(SOON_MS)).toBe(true)
  })
  test('headers beyond 64 KB are refused; thousands of small ones count to the last', async () => {
    const [large, many] = await Promise.all([wire('http/1.1'), wire('http/1.1')])
    await ask(large, `GET /version HTTP/1.1\r\nHost: x\r\n${`X-A: ${'a'.repeat(1_000)}\r\n`.repeat(100)}\r\n`)
    expect(large.received).toMatch(/^HTTP\/1\.1 431 /)
    await ask(many, `GET ${GADGETS}/g1 HTTP/1.1\r\nHost: x\r\n${'a:b\r\n'.repeat(6_000)}Impersonate-User: nobody\r\n\r\n`)
    expect(many.received).toMatch(/^HTTP\/1\.1 403 [\s\S]*User \\?"nobody\\?" cannot get/)
  })
  test('nothing is kept of them', async () => { await expect.poll(growth, { timeout: SOON_MS }).toBeLessThan(KEPT) })
})

describe('HTTP/2', () => {
  test('as many headers as fit into 64 KB; more end their stream only', async () => {
    const shared = session(), status = async (groups: number, size: number) => {
      const stream = shared.request({ ':path': `${GADGETS}/g1`, 'impersonate-user': 'nobody', 'impersonate-group': Array.from({ length: groups }, (_, i) => `${'g'.repeat(size)}${i}`) }).on('error', () => undefined)
      stream.resume()
      return new Promise((resolve) => { stream.once('response', (headers) => { resolve(headers[':status']) }).once('close', () => { resolve(`reset ${stream.rstCode}`) }) })
    }
    expect([await status(500, 20), await status(75, 1_000), await status(1, 1)]).toEqual([403, `reset ${http2.constants.NGHTTP2_ENHANCE_YOUR_CALM}`, 403])
  })
  const version = getBlock('/version')
  /** `isCut`: the connection must not survive. */
  test.each<readonly [name: string, isCut: boolean, bytes: (round: number) => Buffer, rounds: number]>([
    ['no preface', true, () => Buffer.alloc(4_096, 0x41), 1],
    ['headers continued without end', true, (i) => frame(i === 0 ? FRAME.headers : FRAME.continuation, 0, 1, i === 0 ? version : Buffer.concat([Buffer.of(0x00, 1, 0x61, 0x7f, 0x81, 0x7e), Buffer.alloc(256, 0x62)])), 20_000],
    ['empty continuations', true, (i) => frame(i === 0 ? FRAME.headers : FRAME.continuation, 0, 1, i === 0 ? version : undefined), 50_000],
    ['streams opened and reset', true, (i) => Buffer.concat([frame(FRAME.headers, END_HEADERS | END_STREAM, 2 * i + 1, version), frame(FRAME.reset, 0, 2 * i + 1, Buffer.of(0, 0, 0, 8))]), 5_000],
    ['pings whose answers nobody reads', false, () => frame(FRAME.ping, 0, 0, Buffer.alloc(8)), 50_000],
    ['settings without end', false, () => frame(FRAME.settings, 0, 0, Buffer.of(0, 3, 0, 0, 0, 100)), 20_000],
    ['priorities without end', false, (i) => frame(FRAME.priority, 0, 2 * i + 1, Buffer.alloc(5)), 20_000],
    ['empty data without end', false, (i) => (i === 0 ? frame(FRAME.headers, END_HEADERS, 1, getBlock(GADGETS)) : frame(FRAME.data, 0, 1)), 50_000],
    ['a window beyond its bounds', true, () => frame(FRAME.windowUpdate, 0, 0, Buffer.of(0x7f, 0xff, 0xff, 0xff)), 3],
    ['data of a stream that never was', true, () => frame(FRAME.data, 0, 9, Buffer.alloc(100)), 1],
    ['a frame larger than agreed', true, () => frame(FRAME.data, 0, 1, Buffer.alloc(1 << 20)), 1],
    ['a header block that cannot be decoded', true, () => frame(FRAME.headers, END_HEADERS | END_STREAM, 1, Buffer.alloc(50, 0xff)), 1],
    ['a push', true, () => frame(FRAME.push, END_HEADERS, 1, Buffer.alloc(8)), 1],
    ['2,000 streams at once', false, (i) => frame(FRAME.headers, END_HEADERS | END_STREAM, 2 * i + 1, getBlock(`${GADGETS}?watch=1&fieldSelector=metadata.name%3Dnone`)), 2_000],
  ])('%s', async (_name, isCut, bytes, rounds) => {
    const one = await wire('h2', { reads: false })
    if (bytes(0)[0] !== 0x41) one.send(hello())
    for (let round = 0; round < rounds;) {
      const batch: Buffer[] = []
      for (let i = 0; i < 500 && round < rounds; i++) batch.push(bytes(round++))
      if (!(await one.flood(Buffer.concat(batch), 1))) break
    }
    expect(rounds > 3 ? await growth() : 0).toBeLessThan(100 * MB)
    one.socket.resume()
    expect(isCut && !(await one.closedWithin(SOON_MS))).toBe(false)
  })
  test('nothing is kept of them', async () => { await expect.poll(growth, { timeout: SOON_MS }).toBeLessThan(KEPT) })
})
