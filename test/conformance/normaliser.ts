/** Brings two answers of different servers, or of different days, to one form; what is equal within a script stays equal. The rules are those by which the recordings were made. */
import { createHash } from 'node:crypto'
import { isJsonObject, type JsonObject } from '../../src/machinery/meta/json-value.ts'
import { parseJson } from '../../src/machinery/meta/json.ts'
import type { RecordedRequest } from './recorded-script.ts'

export const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'
const GROUP = 'conformance.example.com'
const UUID = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, TIME = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, AGE = /^\d+[smhdy](\d+[smhd])?$/

export type Asked = RecordedRequest & { readonly event?: string }

export class Normaliser {
  /** Broken rules that no single answer shows. */
  problems: string[] = []
  readonly versions = new Map<string, string>()
  readonly names = new Map<string, string>()
  readonly #variables: ReadonlyMap<string, string>
  readonly #literal: string
  readonly #uids = new Map<string, string>()
  readonly #created = new Map<string, string>()
  #newest = 0

  /** `literal`: all that the script itself says, which is left as it is. */
  constructor(variables: ReadonlyMap<string, string>, literal: string) {
    this.#variables = variables
    this.#literal = literal
  }

  text(given: string): string {
    let text = given.replaceAll(UUID, (uid) => (this.#literal.includes(uid) ? uid : entry(this.#uids, uid, 'uid'))).replaceAll(TIME, (time) => (this.#literal.includes(time) ? time : '<time>'))
    const known = (version: string) => this.versions.get(version) ?? '<rv:*>', orItself = (version: string) => this.versions.get(version) ?? version
    text = text.replaceAll(/hash=[0-9A-F]+/g, 'hash=<hash>').replaceAll(/(invalid object, Code: \d+, Key: )[^,]*/g, '$1<key>')
    text = text.replaceAll(/(\\*"resourceVersion\\*":\s*\\*")(\d+)(\\*")/g, (_, before: string, version: string, after: string) => before + known(version) + after)
    text = text.replaceAll(/^(\s*resourceVersion: ")(\d+)(")/gm, (_, before: string, version: string, after: string) => before + known(version) + after)
    text = text.replaceAll(/(Too large resource version: )(\d+)(, current: )(\d+)/g, (_, before: string, version: string, after: string) => `${before}${known(version)}${after}<rv:*>`)
    text = text.replaceAll(/(too old resource version: )(\d+)( \()(\d+)(\))/g, (_, before: string, version: string, open: string) => `${before}${orItself(version)}${open}<rv:*>)`)
    text = text.replaceAll(/(ResourceVersion in the precondition \()([^)]*)(\) does not match the ResourceVersion in record \()(\d+)(\))/g, (_, before: string, version: string, middle: string, other: string, end: string) => before + orItself(version) + middle + known(other) + end)
    return this.unnamed(text)
  }

  /** Random names back to what the script calls them. */
  unnamed(text: string): string {
    let named = text
    for (const [variable, value] of this.#variables) named = named.replaceAll(value, `\${${variable}}`)
    for (const [actual, shown] of this.names) named = named.replaceAll(actual, shown)
    return named
  }

  version(text: string): string {
    if (!this.versions.has(text)) this.versions.set(text, `<rv:${[...this.versions.values()].filter((shown) => /^<rv:\d+>$/.test(shown)).length + 1}>`)
    return this.versions.get(text)!
  }

  walk(value: unknown, asked: Asked, isRoot = true): unknown {
    if (typeof value === 'string') return this.text(value)
    if (Array.isArray(value)) return value.map((item) => this.walk(item, asked, false))
    if (!isJsonObject(value)) return value
    const isList = looksLikeList(value, asked) || (asked.event === 'BOOKMARK' && isRoot), keys = Object.keys(value)
    // Objects are numbered as a reader meets them.
    if ('rows' in value || 'items' in value) keys.sort((a, b) => Number(a !== 'metadata') - Number(b !== 'metadata'))
    return Object.fromEntries(keys.map((key) => (key === 'metadata' && isList && isJsonObject(value[key]) ? [key, this.listMeta(value[key], asked)] : this.#member(key, value[key], value, asked))))
  }

  #member(key: string, value: unknown, holder: JsonObject, asked: Asked): [string, unknown] {
    const inner = (item: unknown) => this.walk(item, asked, false)
    if (key === 'resourceVersion' && typeof value === 'string' && /^\d+$/.test(value)) {
      this.#newest = Math.max(this.#newest, Number(value))
      return [key, this.version(value)]
    }
    if (key === 'serverAddress') return [key, '<host>']
    if (key === 'storageVersionHash' && typeof value === 'string') return [key, versionHash(value, holder['kind'])]
    if (!Array.isArray(value)) return [this.text(key), inner(value)]
    const list = value as unknown[], text = (of: unknown, field: string) => (isJsonObject(of) && typeof of[field] === 'string' ? of[field] : '')
    if (key === 'managedFields') return [key, list.map(inner).toSorted(by((entry) => ['operation', 'manager', 'apiVersion', 'subresource'].map((field) => text(entry, field)).join('\u0000')))]
    if (key === 'verbs') return [key, list.toSorted(by(String))]
    if ((key === 'resources' || key === 'subresources') && list.every((item) => isJsonObject(item) && 'verbs' in item)) return [key, list.toSorted(by((item) => text(item, 'name') || text(item, 'resource') || text(item, 'subresource'))).map(inner)]
    if (key === 'cells') return [key, list.map((cell) => (typeof cell === 'string' && AGE.test(cell) ? '<age>' : inner(cell)))]
    return [this.unnamed(key), list.map(inner)]
  }

  /** The version of a list depends on everything else the server stores: only its relations are kept. */
  listMeta(meta: JsonObject, { query = {}, ...asked }: Asked): JsonObject {
    const { resourceVersion: wanted = '', continue: token = '', resourceVersionMatch: match } = query as Record<string, string | undefined>, version = meta['resourceVersion']
    const exact = wanted !== '' && wanted !== '0' && (match === 'Exact' || ('limit' in query && match === undefined)) && !('watch' in query), tokenVersion = token === '' ? undefined : decodedToken(token)?.rv
    const shown = (text: string) => {
      if (exact && text === wanted) return '<request>'
      if (tokenVersion !== undefined && tokenVersion !== 'undefined' && text === tokenVersion) return '<continue>'
      if (!exact && token === '' && wanted === '' && Number(text) < this.#newest) this.problems.push(`list resourceVersion ${text} is older than a write already answered (${this.#newest})`)
      return '<lrv>'
    }
    return Object.fromEntries(Object.entries(meta).map(([key, value]) => {
      if (key === 'resourceVersion' && typeof value === 'string' && /^\d+$/.test(value)) return [key, shown(value)]
      if (key === 'continue' && typeof value === 'string' && value !== '') return [key, this.#token(value, version)]
      return [key, this.walk(value, { query, ...asked }, false)]
    }))
  }

  #token(text: string, listVersion: unknown): unknown {
    const token = decodedToken(text)
    if (!token) return '<continue>'
    return { start: this.unnamed(token.start), rv: token.rv === listVersion ? '<list>' : Number(token.rv) <= 0 ? Number(token.rv) : this.versions.get(token.rv) ?? '<rv:*>' }
  }

  /** creationTimestamp of one uid never changes. */
  checkCreation(value: unknown): void {
    if (Array.isArray(value)) { for (const item of value) this.checkCreation(item); return }
    if (!isJsonObject(value)) return
    const { metadata } = value
    if (isJsonObject(metadata) && typeof metadata['uid'] === 'string' && typeof metadata['creationTimestamp'] === 'string') {
      const known = this.#created.get(metadata['uid']) ?? metadata['creationTimestamp']
      this.#created.set(metadata['uid'], known)
      if (known !== metadata['creationTimestamp']) this.problems.push(`creationTimestamp of ${metadata['uid']} changed`)
    }
    for (const member of Object.values(value)) this.checkCreation(member)
  }

  /** Names that the server made from a prefix are checked and numbered. */
  noteGenerated(prefix: string, answer: unknown, name: unknown): void {
    const head = prefix.slice(0, 58), pattern = new RegExp(`^${escaped(head)}[${ALPHABET}]{5}$`)
    const note = (generated: string) => { if (!this.names.has(generated)) this.names.set(generated, `${head}<random:${this.names.size + 1}>`) }
    if (name === undefined) for (const found of [...new Set(JSON.stringify(answer).match(new RegExp(`${escaped(head)}[${ALPHABET}]{5}(?![a-z0-9])`, 'g')))].sort()) note(found)
    else if (typeof name === 'string' && pattern.test(name)) note(name)
    else this.problems.push(`generated name ${JSON.stringify(name)} is not ${head} and five of the alphabet`)
  }

  /** Versions of objects in the order of their numbers. */
  order(): 'ascending' | number[] {
    const numbered = [...this.versions].flatMap(([version, shown]) => { const [, number] = /^<rv:(\d+)>$/.exec(shown) ?? []; return number === undefined ? [] : [[Number(number), Number(version)] as const] })
    const sequence = numbered.toSorted((a, b) => a[1] - b[1]).map(([number]) => number)
    return sequence.every((number, i) => i === 0 || number > sequence[i - 1]!) ? 'ascending' : sequence
  }
}

const by = (key: (item: unknown) => string) => (a: unknown, b: unknown) => { const [first, second] = [key(a), key(b)]; return first < second ? -1 : first > second ? 1 : 0 }
const escaped = (text: string) => text.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`)
const entry = (known: Map<string, string>, value: string, word: string) => { if (!known.has(value)) known.set(value, `<${word}:${known.size + 1}>`); return known.get(value)! }

function looksLikeList(value: JsonObject, { event, path, method }: Asked): boolean {
  if ('items' in value && (Array.isArray(value['items']) || value['items'] === null) && typeof value['kind'] === 'string' && value['kind'].endsWith('List')) return true
  if (value['kind'] !== 'Table') return false
  if (event !== undefined) return event === 'BOOKMARK'
  const parts = path.replaceAll(/^\/+|\/+$/g, '').split('/'), rest = parts.length - (parts.slice(0, 4).includes('namespaces') && parts.length > 4 ? 5 : 3)
  return parts[0] === 'apis' && (method === 'GET' || method === 'DELETE') && rest === 1
}

function decodedToken(text: string): { start: string; rv: string } | undefined {
  try {
    const token = parseJson(Buffer.from(text, 'base64url').toString()) as { start: string; rv?: unknown }
    return { start: token.start, rv: String(JSON.isRawJSON(token.rv) ? token.rv.rawJSON : token.rv) }
  } catch {
    return undefined
  }
}

function versionHash(text: string, kind: unknown): string {
  const of = ['v1', 'v1beta1', 'v1alpha1'].map((version) => `${GROUP}/${version}/${String(kind)}`).find((name) => createHash('sha256').update(name).digest().subarray(0, 8).toString('base64') === text)
  return of === undefined ? text : `<hash of ${of}>`
}
