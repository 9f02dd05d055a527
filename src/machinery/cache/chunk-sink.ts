import type { Sink } from '../meta/core.ts'

/** Collects what is written into chunks of `size` bytes. `take` while `ready` to stream, `end` for the rest. */
export class ChunkSink implements Sink {
  readonly #size: number
  #chunk: Buffer
  #at = 0
  #full: Buffer[] = []

  constructor(size = CHUNK_BYTES) {
    this.#size = size
    this.#chunk = fresh(size)
  }

  put(bytes: Uint8Array, start = 0, end = bytes.length): void {
    let left = end - start
    while (left > this.#size - this.#at) {
      const room = this.#size - this.#at
      copy.call(bytes, this.#chunk, this.#at, start, start + room)
      this.#full.push(this.#chunk)
      this.#chunk = fresh(this.#size)
      this.#at = 0
      start += room
      left -= room
    }
    // A few bytes are faster one by one.
    if (left <= FEW) for (let i = start; i < end; i++) this.#chunk[this.#at++] = bytes[i]!
    else { copy.call(bytes, this.#chunk, this.#at, start, end); this.#at += left }
  }

  /** How many full chunks wait to be taken. */
  get ready(): number { return this.#full.length }

  take(): Buffer[] {
    const full = this.#full
    this.#full = []
    return full
  }

  /** All that is left, the last chunk cut to its length. The sink is done. */
  end(): Buffer[] {
    const all = this.take()
    if (this.#at > 0) all.push(this.#chunk.subarray(0, this.#at))
    else recycle(this.#chunk)
    this.#at = 0
    return all
  }
}

/**
 * Gives a chunk of a ChunkSink back once nobody reads it any more; what did not come from one, or was given back before, is left alone.
 * Without this a large list spends more time on fresh pages than on TLS.
 */
export function recycle(chunk: Uint8Array): void {
  if (lent.delete(chunk.buffer) && free.length < FREE_MAX) free.push(chunk.buffer)
}

const CHUNK_BYTES = 64 << 10, FEW = 12, FREE_MAX = 64
// One pool for the process: chunks are written in one module and given back in another, and nothing but speed depends on it.
const free: ArrayBufferLike[] = [], lent = new WeakSet<ArrayBufferLike>()
const { copy } = Buffer.prototype

function fresh(size: number): Buffer {
  if (size !== CHUNK_BYTES) return Buffer.allocUnsafeSlow(size)
  const reused = free.pop(), chunk = reused ? Buffer.from(reused) : Buffer.allocUnsafeSlow(size)
  lent.add(chunk.buffer)
  return chunk
}
