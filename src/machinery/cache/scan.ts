/**
 * Finds, in the bytes of one Kubernetes object, the few places that lists, watches and merged views read or splice. One pass, nothing is decoded or copied.
 * Worked example, offsets marked below their byte:
 *
 *     {"kind":"Pod","metadata":{"name":"web","labels":{"a":"b"},"resourceVersion":"7"},"spec":{}}
 *                   body       |         |  |        labels                      | |            end (behind the brace)
 *                              metadata  |  nameEnd                              | versionEnd  (metadataEnd is two further)
 *                                        name                                    version
 */
export class Scan {
  /** First byte of the body: behind `{` and behind kind and apiVersion where these come first. */
  body = -1
  end = -1
  /** Offset of the value of metadata, a `{`; -1 where absent. */
  metadata = -1
  metadataEnd = -1
  /** Content of a string, without its quotes; -1 where absent. */
  name = -1
  nameEnd = -1
  namespace = -1
  namespaceEnd = -1
  version = -1
  versionEnd = -1
  /** Offset of the value of metadata.labels, a `{`; -1 where absent. */
  labels = -1
  /** A member `"kind":"…"` or `"apiVersion":"…"` that does not stand in front; -1 where there is none. */
  misplaced = -1
  misplacedEnd = -1
  /** There is white space between tokens. */
  spaced = false
  /** Something legal that no API server writes (escaped or repeated keys, null labels): the offsets cannot be used before the object was parsed and written again. */
  odd = false

  /** Looks at the object whose `{` is at `at`. False: it does not end before `limit`. */
  run(bytes: Uint8Array, at: number, limit: number): boolean {
    this.body = at + 1
    this.end = this.metadata = this.metadataEnd = this.name = this.nameEnd = this.namespace = this.namespaceEnd = this.version = this.versionEnd = this.labels = this.misplaced = this.misplacedEnd = -1
    this.spaced = this.odd = false
    let depth = 0, isKey = false, inMetadata = false, field: number = OTHER, keyAt = 0
    for (let i = at; i < limit; i++) {
      switch (CLASS[bytes[i]!]) {
        case STRING: {
          const start = i + 1
          for (i = start; i < limit && bytes[i] !== QUOTE; i++) if (bytes[i] === BACKSLASH) i++
          if (i >= limit) return false
          if (depth > 2 || (depth === 2 && !inMetadata)) break
          if (isKey) {
            keyAt = start - 1
            field = depth === 1 ? topField(bytes, start, i) : metadataField(bytes, start, i)
            if (field === ESCAPED) this.odd = true
          } else if (field !== OTHER) {
            this.#string(field, bytes, keyAt, start, i)
            field = DONE
          }
          break
        }
        case OPEN:
          depth++
          isKey = true
          if (depth === 2 && field === METADATA && bytes[i] === BRACE && this.metadata < 0) { inMetadata = true; this.metadata = i; field = DONE }
          else if (depth === 3 && inMetadata && field === LABELS && bytes[i] === BRACE && this.labels < 0) { this.labels = i; field = DONE }
          else if (field > DONE && depth <= 3) { this.odd = true; field = DONE }
          break
        case CLOSE:
          if (depth <= 2) { if (field > DONE) this.odd = true; field = OTHER }
          if (depth === 2 && inMetadata) { inMetadata = false; this.metadataEnd = i + 1 }
          if (--depth === 0) { this.end = i + 1; return true }
          break
        case COMMA:
          isKey = true
          if (depth <= 2) { if (field > DONE) this.odd = true; field = OTHER }
          break
        case COLON: isKey = false; break
        case SPACE: this.spaced = true
      }
    }
    return false
  }

  #string(field: number, bytes: Uint8Array, keyAt: number, start: number, end: number): void {
    if (field === NAME) { this.odd ||= this.name >= 0; this.name = start; this.nameEnd = end }
    else if (field === NAMESPACE) { this.odd ||= this.namespace >= 0; this.namespace = start; this.namespaceEnd = end }
    else if (field === VERSION) { this.odd ||= this.version >= 0; this.version = start; this.versionEnd = end }
    else if (field === TYPE) {
      if (keyAt === this.body && bytes[end + 1] === COMMA_BYTE) this.body = end + 2
      else { this.misplaced = keyAt; this.misplacedEnd = end + 1 }
    } else if (field > DONE) this.odd = true
  }
}

/** The offset behind the value, `{…}` or `[…]`, that opens at `at`; -1 if `limit` comes first. */
export function closeOf(bytes: Uint8Array, at: number, limit: number): number {
  let depth = 0
  for (let i = at; i < limit; i++) {
    const kind = CLASS[bytes[i]!]
    if (kind === STRING) { for (i++; i < limit && bytes[i] !== QUOTE; i++) if (bytes[i] === BACKSLASH) i++ }
    else if (kind === OPEN) depth++
    else if (kind === CLOSE && --depth === 0) return i + 1
  }
  return -1
}

/** How many values are open at `to` where `depth` are at `from`; -1 as soon as more have been closed. Both are outside of strings. */
export function depthAt(bytes: Uint8Array, from: number, to: number, depth: number): number {
  for (let i = from; i < to && depth >= 0; i++) {
    const kind = CLASS[bytes[i]!]
    if (kind === STRING) { for (i++; i < to && bytes[i] !== QUOTE; i++) if (bytes[i] === BACKSLASH) i++ }
    else if (kind === OPEN) depth++
    else if (kind === CLOSE) depth--
  }
  return depth
}

/** Removes white space between tokens in place and answers the new end. */
export function squeeze(bytes: Uint8Array, at: number, end: number): number {
  let to = at
  for (let i = at; i < end; i++) {
    const byte = bytes[i]!, kind = CLASS[byte]
    if (kind === SPACE) continue
    bytes[to++] = byte
    if (kind !== STRING) continue
    for (i++; i < end && bytes[i] !== QUOTE; i++) {
      bytes[to++] = bytes[i]!
      if (bytes[i] === BACKSLASH) bytes[to++] = bytes[++i]!
    }
    bytes[to++] = QUOTE
  }
  return to
}

/** Takes the member [from, to) and one comma out of the object at `at` by moving what stands before it to the right; answers where the object begins now. */
export function cutMember(bytes: Uint8Array, at: number, from: number, to: number): number {
  if (bytes[to] === COMMA_BYTE) to++
  else if (bytes[from - 1] === COMMA_BYTE) from--
  bytes.copyWithin(at + to - from, at, from)
  return at + to - from
}

const QUOTE = 34, COMMA_BYTE = 44, BACKSLASH = 92, BRACE = 123
const STRING = 1, OPEN = 2, CLOSE = 3, COMMA = 4, COLON = 5, SPACE = 6
const CLASS = new Uint8Array(256)
for (const [characters, value] of [['"', STRING], ['{[', OPEN], ['}]', CLOSE], [',', COMMA], [':', COLON], [' \t\r\n', SPACE]] as const) for (const character of characters) CLASS[character.charCodeAt(0)] = value

// Fields above DONE have a value that matters and has not come yet.
const OTHER = 0, DONE = 1, METADATA = 2, TYPE = 3, NAME = 4, NAMESPACE = 5, VERSION = 6, LABELS = 7, ESCAPED = 8

const word = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0))
const KIND_WORD = word('kind'), METADATA_WORD = word('metadata'), API_VERSION_WORD = word('apiVersion'), NAME_WORD = word('name'), LABELS_WORD = word('labels'), NAMESPACE_WORD = word('namespace'), VERSION_WORD = word('resourceVersion')

function topField(bytes: Uint8Array, start: number, end: number): number {
  switch (end - start) {
    case 4: return matches(bytes, start, KIND_WORD) ? TYPE : plain(bytes, start, end)
    case 8: return matches(bytes, start, METADATA_WORD) ? METADATA : plain(bytes, start, end)
    case 10: return matches(bytes, start, API_VERSION_WORD) ? TYPE : plain(bytes, start, end)
    default: return plain(bytes, start, end)
  }
}

function metadataField(bytes: Uint8Array, start: number, end: number): number {
  switch (end - start) {
    case 4: return matches(bytes, start, NAME_WORD) ? NAME : plain(bytes, start, end)
    case 6: return matches(bytes, start, LABELS_WORD) ? LABELS : plain(bytes, start, end)
    case 9: return matches(bytes, start, NAMESPACE_WORD) ? NAMESPACE : plain(bytes, start, end)
    case 15: return matches(bytes, start, VERSION_WORD) ? VERSION : plain(bytes, start, end)
    default: return plain(bytes, start, end)
  }
}

function matches(bytes: Uint8Array, start: number, text: Uint8Array): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text[i]) return false
  return true
}

function plain(bytes: Uint8Array, start: number, end: number): number {
  for (let i = start; i < end; i++) if (bytes[i] === BACKSLASH) return ESCAPED
  return OTHER
}
