/** What stands on the wire for a field: a number (beyond 2^49 as bigint, unsigned), or bytes. */
export type WireValue = number | bigint | Buffer

export const VARINT = 0, FIXED64 = 1, BYTES = 2
const START_GROUP = 3, END_GROUP = 4, FIXED32 = 5
const MAX_VARINT_BYTES = 10, MAX_NUMBER_BYTES = 7

const cutShort = () => new SyntaxError('unexpected EOF')

/** Walks the fields of a message in their order: after `next`, one of `value` and `skip`. Throws SyntaxError in the words of Go's generated decoders. */
export class WireReader {
  readonly #bytes: Buffer
  readonly #name: string
  #at = 0
  /** Of the field. */
  number = 0
  wire = 0

  /** `name`: of the message, for errors. */
  constructor(bytes: Buffer, name: string) {
    this.#bytes = bytes
    this.#name = name
  }

  get isDone(): boolean { return this.#at >= this.#bytes.length }

  next(): boolean {
    if (this.isDone) return false
    const tag = this.#varint()
    this.wire = typeof tag === 'number' ? tag % 8 : Number(tag & 7n)
    this.number = typeof tag === 'number' ? Math.floor(tag / 8) | 0 : Number(BigInt.asIntN(32, tag >> 3n))
    if (this.wire === END_GROUP) throw new SyntaxError(`proto: ${this.#name}: wiretype end group for non-group`)
    if (this.number <= 0) throw new SyntaxError(`proto: ${this.#name}: illegal tag ${this.number} (wire type ${tag})`)
    return true
  }

  /** Of 64 bits where they are fixed: a double, which is all that Kubernetes has of them. */
  value(wire = this.wire): WireValue {
    switch (wire) {
      case VARINT: return this.#varint()
      case FIXED64: return this.#bytes.readDoubleLE(this.#advance(8))
      case BYTES: {
        const length = this.#length(), start = this.#advance(length)
        return this.#bytes.subarray(start, start + length)
      }
      default: throw new SyntaxError(`proto: illegal wireType ${wire}`)
    }
  }

  skip(): void {
    this.#skip(this.wire)
    // Groups nest.
    for (let open = this.wire === START_GROUP ? 1 : 0; open > 0;) {
      const tag = this.#varint(), wire = typeof tag === 'number' ? tag % 8 : Number(tag & 7n)
      if (wire === END_GROUP) open--
      else if (wire === START_GROUP) open++
      else this.#skip(wire)
    }
  }

  #skip(wire: number): void {
    if (wire === VARINT) this.#at = this.#varintEnd()
    else if (wire === FIXED64) this.#advance(8)
    else if (wire === FIXED32) this.#advance(4)
    else if (wire === BYTES) this.#advance(this.#length())
    else if (wire !== START_GROUP) throw new SyntaxError(`proto: illegal wireType ${wire}`)
  }

  #length(): number { return Number(this.#varint()) }

  #varint(): number | bigint {
    const bytes = this.#bytes, start = this.#at, first = bytes[start]
    if (first !== undefined && first < 0x80) {
      this.#at = start + 1
      return first
    }
    const end = this.#varintEnd()
    this.#at = end
    if (end - start > MAX_NUMBER_BYTES) {
      let value = 0n
      for (let i = end - 1; i >= start; i--) value = value << 7n | BigInt(bytes[i]! & 0x7f)
      return BigInt.asUintN(64, value)
    }
    let value = 0
    for (let i = end - 1; i >= start; i--) value = value * 128 + (bytes[i]! & 0x7f)
    return value
  }

  #varintEnd(): number {
    for (let i = this.#at; i < this.#at + MAX_VARINT_BYTES; i++) {
      const byte = this.#bytes[i]
      if (byte === undefined) throw cutShort()
      if (byte < 0x80) return i + 1
    }
    throw new SyntaxError('proto: integer overflow')
  }

  /** Where it was. */
  #advance(length: number): number {
    const start = this.#at
    if (length >= 2 ** 63) throw new SyntaxError('proto: negative length found during unmarshaling')
    if (start + length > this.#bytes.length) throw cutShort()
    this.#at = start + length
    return start
  }
}
