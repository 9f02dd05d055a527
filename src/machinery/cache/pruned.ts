/**
 * Some fields of an object, parsed out of its bytes: what is not asked for is passed over, which costs a tenth of parsing it. Of what is asked for the answer is that of parsing all:
 * whatever the order of members, escapes in their names, white space, and members that repeat (the last one counts).
 * Worked example, of `metadata.name` and `spec.containers.name`:
 *
 *     "metadata":{"name":"web","uid":"…","managedFields":[…]},"spec":{"nodeName":"n","containers":[{"image":"…","name":"a"},{"name":"b"}]},"status":{…}}
 *    {"metadata":{"name":"web"                              },"spec":{               "containers":[{              "name":"a"},{"name":"b"}]}             }
 */
import { Buffer } from 'node:buffer'
import type { FieldPath, KubeObject } from '../meta/core.ts'
import { parseJson } from '../meta/json.ts'
import { closeOf } from './scan.ts'

/** Of the object whose members begin at `at`, behind its brace, and whose closing brace is the last byte before `end`. Throws SyntaxError where they do not. */
export function parsePruned(bytes: Uint8Array, at: number, end: number, fields: readonly FieldPath[]): KubeObject {
  let wanted = compiled.get(fields)
  if (!wanted) compiled.set(fields, (wanted = membersOf(fields)))
  const pruning = new Pruning(bytes, at, end)
  pruning.object(wanted, at)
  return parseJson(pruning.text()) as KubeObject
}

/** A member that is asked for: all of it where `inside` is undefined. */
interface Wanted { readonly name: string; readonly bytes: Uint8Array; readonly inside: Members | undefined }
/** By the number of bytes of their names. */
type Members = readonly (readonly Wanted[] | undefined)[]

const compiled = new WeakMap<readonly FieldPath[], Members>()

function membersOf(paths: readonly FieldPath[]): Members {
  const rests = new Map<string, string[][]>(), members: Wanted[][] = []
  for (const path of paths) {
    const [name, ...rest] = typeof path === 'string' ? path.split('.') : path
    rests.set(name!, [...(rests.get(name!) ?? []), rest])
  }
  for (const [name, inside] of rests) {
    const bytes = Buffer.from(name)
    ;(members[bytes.length] ??= []).push({ name, bytes, inside: inside.some((rest) => rest.length === 0) ? undefined : membersOf(inside) })
  }
  return members
}

/** Reused: what is pruned is small and parsed at once. */
const SCRATCH = Buffer.allocUnsafeSlow(64 << 10)

class Pruning {
  readonly #bytes: Uint8Array
  readonly #end: number
  /** Never longer than what it is made from, but for the first brace. */
  readonly #kept: Buffer
  #to = 0

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.#bytes = bytes
    this.#end = end
    this.#kept = end - at < SCRATCH.length ? SCRATCH : Buffer.allocUnsafeSlow(end - at + 1)
  }

  text(): string { return this.#kept.toString('utf8', 0, this.#to) }

  /** The object whose members begin at `at`; answers the offset behind its brace. */
  object(members: Members, at: number): number {
    const bytes = this.#bytes, kept = this.#kept, end = this.#end
    let isFirst = true
    kept[this.#to++] = OPEN_OBJECT
    for (let i = at; i < end;) {
      const byte = bytes[i]!
      if (byte === CLOSE_OBJECT) { kept[this.#to++] = byte; return i + 1 }
      if (byte !== QUOTE) { i++; continue }
      const name = i
      let isEscaped = false
      for (i++; i < end && bytes[i] !== QUOTE; i++) if (bytes[i] === BACKSLASH) { isEscaped = true; i++ }
      const wanted = isEscaped ? escaped(members, bytes, name, i + 1) : find(members, bytes, name + 1, i)
      for (i++; i < end && (bytes[i] === COLON || bytes[i]! <= BLANK); i++);
      if (!wanted) { i = valueEnd(bytes, i, end); continue }
      if (!isFirst) kept[this.#to++] = COMMA
      isFirst = false
      if (wanted.inside) { this.#keep(name, i); i = this.#value(wanted.inside, i) }
      else { const next = valueEnd(bytes, i, end); this.#keep(name, next); i = next }
    }
    throw new SyntaxError('an object does not end')
  }

  /** Objects in lists are pruned one by one; what is neither is kept as it is. */
  #value(members: Members, at: number): number {
    const bytes = this.#bytes, end = this.#end
    if (bytes[at] === OPEN_OBJECT) return this.object(members, at + 1)
    if (bytes[at] !== OPEN_LIST) { const next = valueEnd(bytes, at, end); this.#keep(at, next); return next }
    for (let i = at; i < end;) {
      const byte = bytes[i]!
      if (byte === OPEN_OBJECT) { i = this.object(members, i + 1); continue }
      const next = i === at || byte === COMMA || byte === CLOSE_LIST || byte <= BLANK ? i + 1 : valueEnd(bytes, i, end)
      this.#keep(i, next)
      if (byte === CLOSE_LIST) return next
      i = next
    }
    throw new SyntaxError('a list does not end')
  }

  #keep(from: number, to: number): void {
    const bytes = this.#bytes, kept = this.#kept
    let at = this.#to
    for (let i = from; i < to; i++) kept[at++] = bytes[i]!
    this.#to = at
  }
}

const BLANK = 32, QUOTE = 34, COMMA = 44, COLON = 58, OPEN_LIST = 91, BACKSLASH = 92, CLOSE_LIST = 93, OPEN_OBJECT = 123, CLOSE_OBJECT = 125

function find(members: Members, bytes: Uint8Array, start: number, end: number): Wanted | undefined {
  const candidates = members[end - start]
  if (candidates) for (const wanted of candidates) if (isAt(wanted.bytes, bytes, start)) return wanted
  return undefined
}

function isAt(name: Uint8Array, bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < name.length; i++) if (bytes[start + i] !== name[i]) return false
  return true
}

/** `at` and `end`: with the quotes. */
function escaped(members: Members, bytes: Uint8Array, at: number, end: number): Wanted | undefined {
  const name = JSON.parse(Buffer.from(bytes.subarray(at, end)).toString('utf8')) as string
  return members.flat().find((wanted) => wanted?.name === name)
}

/** Behind the quote that closes the string whose opening one is at `at`. */
function stringEnd(bytes: Uint8Array, at: number, end: number): number {
  let i = at + 1
  for (; i < end && bytes[i] !== QUOTE; i++) if (bytes[i] === BACKSLASH) i++
  return i + 1
}

function valueEnd(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at]
  if (first === QUOTE) return stringEnd(bytes, at, end)
  if (first === OPEN_OBJECT || first === OPEN_LIST) {
    const close = closeOf(bytes, at, end)
    if (close < 0) throw new SyntaxError('a value does not end')
    return close
  }
  let i = at
  for (; i < end; i++) { const byte = bytes[i]!; if (byte === COMMA || byte === CLOSE_OBJECT || byte === CLOSE_LIST || byte <= BLANK) break }
  return i
}
