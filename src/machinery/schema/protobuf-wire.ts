/** A field as it lies on the wire. Fixed numbers and groups keep their bytes, those of a group are none: nothing of Kubernetes is one. */
export interface WireField { readonly number: number; readonly wire: number; readonly value: bigint | Buffer }

export const VARINT = 0, FIXED64 = 1, BYTES = 2
const START_GROUP = 3, END_GROUP = 4, FIXED32 = 5
const MAX_VARINT_BYTES = 10, NO_BYTES = Buffer.alloc(0)

const cutShort = () => new SyntaxError('unexpected EOF')

/**
 * The fields of a message in their order. `name`: of the message, for errors. `check` is asked before a field is read, and throws where it may not be of that wire type.
 * Throws SyntaxError in the words of Go's generated decoders.
 */
export function* wireFields(message: Buffer, name: string, check: (number: number, wire: number) => void): Generator<WireField, void, undefined> {
  const reader = new WireReader(message)
  while (!reader.isDone) {
    const tag = reader.varint(), number = Number(BigInt.asIntN(32, tag >> 3n)), wire = Number(tag & 7n)
    if (wire === END_GROUP) throw new SyntaxError(`proto: ${name}: wiretype end group for non-group`)
    if (number <= 0) throw new SyntaxError(`proto: ${name}: illegal tag ${number} (wire type ${tag})`)
    check(number, wire)
    yield { number, wire, value: reader.value(wire) }
  }
}

/** Numbers one after the other, without tags: how a list of them may be packed. */
export function* packedNumbers(bytes: Buffer, wire: number): Generator<bigint | Buffer, void, undefined> {
  const reader = new WireReader(bytes)
  while (!reader.isDone) yield reader.value(wire)
}

class WireReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) { this.#bytes = bytes }

  get isDone(): boolean { return this.#at >= this.#bytes.length }

  value(wire: number): bigint | Buffer {
    switch (wire) {
      case VARINT: return this.varint()
      case FIXED64: return this.#take(8)
      case BYTES: return this.#take(Number(this.varint()))
      case START_GROUP: return this.#skipGroup()
      case FIXED32: return this.#take(4)
      default: throw new SyntaxError(`proto: illegal wireType ${wire}`)
    }
  }

  /** Unsigned, 64 bits. */
  varint(): bigint {
    const end = this.#varintEnd(), start = this.#at, bytes = this.#bytes
    this.#at = end
    if (end === start + 1) return BigInt(bytes[start]!)
    let value = 0n
    for (let i = end - 1; i >= start; i--) value = value << 7n | BigInt(bytes[i]! & 0x7f)
    return BigInt.asUintN(64, value)
  }

  #varintEnd(): number {
    for (let i = this.#at; i < this.#at + MAX_VARINT_BYTES; i++) {
      const byte = this.#bytes[i]
      if (byte === undefined) throw cutShort()
      if (byte < 0x80) return i + 1
    }
    throw new SyntaxError('proto: integer overflow')
  }

  #take(length: number): Buffer {
    if (length >= 2 ** 63) throw new SyntaxError('proto: negative length found during unmarshaling')
    if (this.#at + length > this.#bytes.length) throw cutShort()
    return this.#bytes.subarray(this.#at, this.#at += length)
  }

  #skipGroup(): Buffer {
    for (let open = 1; open > 0;) {
      const wire = Number(this.varint() & 7n)
      if (wire === START_GROUP) open++
      else if (wire === END_GROUP) open--
      else this.value(wire)
    }
    return NO_BYTES
  }
}
