import { expect, test } from 'vitest'
import { ChunkSink, recycle } from './chunk-sink.ts'

const CHUNK = 64 << 10

test('what goes in comes out, in full chunks and one rest', () => {
  const sink = new ChunkSink(10), parts: Buffer[] = []
  for (let i = 0; i < 20; i++) {
    sink.put(Buffer.from(`-${i}abcdefghijklmnopqrstuvw`), 1, 1 + i)
    if (sink.ready > 1) parts.push(...sink.take())
  }
  expect(parts.every(({ length }) => length === 10)).toBe(true)
  parts.push(...sink.end())
  expect(Buffer.concat(parts).toString()).toBe(Array.from({ length: 20 }, (_, i) => `${i}abcdefghijklmnopqrstuvw`.slice(0, i)).join(''))
})

test('takes views that are no Buffers, and nothing', () => {
  const sink = new ChunkSink()
  sink.put(new Uint8Array([1, 2, 3]).subarray(1))
  sink.put(new Uint8Array())
  expect(sink.end().map((chunk) => [...chunk])).toEqual([[2, 3]])
  expect(new ChunkSink().end()).toEqual([])
})

test('a chunk is used again once given back, and never by two', () => {
  const sink = new ChunkSink()
  sink.put(Buffer.alloc(CHUNK + 1))
  const [full, rest] = sink.end() as [Buffer, Buffer]
  for (const chunk of [full, rest, full, rest, Buffer.alloc(CHUNK), Buffer.from('small')]) recycle(chunk)
  const buffers = Array.from({ length: 5 }, () => {
    const next = new ChunkSink()
    next.put(Buffer.from('x'))
    return next.end()[0]!.buffer
  })
  expect(new Set(buffers).size).toBe(5)
  expect(buffers).toEqual(expect.arrayContaining([full.buffer, rest.buffer]))
})
