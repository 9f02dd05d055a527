import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Request } from '../../meta/core.ts'
import { compression } from './compression.ts'

const CHUNK = 64 << 10, never = new AbortController().signal, asked: Request = { method: 'GET', path: '/apis/example.com/v1/things', query: new URLSearchParams(), headers: [['accept-encoding', 'gzip']] }
let pulled = 0, warnings: string[] = []
const onWarning = ({ name }: Error) => { warnings.push(name) }
beforeEach(() => { pulled = 0; warnings = []; process.on('warning', onWarning) })
afterEach(() => { process.off('warning', onWarning) })

/** Bytes that do not shrink. */
async function* chunks(count: number): AsyncGenerator<Uint8Array> {
  for (let state = 1; pulled < count; pulled++) yield Buffer.from(Uint8Array.from({ length: CHUNK }, () => (state = (state * 48_271) % 2_147_483_647) & 255))
}
const answered = async (count: number) => (await compression(() => Promise.resolve({ status: 200, headers: [], body: chunks(count) }))(asked, never)).body as AsyncIterable<Uint8Array>

test('a long stream arrives whole, without a listener per chunk', async () => {
  const parts: Uint8Array[] = []
  for await (const part of await answered(40)) parts.push(part)
  expect(gunzipSync(Buffer.concat(parts))).toHaveLength(40 * CHUNK)
  expect(warnings).toEqual([])
})

test('no more is asked for than is read', async () => {
  for await (const _ of await answered(1_000)) break
  await new Promise((resolve) => { setTimeout(resolve, 20) })
  expect(pulled).toBeLessThan(50)
})
