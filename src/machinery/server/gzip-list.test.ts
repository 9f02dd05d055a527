import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { Seeded } from '../../../test/suites/seeded.ts'
import { testKind } from '../../../test/suites/test-kind.ts'
import { Cache } from '../cache/cache.ts'
import { SlabEntry } from '../cache/slab-entry.ts'
import type { Change, Page, Request } from '../meta/core.ts'
import { compression } from './filters/compression.ts'
import { metadataShape, plainShape } from './object-shapes.ts'
import { respondPage } from './read.ts'
import type { Shape } from './shape.ts'

const { signal } = new AbortController(), kind = testKind(), random = new Seeded()
const entry = (i: number, version: number) => SlabEntry.of({ metadata: { namespace: 'shop', name: `o${String(i).padStart(5, '0')}`, resourceVersion: `${version}` }, text: Array.from({ length: 10 }, () => random.int(2 ** 31).toString(36)).join(' ') })
function filled(count: number): Cache {
  const cache = new Cache(kind)
  cache.accept([...Array.from({ length: count }, (_, i): Change => ({ type: 'ADDED', entry: entry(i, i + 1), position: `${i + 1}` })), { type: 'BOOKMARK', position: `${count}`, initial: true }])
  return cache
}
const respond = (page: Page, shape: Shape) => respondPage(page, { shape, representation: { format: 'json', pretty: false }, namespace: '', now: 0 })
const read = async (body: Uint8Array | AsyncIterable<Uint8Array>) => { const all: Uint8Array[] = []; if (body instanceof Uint8Array) all.push(body); else for await (const chunk of body) all.push(Buffer.from(chunk)); return Buffer.concat(all) }
/** Through the filter, as a client that asks for gzip gets it, and as one that does not. */
async function both(page: Page, shape: Shape) {
  const ask = async (headers: Request['headers']) => compression(() => Promise.resolve(respond(page, shape)))({ method: 'GET', path: '/apis/test.federation/v1/things', query: new URLSearchParams(), headers }, signal)
  const [zipped, plain] = [await ask([['accept-encoding', 'gzip']]), await ask([])]
  return { headers: zipped.headers.map(([name]) => name), zipped: await read(zipped.body), plain: await read(plain.body) }
}

test.each([['objects', plainShape(kind)], ['metadata', metadataShape('v1')]])('%s: put together of parts, it is what would have been compressed as one', async (_, shape) => {
  const cache = filled(3_000), { headers, zipped, plain } = await both(await cache.list({}, signal), shape)
  expect(headers).toEqual(['content-type', 'content-encoding', 'vary'])
  // Also checks checksum and length.
  expect(gunzipSync(zipped).equals(plain)).toBe(true)
  expect(plain.length).toBeGreaterThan(200_000)
})

test('only the runs in which something has changed are compressed again, and every state is right', async () => {
  const cache = filled(3_000), base = plainShape(kind)
  let written = 0
  const shape: Shape = { ...base, item: (sink, one, now) => { written++; base.item(sink, one, now) } }, list = async () => { const page = await cache.list({}, signal), before = written; return { page, bytes: await read(respond(page, shape).gzip!()), written: written - before } }
  await list()
  expect((await list()).written, 'but for what is looked at ahead to tell small lists from large ones').toBeLessThan(1_500)
  const idle = (await list()).written
  for (const [i, type] of [[1_700, 'MODIFIED'], [0, 'MODIFIED'], [2_999, 'DELETED'], [0, 'DELETED'], [9_000, 'ADDED'], [1, 'MODIFIED']] as const) {
    const version = Number(cache.position) + 1
    cache.accept([{ type, entry: entry(i, version), position: `${version}` }])
    const { page, bytes, written: again } = await list()
    expect(again - idle, `${type} ${i}`).toBeLessThanOrEqual(512)
    expect(gunzipSync(bytes).equals(await read(respond(page, base).body)), `${type} ${i}`).toBe(true)
  }
})

test('what is not all of a snapshot, or changes with time, is compressed as it is written', async () => {
  const cache = filled(3_000)
  expect(respond(await cache.list({ namespace: 'shop' }, signal), plainShape(kind)).gzip).toBeUndefined()
  expect(respond(await cache.list({ limit: 2_000 }, signal), plainShape(kind)).gzip).toBeUndefined()
  expect(respond(await cache.list({}, signal), { ...plainShape(kind), aging: true }).gzip).toBeUndefined()
})
