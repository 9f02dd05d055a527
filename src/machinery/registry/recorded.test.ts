/** Replays what a kube-apiserver answered for a custom resource, from the body of the request to the object or Status of the answer; HTTP lies above. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { load } from 'js-yaml'
import { afterAll, expect, test } from 'vitest'
import { systemClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/logger.ts'
import { CelEvaluator } from '../admission/cel/cel-evaluator.ts'
import type { DeleteOptions, KubeObject, Resource } from '../meta/core.ts'
import { defineKind } from '../meta/define-kind.ts'
import { nameSuffix } from '../meta/generate-name.ts'
import type { JsonObject } from '../meta/json-value.ts'
import { parseJson, stringifyJson } from '../meta/json.ts'
import type { JsonSchema } from '../meta/json-schema.ts'
import { compileSelector } from '../meta/selector.ts'
import { StatusError } from '../meta/status-error.ts'
import { applyJsonPatch } from '../patch/json-patch.ts'
import { applyMergePatch } from '../patch/merge-patch.ts'
import { patchObject } from '../patch/patch-object.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import { deleteCollection } from './delete-collection.ts'
import { createStoredResource } from './stored-resource.ts'

interface Request { method: string; path: string; query?: Record<string, string>; contentType?: string; body?: JsonObject; raw?: string }
interface Step { describe: string; needs?: string[]; compare?: { names?: boolean; pick?: string[] }; capture?: string; request: Request; answer: { status: number; headers: { Warning?: string[] }; body?: JsonObject } }
interface Script { name: string; setup?: (Request & { capture?: string })[]; steps: Step[] }

const CASES = path.resolve(import.meta.dirname, '../../../test/cases/rest/scripts'), NAMESPACE = 'conf-one', TERMINATING = 'conf-two'
const crd = load(readFileSync(`${CASES}/../fixtures/widget-crd.yaml`, 'utf8')) as { spec: { versions: { schema: { openAPIV3Schema: JsonSchema } }[] } }
const spec = (object: KubeObject) => object['spec'] as { color?: string; model?: string } | undefined
const Widget = defineKind({
  group: 'conformance.example.com', version: 'v1', kind: 'Widget', plural: 'widgets', scope: 'Namespaced', schema: crd.spec.versions[0]!.schema.openAPIV3Schema, columns: [],
  fields: { 'spec.color': (object) => spec(object)?.color ?? '', 'spec.model': (object) => spec(object)?.model ?? '' },
})
const controller = new AbortController(), { signal } = controller, rules = new CelEvaluator()
afterAll(async () => { controller.abort(); await rules.close() })

/** Decided before the registry is asked: bodies that are no objects, unknown fields, options, content types, versions, paths. */
const ABOVE = new Set([
  'another version in the body', 'another group in the body', 'namespace in the body differs from the path', 'POST to /status', 'DELETE of /status', 'no Content-Type', 'a JSON Content-Type is no patch type',
  'strategic merge patch of a custom resource: 415', 'not JSON', 'unknown field, Strict', 'duplicate field, Strict', 'an unknown propagationPolicy', 'orphanDependents with propagationPolicy',
  'a grace period that is no number', 'a body that is no DeleteOptions', 'a malformed body', 'a dryRun value unknown', 'a bare string', 'the namespace', 'deletion of the namespace begins', 'apply that would create',
])

class Replay {
  readonly resource: Resource
  readonly #captured = new Map<string, JsonObject>()
  readonly #uids = new Map<string, string>()
  readonly #versions = new Map<string, string>()
  #isTerminating = false
  #isSetUp = false

  constructor() {
    const phase = (namespace: string) => Promise.resolve(namespace === TERMINATING && this.#isTerminating ? 'terminating' as const : namespace.includes('no-such') ? 'missing' as const : 'active' as const)
    this.resource = createStoredResource(Widget, new MemoryStorage(), { clock: systemClock, randomUuid: () => crypto.randomUUID(), randomSuffix: () => nameSuffix(Math.random), logger: silentLogger, namespaces: { phase }, rules }, signal)
  }

  /** Versions count from here on, uids only once an answer shows them. */
  async setUp(requests: Script['setup'] = []): Promise<void> {
    for (const { capture, ...request } of requests) this.normalised((await this.step({ request, ...(capture && { capture }) })).body)
    this.#isSetUp = true
  }

  async step({ request, capture, describe }: Pick<Step, 'request' | 'capture'> & { describe?: string }): Promise<{ body: JsonObject; warnings: string[] }> {
    if (describe === 'creating: 403') this.#isTerminating = true
    const warnings: string[] = [], filled = JSON.parse(this.#fill(JSON.stringify(request))) as Request
    let body: JsonObject
    try { body = JSON.parse(stringifyJson(await this.#answer(filled, (text) => warnings.push(text)))) as JsonObject } catch (error) {
      if (!(error instanceof StatusError)) throw error
      body = error.status() as unknown as JsonObject
    }
    if (capture) this.#captured.set(capture, body)
    return { body, warnings: warnings.map((text) => `299 - ${JSON.stringify(text)}`) }
  }

  async #answer({ method, path: url, query = {}, contentType, body, raw }: Request, warn: (text: string) => void): Promise<unknown> {
    const { writer, reader, kind } = this.resource, [, namespace = '', name, subresource] = /namespaces\/([^/]+)\/widgets(?:\/([^/]+))?(?:\/(status))?$/.exec(url) ?? [], key = `${namespace}/${name}`
    const given = (raw === undefined ? structuredClone(body) : parseJson(raw)) as JsonObject & KubeObject, isDryRun = body?.['kind'] === 'DeleteOptions' ? body['dryRun'] !== undefined : query['dryRun'] === 'All'
    const options: DeleteOptions = { user: { name: 'golden', groups: [], extra: {} }, manager: 'golden', dryRun: isDryRun, ...(subresource && { subresource }), authorize: () => Promise.resolve(), warn }
    const where = { where: compileSelector({ ...(query['labelSelector'] && { labels: query['labelSelector'] }), ...(query['fieldSelector'] && { fields: query['fieldSelector'] }) }, kind) }
    const list = ({ entries, position }: Awaited<ReturnType<typeof reader.list>>) => ({ apiVersion: 'conformance.example.com/v1', kind: 'WidgetList', metadata: { continue: '', resourceVersion: position }, items: [...entries].map((entry) => typed(entry.parse())) })
    switch (method) {
      case 'POST': return typed((await writer!.create({ ...given, metadata: { ...given.metadata, namespace } }, options, signal)).parse())
      case 'PUT': return typed((await writer!.update(key, (current) => { if (!current) throw StatusError.notFound({ group: kind.group, resource: kind.plural }, name!); return given }, options, signal)).entry.parse())
      case 'PATCH': {
        const apply = (document: JsonObject) => (contentType === 'application/json-patch+json' ? applyJsonPatch(document, given) : applyMergePatch(document, given))
        return typed((await writer!.update(key, patchObject(kind, name!, apply), options, signal)).entry.parse())
      }
      case 'DELETE': {
        if (!name) return list(await deleteCollection(reader, { namespace, ...where }, (each) => writer!.delete(each, options, signal), signal))
        const { uid, resourceVersion } = (body?.['preconditions'] ?? {}) as { uid?: string; resourceVersion?: string }
        const { entry, removed } = await writer!.delete(key, { ...options, ...(uid && { uid }), ...(resourceVersion && { position: resourceVersion }) }, signal)
        if (!removed) return typed(entry.parse())
        return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details: { name, group: kind.group, kind: kind.plural, uid: entry.parse().metadata.uid } }
      }
      default: {
        const page = await reader.list({ namespace, ...(name && { name }), ...where }, signal), [entry] = page.entries
        if (!name) return list(page)
        if (!entry) throw StatusError.notFound({ group: kind.group, resource: kind.plural }, name)
        return typed(entry.parse())
      }
    }
  }

  #fill(text: string): string {
    const merged = text.replaceAll(/\{"\$merge":\["\$\{(\w+)\}\$json",(.*)\]\}(?=\}$)/g, (_, name: string, patch: string) => JSON.stringify(applyMergePatch(this.#captured.get(name)!, JSON.parse(patch))))
    return merged.replaceAll('${ns2}', TERMINATING).replaceAll('${ns}', NAMESPACE).replaceAll(/\$\{(\w+)\.metadata\.(\w+)\}/g, (_, name: string, field: string) => (this.#captured.get(name)!['metadata'] as Record<string, string>)[field]!)
  }

  normalised(value: unknown, field?: string): unknown {
    if (Array.isArray(value)) return value.map((item) => this.normalised(item))
    if (typeof value === 'object' && value !== null) {
      const isList = String((value as JsonObject)['kind']).endsWith('List')
      return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, member]) => [key, isList && key === 'metadata' ? { continue: '', resourceVersion: '<lrv>' } : this.normalised(member, key)]))
    }
    if (typeof value !== 'string') return value
    if (field === 'resourceVersion') return numbered(this.#versions, value, 'rv')
    if (field === 'uid' && this.#isSetUp) return this.#uids.get(value) ?? (value.startsWith('1111') ? value : numbered(this.#uids, value, 'uid'))
    if (field?.endsWith('Timestamp')) return '<time>'
    let text = value.replaceAll(NAMESPACE, '${ns}').replaceAll(TERMINATING, '${ns2}').replace(/Key: [^,]+,/, 'Key: <key>,').replace(/record \(\d+\)/, 'record (<rv:*>)')
    for (const [uid, shown] of this.#uids) text = text.replaceAll(uid, shown)
    return text
  }
}

const typed = ({ metadata, ...body }: KubeObject) => ({ apiVersion: 'conformance.example.com/v1', kind: 'Widget', metadata, ...body })
const numbered = (known: Map<string, string>, value: string, word: string) => {
  if (!known.has(value)) known.set(value, `<${word}:${known.size + 1}>`)
  return known.get(value)!
}

/** managedFields come with apply; causes and their message come in any order. */
function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable)
  if (typeof value !== 'object' || value === null) return value
  const object = value as JsonObject, causes = object['causes'] as { message: string }[] | undefined
  if (object['reason'] === 'Invalid' && object['message'] !== undefined) return { ...object, details: comparable(object['details']), message: (object['message'] as string).replace(/is invalid: \[.*\]$/s, 'is invalid: […]').replace(/is invalid: [^[].*$/s, 'is invalid: […]') }
  if (causes) return { ...object, causes: causes.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) }
  return Object.fromEntries(Object.entries(object).filter(([key]) => key !== 'managedFields').map(([key, member]) => [key, comparable(member)]))
}
const withoutRandom = (value: unknown) => JSON.parse(JSON.stringify(value).replaceAll(/(gen-|1234567)(?:<random:\d+>|[a-z0-9]{5})"/g, '$1<random>"')) as unknown
const namesOf = (body: JsonObject) => ((body['items'] ?? []) as KubeObject[]).map(({ metadata }) => metadata.name)

const scripts = ['create-basic', 'update-basic', 'delete-basic', 'delete-finalizers', 'delete-collection', 'status-subresource', 'patch-json', 'patch-merge', 'namespace-termination', 'validation-cel']

test.each(scripts)('%s', async (name) => {
  const script = JSON.parse(readFileSync(`${CASES}/${name}.json`, 'utf8')) as Script, replay = new Replay()
  await replay.setUp(script.setup)
  const ours: unknown[] = [], recorded: unknown[] = []
  for (const { describe, needs, compare, capture, request, answer } of script.steps) {
    if (needs || ABOVE.has(describe)) continue
    const { body, warnings } = await replay.step({ describe, request, ...(capture && { capture }) })
    // That a member occurs twice is seen where the text is parsed.
    if (describe.startsWith('duplicate field')) continue
    const shown = (of: JsonObject) => (compare?.names ? namesOf(of) : withoutRandom(comparable(of)))
    ours.push({ describe, warnings, ...(answer.body && !compare?.pick && { body: shown(compare ? body : (replay.normalised(body) as JsonObject)) }) })
    recorded.push({ describe, warnings: (answer.headers.Warning ?? []).filter((text) => !/unknown field|duplicate field/.test(text)), ...(answer.body && !compare?.pick && { body: shown(answer.body) }) })
  }
  expect(ours).toEqual(recorded)
})
