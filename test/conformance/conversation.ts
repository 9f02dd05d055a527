/** Replays one recorded script: fills in what was captured, asks, and answers in normal form. */
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { isJsonObject, type JsonObject } from '../../src/machinery/meta/json-value.ts'
import { parseJson } from '../../src/machinery/meta/json.ts'
import { applyMergePatch } from '../../src/machinery/patch/merge-patch.ts'
import type { Client, Pairs, Received, Sent, WatchStream } from './exchange.ts'
import { lookup } from './lookup.ts'
import { ALPHABET, Normaliser, type Asked } from './normaliser.ts'
import type { RecordedRequest, RecordedScript, RecordedStep } from './recorded-script.ts'

const HEADERS = ['Content-Type', 'Warning', 'Retry-After', 'Allow', 'Location', 'ETag', 'Cache-Control', 'Vary', 'Content-Encoding', 'WWW-Authenticate', 'X-Content-Type-Options', 'Expires', 'Last-Modified']
const PRESENT_ONLY = ['ETag', 'Expires', 'Last-Modified'], AGENT = 'golden/1.0'

/** What surrounds the server under test. */
export interface Surroundings { send(sent: Sent): Promise<Received>; makeNamespace(name: string): void | Promise<void> }
interface Script extends Pick<RecordedScript, 'setup' | 'absent'> { readonly steps: readonly Step[] }
export type Step = Omit<RecordedStep, 'answer'>

/** New values for what a script leaves open: namespaces, and a word that no other conversation uses. */
export function variablesOf({ steps, setup = [] }: Script): Map<string, string> {
  const names = new Set([...JSON.stringify([steps, setup]).matchAll(/\$\{(ns\d?|x)\}/g)].map(([, name]) => name!))
  return new Map([...names].sort().map((name) => [name, name === 'x' ? random() : `conf-${random()}`]))
}

export class Conversation {
  readonly #script: Script
  readonly #client: Client
  readonly #host: Surroundings
  readonly #variables: ReadonlyMap<string, string>
  readonly #captures = new Map<string, unknown>()
  readonly #streams = new Map<string, { readonly stream: WatchStream; readonly asked: Asked }>()
  readonly normaliser: Normaliser

  /** `variables`: those of another conversation, with another server, about the same. */
  constructor(script: Script, client: Client, host: Surroundings, variables: ReadonlyMap<string, string> = variablesOf(script)) {
    this.#script = script
    this.#client = client
    this.#host = host
    this.#variables = variables
    this.normaliser = new Normaliser(this.#variables, JSON.stringify(script.steps.map(({ request }) => request)))
  }

  async begin(): Promise<void> {
    for (const [name, value] of this.#variables) if (name !== 'x' && !this.#script.absent?.includes(name)) await this.#host.makeNamespace(value)
    for (const request of this.#script.setup ?? []) {
      const { sent } = this.#prepare(request), { status, data } = await this.#client.send(sent)
      if (status >= 300) throw new Error(`setup ${sent.method} ${sent.target}: ${status} ${data.toString().slice(0, 300)}`)
      if (request.capture !== undefined) this.#captures.set(request.capture, parseJson(data.toString()))
    }
  }

  end(): void { for (const { stream } of this.#streams.values()) stream.close() }

  /** The answer as the recordings hold it. */
  async step(step: Step): Promise<JsonObject> {
    if (step.sleep !== undefined) await sleep(step.sleep * 1000)
    if (step.collect !== undefined) return this.#collect(step, step.collect)
    if (step.watch !== undefined) return this.#watch(step, step.watch)
    const deadline = Date.now() + (step.wait?.seconds ?? 10) * 1000
    for (;;) {
      const { asked, sent } = this.#prepare(step.request!), received = await (step.on === 'host' ? this.#host : this.#client).send(sent)
      if (step.wait && received.status !== step.wait.status && Date.now() < deadline) { await sleep(100); continue }
      const { answer, parsed } = this.#answer(received, step, asked)
      if (step.capture !== undefined) this.#captures.set(step.capture, parsed)
      for (const [name, header] of Object.entries(step.captureHeader ?? {})) this.#captures.set(name, valuesOf(received.headers, header)[0])
      return answer
    }
  }

  async #watch(step: Step, name: string): Promise<JsonObject> {
    const { asked, sent } = this.#prepare(step.request!), stream = await this.#client.open(sent, step.websocket ?? false)
    this.#streams.set(name, { stream, asked })
    if (stream.body) return this.#answer({ status: stream.status, headers: stream.headers, data: stream.body }, step, asked).answer
    return { status: stream.status, headers: this.#headers(stream.headers, step) }
  }

  async #collect(step: Step, name: string): Promise<JsonObject> {
    const { stream, asked } = this.#streams.get(name)!, deadline = Date.now() + (step.deadline ?? 5) * 1000, { count, bookmarks = false, quiet = 0.25 } = step
    const kept = () => stream.events.filter((line) => bookmarks || !isPlainBookmark(line))
    const isComplete = () => stream.ended || Date.now() >= deadline || kept().length >= (count ?? Infinity)
    while (!isComplete()) await stream.changed(Math.max(10, deadline - Date.now()))
    if (count !== undefined && !stream.ended) await sleep(quiet * 1000)
    const lines = kept(), events: JsonObject[] = [], raw: unknown[] = [], { ended } = stream
    stream.events = []
    for (const line of lines) {
      const parsed = tryParse(line), event = this.#event(parsed, line, asked)
      if (isPlainBookmark(line) && events.length > 0 && JSON.stringify(events.at(-1)) === JSON.stringify(event)) continue
      if (event['type'] === 'BOOKMARK' && !Number(lookup(parsed, 'object.metadata.resourceVersion') ?? 0)) this.normaliser.problems.push('bookmark without a resourceVersion')
      events.push(event)
      raw.push(parsed)
    }
    if (step.capture !== undefined) this.#captures.set(step.capture, raw)
    if (step.close) stream.close()
    return { events: step.sorted ? events.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : events, ended }
  }

  #event(parsed: unknown, line: string, asked: Asked): JsonObject {
    if (!isJsonObject(parsed)) return { raw: this.normaliser.text(line) }
    this.normaliser.checkCreation(parsed)
    return { type: parsed['type'], object: this.normaliser.walk(parsed['object'], { ...asked, event: String(parsed['type']) }) }
  }

  #answer({ status, headers, data: bytes }: Received, step: Step, asked: Asked): { answer: JsonObject; parsed: unknown } {
    const answer: JsonObject = { status, headers: this.#headers(headers, step) }, data = valuesOf(headers, 'Content-Encoding')[0] === 'gzip' ? gunzipSync(bytes) : bytes, { compare = 'full' } = step
    const text = data.toString(), isText = Buffer.from(text).equals(data), value = isText ? tryParse(text) : undefined, parsed = isJsonObject(value) || Array.isArray(value) ? value : undefined
    if (parsed !== undefined) this.#note(parsed, asked, status)
    const normaliser = this.normaliser
    if (compare === 'status') return { answer, parsed }
    if (compare === 'text') answer['text'] = normaliser.text(text)
    else if (compare === 'healthz') answer['text'] = text.replaceAll(/(\[\+\]\S+ ok\n)+/g, '[+]<check> ok\n')
    else if (compare === 'types') answer['types'] = types(parsed)
    else if (compare === 'keys') answer['keys'] = Object.keys(parsed as object).sort()
    else if (typeof compare === 'object' && compare.match) answer['matches'] = Object.fromEntries(compare.match.map((pattern) => [pattern, new RegExp(pattern, 's').test(text)]))
    else if (typeof compare === 'object' && compare.names !== undefined && isJsonObject(parsed) && Array.isArray(parsed['items'])) answer['names'] = this.#names(parsed, asked)
    else if (typeof compare === 'object' && compare.pick) answer['pick'] = Object.fromEntries(compare.pick.map((path) => [path, this.#picked(parsed, path, asked)]))
    else if (data.length === 0) return { answer, parsed }
    else if (parsed !== undefined) answer['body'] = normaliser.walk(parsed, asked)
    else if (isText) answer['text'] = normaliser.text(text)
    else answer['base64'] = data.subarray(0, step.bytes ?? 64).toString('base64')
    return { answer, parsed: parsed ?? text }
  }

  #note(parsed: unknown, { body }: Asked, status: number): void {
    this.normaliser.checkCreation(parsed)
    const prefix = lookup(body, 'metadata.generateName')
    if (typeof prefix === 'string' && prefix !== '' && !lookup(body, 'metadata.name')) this.normaliser.noteGenerated(prefix, parsed, status === 200 || status === 201 ? lookup(parsed, 'metadata.name') ?? '' : undefined)
    settle(parsed)
  }

  #names(list: JsonObject, asked: Asked): JsonObject {
    const metadata = this.normaliser.listMeta(isJsonObject(list['metadata']) ? list['metadata'] : {}, asked)
    return { kind: list['kind'], metadata, items: (list['items'] as unknown[]).map((item) => [this.normaliser.unnamed(String(lookup(item, 'metadata.name'))), this.normaliser.version(String(lookup(item, 'metadata.resourceVersion')))]) }
  }

  #picked(parsed: unknown, path: string, asked: Asked): unknown {
    if (path.endsWith('|keys')) return Object.keys(lookup(parsed, path.slice(0, -5)) ?? {}).map((key) => this.normaliser.unnamed(key)).sort()
    return this.normaliser.walk(lookup(parsed, path) ?? null, asked, false)
  }

  #headers(headers: Pairs, { recordHeaders = [] }: Step): JsonObject {
    return Object.fromEntries([...HEADERS, ...recordHeaders].flatMap((name) => {
      const values = valuesOf(headers, name).map((value) => (PRESENT_ONLY.includes(name) ? `<${name.toLowerCase()}>` : this.normaliser.text(value)))
      return values.length === 0 ? [] : [[name, name === 'Warning' || values.length > 1 ? values : values[0]]]
    }))
  }

  #prepare(request: RecordedRequest): { asked: Asked; sent: Sent } {
    const asked = this.#fill(request) as Asked, { query = {}, contentType } = asked, pairs = Object.entries(query).flatMap(([name, value]) => (Array.isArray(value) ? value as string[] : [value as string]).map((one) => [name, one] as [string, string]))
    const search = pairs.length > 0 ? new URLSearchParams(pairs).toString() : asked.rawQuery ?? ''
    const target = asked.path.replaceAll(/[^A-Za-z0-9/%:@!$&'()*+,;=~\-._]/gu, encodeURIComponent) + (search && `?${search}`)
    const body = asked.raw !== undefined ? Buffer.from(typeof asked.raw === 'string' ? asked.raw : JSON.stringify(asked.raw)) : asked.base64 !== undefined ? Buffer.from(asked.base64, 'base64') : 'body' in asked ? Buffer.from(JSON.stringify(asked.body)) : undefined
    const given = Object.entries(asked.headers ?? {}), headers: (readonly [string, string])[] = []
    if (!given.some(([name]) => name.toLowerCase() === 'user-agent')) headers.push(['User-Agent', AGENT])
    if (asked.accept !== undefined) headers.push(['Accept', asked.accept])
    if (typeof contentType === 'string') headers.push(['Content-Type', contentType])
    else if (body && contentType === undefined) headers.push(['Content-Type', 'application/json'])
    for (const [name, value] of given) for (const one of Array.isArray(value) ? value as string[] : [value as string]) headers.push([name, one])
    return { asked, sent: { method: asked.method, target, headers, ...(body && { body }), ...(asked.auth && { auth: asked.auth }) } }
  }

  #fill(value: unknown): unknown {
    if (typeof value === 'string') {
      const [, whole] = /^\$\{([^}]*)\}\$json$/.exec(value) ?? []
      return whole === undefined ? value.replaceAll(/\$\{([^}]*)\}/g, (_, expression: string) => this.#evaluate(expression)) : this.#captured(whole)
    }
    if (Array.isArray(value)) return value.map((item) => this.#fill(item))
    if (!isJsonObject(value)) return value
    if ('$repeat' in value) { const [text, times] = value['$repeat'] as [string, number]; return text.repeat(times) }
    if ('$continue' in value) return this.#token(this.#fill(value['$continue']) as JsonObject)
    if ('$merge' in value) { const [base, change] = this.#fill(value['$merge']) as [unknown, unknown]; return applyMergePatch(structuredJson(base) as JsonObject, change) }
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [this.#fill(key), this.#fill(member)]))
  }

  #token({ v = 'meta.k8s.io/v1', rv, start }: JsonObject): string {
    return Buffer.from(JSON.stringify({ v, ...(rv !== undefined && { rv: Number(rv) }), start })).toString('base64url')
  }

  #captured(expression: string): unknown {
    const at = expression.indexOf('.'), name = at < 0 ? expression : expression.slice(0, at)
    if (!this.#captures.has(name)) throw new Error(`unknown capture ${name}`)
    return at < 0 ? this.#captures.get(name) : lookup(this.#captures.get(name), expression.slice(at + 1))
  }

  #evaluate(expression: string): string {
    const variable = this.#variables.get(expression)
    if (variable !== undefined) return variable
    const [, path = '', added] = /^(.*?)([+-]\d+)?$/.exec(expression) ?? [], value = this.#captured(path)
    if (value === undefined || value === null) throw new Error(`capture ${expression} has no value`)
    if (added === undefined) return typeof value === 'string' ? value : JSON.stringify(value)
    const sum = String(Number(value) + Number(added)), known = this.normaliser.versions.get(value as string)
    if (known !== undefined && !this.normaliser.versions.has(sum)) this.normaliser.versions.set(sum, `${known.slice(0, -1)}${added}>`)
    return sum
  }
}

const random = () => Array.from({ length: 6 }, () => ALPHABET[Math.floor(Math.random() * ALPHABET.length)]).join('')
const valuesOf = (headers: Pairs, name: string) => headers.filter(([key]) => key.toLowerCase() === name.toLowerCase()).map(([, value]) => value)
const isPlainBookmark = (line: string) => line.replaceAll('": "', '":"').includes('"type":"BOOKMARK"') && !line.includes('initial-events-end')
const structuredJson = (value: unknown) => parseJson(JSON.stringify(value))

function tryParse(text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}

/** Go walks maps in random order: causes of an invalid object, and its message, go by the alphabet; those of a conflict by manager. */
function settle(status: unknown): void {
  if (!isJsonObject(status) || status['kind'] !== 'Status') return
  const causes = (lookup(status, 'details.causes') ?? []) as JsonObject[], message = String(status['message']), text = ({ field = '', message: said = '' }: JsonObject) => `${field as string}: ${said as string}`
  if (causes.length > 1 && status['reason'] === 'Conflict') causes.sort((a, b) => (String(a['message']) < String(b['message']) ? -1 : String(a['message']) > String(b['message']) ? 1 : 0))
  if (causes.length < 2 || status['reason'] !== 'Invalid') return
  const at = message.indexOf(' is invalid: ['), unique = [...new Set(causes.map(text))], sorted = (given: string) => given.split('').sort().join('')
  if (at >= 0 && sorted(message.slice(at + 14)) === sorted(`${unique.join(', ')}]`)) status['message'] = `${message.slice(0, at)} is invalid: [${unique.toSorted().join(', ')}]`
  causes.sort((a, b) => (text(a) < text(b) ? -1 : text(a) > text(b) ? 1 : 0))
}

function types(value: unknown): unknown {
  if (Array.isArray(value)) return value.length > 0 ? [types(value[0])] : []
  if (isJsonObject(value)) return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, types(member)]))
  return value === null ? 'null' : typeof value === 'boolean' ? 'boolean' : typeof value === 'string' ? 'string' : 'number'
}
