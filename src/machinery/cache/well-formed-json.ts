import { isUtf8 } from 'node:buffer'

/**
 * Whether bytes are what follows the `{` of one JSON object, as RFC 8259 has it, nested no deeper than `maxDepth`. For what is copied into answers without being parsed: whoever writes it vouches for it.
 * White space between tokens counts as a mistake: there is none left in an entry.
 *
 *     "a":[1,{"b":null}]}     one pass; for each level it is known whether it is an object or a list
 */
export function isWellFormedBody(bytes: Buffer, maxDepth = 1000): boolean {
  if (!isUtf8(bytes)) return false
  const isObject = new Uint8Array(maxDepth + 1), { length } = bytes
  // `wants`: what may come next. A close is welcome where a first key or value is, or behind a value.
  let depth = 1, wants: number = FIRST_KEY, at = 0
  isObject[depth] = 1
  while (at < length) {
    const byte = bytes[at]!
    if (wants === VALUE || wants === FIRST_VALUE) {
      if (byte === QUOTE) { if ((at = stringEnd(bytes, at)) < 0) return false; wants = NEXT }
      else if (byte === OPEN || byte === OPEN_LIST) {
        if (++depth > maxDepth) return false
        isObject[depth] = byte === OPEN ? 1 : 0
        wants = byte === OPEN ? FIRST_KEY : FIRST_VALUE
        at++
      } else if (byte === CLOSE_LIST && wants === FIRST_VALUE) { depth--; wants = NEXT; at++ }
      else { if ((at = scalarEnd(bytes, at)) < 0) return false; wants = NEXT }
    } else if (wants === NEXT) {
      at++
      if (byte === COMMA) wants = isObject[depth] ? KEY : VALUE
      else if (byte === (isObject[depth] ? CLOSE : CLOSE_LIST)) { depth--; wants = depth === 0 ? NOTHING : NEXT }
      else return false
    } else if (wants === NOTHING) return false
    else if (byte === QUOTE) {
      if ((at = stringEnd(bytes, at)) < 0 || bytes[at] !== COLON) return false
      at++
      wants = VALUE
    } else if (byte === CLOSE && wants === FIRST_KEY) { depth--; wants = depth === 0 ? NOTHING : NEXT; at++ }
    else return false
  }
  return wants === NOTHING
}

const QUOTE = 34, COMMA = 44, COLON = 58, OPEN_LIST = 91, BACKSLASH = 92, CLOSE_LIST = 93, OPEN = 123, CLOSE = 125
const VALUE = 0, FIRST_VALUE = 1, KEY = 2, FIRST_KEY = 3, NEXT = 4, NOTHING = 5
const ESCAPES = new Set(Buffer.from('"\\/bfnrt')), LETTER_U = 117, DIGIT_0 = 48, DIGIT_9 = 57
/** 1: a string cannot simply go on. */
const STOPS = Uint8Array.from({ length: 256 }, (_, byte) => (byte < 32 || byte === QUOTE || byte === BACKSLASH ? 1 : 0))

/** The offset behind the closing quote; -1: there is none, or something that must be escaped is not. */
function stringEnd(bytes: Buffer, at: number): number {
  const { length } = bytes
  for (let i = at + 1; i < length; i++) {
    const byte = bytes[i]!
    if (STOPS[byte] === 0) continue
    if (byte === QUOTE) return i + 1
    if (byte !== BACKSLASH) return -1
    const escaped = bytes[++i]!
    if (ESCAPES.has(escaped)) continue
    if (escaped !== LETTER_U || !/^[\da-f]{4}$/i.test(bytes.toString('latin1', i + 1, i + 5))) return -1
    i += 4
  }
  return -1
}

const isDigit = (byte: number | undefined) => byte !== undefined && byte >= DIGIT_0 && byte <= DIGIT_9

/** The offset behind a number, true, false or null; -1: it is none of them. */
function scalarEnd(bytes: Buffer, at: number): number {
  let end = at
  // Most are small whole numbers.
  while (isDigit(bytes[end])) end++
  if (end > at && isEnd(bytes[end])) return bytes[at] === DIGIT_0 && end > at + 1 ? -1 : end
  while (end < bytes.length && !isEnd(bytes[end])) end++
  return SCALAR.test(bytes.toString('latin1', at, end)) ? end : -1
}

const isEnd = (byte: number | undefined) => byte === COMMA || byte === CLOSE || byte === CLOSE_LIST
const SCALAR = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/
