/** Of slabs for objects that arrive together: what one living entry may keep from the collector, and what is left empty at the end. */
export const STATE_SLAB_BYTES = 1 << 20

/** Where arriving bytes are kept: appended to a buffer that is replaced, never reused, once it is full. Only what is still unread moves to the next one. */
export class Slab {
  bytes: Buffer
  /** First byte not read yet. */
  begin = 0
  /** Behind the last byte that arrived. */
  fill = 0
  #nextBytes: number
  #maxBytes: number

  /** The first slab is small and each next one twice as large, up to `maxBytes`: most streams stay quiet, and one living entry keeps its whole slab. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
    this.#nextBytes = Math.min(maxBytes, FIRST_BYTES)
    this.bytes = Buffer.alloc(0)
  }

  /** The next ones are no larger than this. */
  limit(maxBytes: number): void {
    this.#maxBytes = maxBytes
    this.#nextBytes = Math.min(this.#nextBytes, maxBytes)
  }

  append(arrived: Uint8Array): void {
    if (arrived.length > this.bytes.length - this.fill) {
      const unread = this.fill - this.begin, next = Buffer.allocUnsafeSlow(Math.max(this.#nextBytes, unread + arrived.length))
      this.#nextBytes = Math.min(this.#maxBytes, this.#nextBytes * 2)
      this.bytes.copy(next, 0, this.begin, this.fill)
      this.bytes = next
      this.begin = 0
      this.fill = unread
    }
    this.bytes.set(arrived, this.fill)
    this.fill += arrived.length
  }

  /** Keeps a copy of bytes from elsewhere, already read, and answers its offset in `bytes`. */
  keep(bytes: Buffer, start: number, end: number): number {
    this.append(bytes.subarray(start, end))
    this.begin = this.fill
    return this.fill - (end - start)
  }

  /** Moves `begin` to the next byte that is neither white space nor comma and answers it; undefined where all is read. */
  peek(): number | undefined {
    for (; this.begin < this.fill; this.begin++) {
      const byte = this.bytes[this.begin]!
      if (byte > 32 && byte !== 44) return byte
    }
    return undefined
  }
}

const FIRST_BYTES = 16 << 10
