/** What is wrong with a text that is no JSON, in the words of Go's decoder (encoding/json/scanner.go), which users know. */
export function jsonMistake(bytes: Uint8Array): string {
  const scanner = new Scanner(bytes)
  try {
    scanner.value()
    scanner.blanks()
    if (!scanner.ended) scanner.refuse('after top-level value')
  } catch (error) {
    if (error instanceof Mistake) return error.message
    throw error
  }
  return 'invalid JSON'
}

class Mistake extends Error {}

/** Bytes, not characters: Go names the first byte that does not fit. */
class Scanner {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) { this.#bytes = bytes }

  get ended(): boolean { return this.#at >= this.#bytes.length }

  refuse(where: string): never { throw new Mistake(this.ended ? 'unexpected end of JSON input' : `invalid character ${quoted(this.#bytes[this.#at]!)} ${where}`) }

  blanks(): void { while (' \t\r\n'.includes(this.#next() || 'x')) this.#at++ }

  value(): void {
    this.blanks()
    const first = this.#next()
    if (first === '{') this.#list('}', () => { this.#member() }, 'after object key:value pair')
    else if (first === '[') this.#list(']', () => { this.value() }, 'after array element')
    else if (first === '"') this.#string()
    else if (first === '-' || isDigit(first)) this.#number()
    else this.#literal(['true', 'false', 'null'].find((word) => word[0] === first))
  }

  #list(end: string, item: () => void, after: string): void {
    this.#at++
    this.blanks()
    if (this.#take(end)) return
    for (;;) {
      item()
      this.blanks()
      if (this.#take(end)) return
      if (!this.#take(',')) this.refuse(after)
    }
  }

  #member(): void {
    this.blanks()
    if (this.#next() !== '"') this.refuse('looking for beginning of object key string')
    this.#string()
    this.blanks()
    if (!this.#take(':')) this.refuse('after object key')
    this.value()
  }

  #string(): void {
    this.#at++
    while (!this.#take('"')) {
      if (this.ended || this.#bytes[this.#at]! < 0x20) this.refuse('in string literal')
      if (!this.#take('\\')) { this.#at++; continue }
      if (!this.#take('u')) { if (!'bfnrt\\/"'.includes(this.#next() || 'x')) this.refuse('in string escape code'); this.#at++; continue }
      for (let digit = 0; digit < 4; digit++) { if (!/^[\da-f]$/i.test(this.#next())) this.refuse(String.raw`in \u hexadecimal character escape`); this.#at++ }
    }
  }

  #number(): void {
    this.#take('-')
    if (!this.#take('0')) this.#digits('in numeric literal')
    if (this.#take('.')) this.#digits('after decimal point in numeric literal')
    if (!this.#take('e') && !this.#take('E')) return
    if (!this.#take('+')) this.#take('-')
    this.#digits('in exponent of numeric literal')
  }

  #digits(where: string): void {
    if (!isDigit(this.#next())) this.refuse(where)
    while (isDigit(this.#next())) this.#at++
  }

  #literal(word: string | undefined): void {
    if (word === undefined) this.refuse('looking for beginning of value')
    for (const letter of word) if (!this.#take(letter)) this.refuse(`in literal ${word} (expecting '${letter}')`)
  }

  /** '' at the end. */
  #next(): string { return this.ended ? '' : String.fromCharCode(this.#bytes[this.#at]!) }
  #take(character: string): boolean {
    if (this.#next() !== character) return false
    this.#at++
    return true
  }
}

const isDigit = (character: string) => character >= '0' && character <= '9' && character !== ''

const ESCAPES: Readonly<Record<string, string>> = { '\'': String.raw`\'`, '\\': String.raw`\\`, '\t': String.raw`\t`, '\n': String.raw`\n`, '\r': String.raw`\r`, '\u0007': String.raw`\a`, '\b': String.raw`\b`, '\f': String.raw`\f`, '\v': String.raw`\v` }

/** As Go writes a byte: one that is no text of ASCII is shown as the character of that number. */
function quoted(byte: number): string {
  const character = String.fromCharCode(byte), hex = byte.toString(16)
  return `'${ESCAPES[character] ?? (byte < 0x20 || byte === 0x7f ? String.raw`\x${hex.padStart(2, '0')}` : (byte >= 0x80 && byte < 0xa1) || byte === 0xad ? String.raw`\u${hex.padStart(4, '0')}` : character)}'`
}
