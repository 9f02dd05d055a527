/** The words in which sequences are written. A step is one exchange; what it answered is known to later steps by the step's name: `${made.metadata.uid}`. */
import type { Step } from '../../conformance/conversation.ts'
import type { RecordedRequest } from '../../conformance/recorded-script.ts'

/** Steps by name, in order; a name holds no dot. */
export type Sequence = Readonly<Record<string, Step>>
export type Sequences = Readonly<Record<string, Sequence>>
type Json = Readonly<Record<string, unknown>>

interface Options extends Partial<Omit<RecordedRequest, 'method' | 'path' | 'capture'>>, Partial<Pick<Step, 'compare' | 'wait' | 'sleep' | 'recordHeaders'>> {
  /** The collection; widgets of `${ns}` if absent. */
  readonly at?: string
  /** Impersonated. */
  readonly as?: string
  readonly groups?: readonly string[]
}

export const GROUP_VERSION = 'conformance.example.com/v1', ROOT = `/apis/${GROUP_VERSION}`
export const WIDGETS = `${ROOT}/namespaces/\${ns}/widgets`, GEARS = `${ROOT}/namespaces/\${ns}/gears`, GADGETS = `${ROOT}/gadgets`

export const widget = (name: string, spec: Json = {}, metadata: Json = {}): Json => ({ apiVersion: GROUP_VERSION, kind: 'Widget', metadata: { name, ...metadata }, spec: { model: 'm-1', ...spec } })
export const gear = (name: string, spec: Json = {}, metadata: Json = {}): Json => ({ apiVersion: GROUP_VERSION, kind: 'Gear', metadata: { name, ...metadata }, spec: { text: 't', ...spec } })
export const gadget = (name: string, spec: Json = {}, metadata: Json = {}): Json => ({ apiVersion: GROUP_VERSION, kind: 'Gadget', metadata: { name, ...metadata }, spec })

export function call(method: string, path: string, { as, groups, compare, wait, sleep, recordHeaders, ...request }: Options = {}): Step {
  const headers = { ...request.headers, ...(as !== undefined && { 'Impersonate-User': as }), ...(groups && { 'Impersonate-Group': groups }) }
  return { request: { method, path, ...request, headers }, ...(compare !== undefined && { compare }), ...(wait && { wait }), ...(sleep !== undefined && { sleep }), ...(recordHeaders && { recordHeaders }) }
}

const named = (name: string, { at = WIDGETS }: Options) => `${at}/${name}`

export const create = (body: unknown, options: Options = {}): Step => call('POST', options.at ?? WIDGETS, { body, ...options })
export const read = (name: string, options: Options = {}): Step => call('GET', named(name, options), options)
export const list = (query: RecordedRequest['query'] = {}, options: Options = {}): Step => call('GET', options.at ?? WIDGETS, { query, ...options })
export const replace = (name: string, body: unknown, options: Options = {}): Step => call('PUT', named(name, options), { body, ...options })
export const merge = (name: string, body: unknown, options: Options = {}): Step => call('PATCH', named(name, options), { body, contentType: 'application/merge-patch+json', ...options })
export const json = (name: string, body: unknown, options: Options = {}): Step => call('PATCH', named(name, options), { body, contentType: 'application/json-patch+json', ...options })
export const remove = (name: string, body?: unknown, options: Options = {}): Step => call('DELETE', named(name, options), { ...(body !== undefined && { body }), ...options })
export const removeAll = (query: RecordedRequest['query'] = {}, body?: unknown, options: Options = {}): Step => call('DELETE', options.at ?? WIDGETS, { query, ...(body !== undefined && { body }), ...options })

/** Server-side apply by a manager. A body without a name gets that of the path, as it must have one. */
export function apply(name: string, body: Json, manager: string, options: Options = {}): Step {
  const metadata = { name: name.split('/')[0], ...(body['metadata'] as Json | undefined) }
  return call('PATCH', named(name, options), { body: { ...body, metadata }, contentType: 'application/apply-patch+yaml', ...options, query: { fieldManager: manager, ...options.query } })
}

/** Opens a watch named `as`; `collect` takes what it has told. */
export const watch = (as: string, query: RecordedRequest['query'] = {}, options: Options = {}): Step => ({ ...call('GET', options.at ?? WIDGETS, { ...options, query: { watch: 'true', timeoutSeconds: '20', ...query } }), watch: as })
export const collect = (from: string, options: Pick<Step, 'count' | 'deadline' | 'quiet' | 'bookmarks' | 'sorted' | 'close'>): Step => ({ collect: from, ...options })

/** What another step answered, changed. */
export const changed = (step: string, patch: Json): Json => ({ $merge: [`\${${step}}$json`, patch] })

export const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io', PARTIAL = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io', PARTIAL_LIST = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io'
