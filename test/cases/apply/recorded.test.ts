/** Replays what a kube-apiserver answered to applies and to the updates between them, for custom resources: objects, who owns what, and the texts of conflicts and mistakes. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { load } from 'js-yaml'
import { expect, test } from 'vitest'
import { applyObject, type ManagedKind, type ManagedObject, updateObject } from '../../../src/machinery/apply/field-manager.ts'
import { keepTimes } from '../../../src/machinery/apply/keep-times.ts'
import { objectType } from '../../../src/machinery/apply/openapi-type.ts'
import { PathSet } from '../../../src/machinery/apply/path-set.ts'
import { entriesAfterScale, entriesOfScale } from '../../../src/machinery/apply/scale-entries.ts'
import type { KubeObject } from '../../../src/machinery/meta/core.ts'
import type { JsonSchema } from '../../../src/machinery/meta/json-schema.ts'
import { cloneJson, equalJson, type JsonObject } from '../../../src/machinery/meta/json-value.ts'
import { parseJson } from '../../../src/machinery/meta/json.ts'
import { StatusError } from '../../../src/machinery/meta/status-error.ts'
import { applyJsonPatch } from '../../../src/machinery/patch/json-patch.ts'
import { applyMergePatch } from '../../../src/machinery/patch/merge-patch.ts'
import { applyDefaults } from '../../../src/machinery/schema/apply-defaults.ts'
import { prune } from '../../../src/machinery/schema/prune.ts'
import { parseYaml } from '../../../src/machinery/server/yaml.ts'

interface Request { method: string; path: string; query?: Record<string, string>; contentType?: string; body?: unknown; raw?: string }
interface Step { describe: string; sleep?: number; request: Request; answer: { status: number; body?: JsonObject; pick?: JsonObject } }

const CASES = path.resolve(import.meta.dirname, '../rest')
/** Decided before objects meet: options, paths, malformed bodies; or after: validation. */
const ELSEWHERE = new Set([
  'no fieldManager', 'an empty fieldManager', 'another name in the body', 'broken YAML', 'dryRun create', '129 bytes', 'scale', 'duplicate keys in an apply, Strict', 'validation of the merged object',
])

class World {
  readonly #objects = new Map<string, KubeObject>()
  readonly #schema: JsonSchema
  readonly #kind: ManagedKind
  #now = Date.parse('2026-01-01T00:00:00Z')

  constructor(kind: string) {
    const crd = load(readFileSync(`${CASES}/fixtures/${kind.toLowerCase()}-crd.yaml`, 'utf8')) as { spec: { versions: { name: string; schema: { openAPIV3Schema: JsonSchema } }[] } }
    this.#schema = crd.spec.versions.find(({ name }) => name === 'v1')!.schema.openAPIV3Schema
    this.#kind = { apiVersion: 'conformance.example.com/v1', kind, type: objectType(this.#schema) }
  }

  step({ sleep = 0, request: { path: url, query = {}, contentType, body, raw } }: Step): JsonObject {
    this.#now += sleep * 1000
    const manager = query['fieldManager'] ?? 'golden', [, name = '', subresource] = /(?:widgets|gadgets)(?:\/([^/]+))?(?:\/(\w+))?$/.exec(url)!
    const given = (raw === undefined ? body : contentType?.endsWith('yaml') ? parseYaml(raw) : parseJson(raw)) as KubeObject, key = name || given.metadata.name!, live = this.#objects.get(key)
    if (subresource === 'scale') return this.#scale(live!, manager)
    const kind = this.#endpoint(subresource)
    const written = contentType === 'application/apply-patch+yaml'
      ? applyObject(kind, { live, config: given, manager, force: 'force' in query && !['false', '0'].includes(query['force']), now: this.#now })
      : updateObject(kind, { live, next: this.#shaped(this.#updated(live, given, contentType)), manager, now: this.#now })
    return this.#store(key, live, this.#ofEndpoint(written, live, subresource))
  }

  #updated(live: KubeObject | undefined, given: unknown, contentType: string | undefined): KubeObject {
    if (contentType === 'application/merge-patch+json') return applyMergePatch(cloneJson(live as unknown as JsonObject), given) as KubeObject
    if (contentType === 'application/json-patch+json') return applyJsonPatch(cloneJson(live), given) as KubeObject
    return given as KubeObject
  }

  #endpoint(subresource: string | undefined): ManagedKind {
    return subresource === 'status' ? { ...this.#kind, subresource, resetFields: PathSet.of(['f:metadata'], ['f:spec']) } : { ...this.#kind, resetFields: PathSet.of(['f:status']) }
  }

  #ofEndpoint({ object, managedFields }: ManagedObject, live: KubeObject | undefined, subresource: string | undefined): KubeObject {
    const kept = subresource === 'status' ? { ...live!, status: object['status'] } : { ...object, status: live?.['status'] }
    return { ...kept, metadata: { ...kept.metadata, ...(managedFields && { managedFields }), ...(!managedFields && { managedFields: undefined as never }) } }
  }

  #scale(live: KubeObject, manager: string): JsonObject {
    const scale = { ...this.#kind, apiVersion: 'autoscaling/v1', kind: 'Scale', subresource: 'scale', type: objectType({ type: 'object', properties: { spec: { type: 'object', properties: { replicas: { type: 'integer' } } } } }) }
    const paths = new Map([[this.#kind.apiVersion, ['f:spec', 'f:replicas']]]), of = (replicas: number, metadata = {}): KubeObject => ({ metadata, spec: { replicas } })
    const { managedFields } = updateObject(scale, { live: of(3, { managedFields: entriesOfScale(live.metadata.managedFields, paths) }), next: of(5), manager, now: this.#now })
    const entries = entriesAfterScale(live.metadata.managedFields, managedFields, this.#kind.apiVersion, paths)
    this.#store(live.metadata.name!, live, { ...live, metadata: { ...live.metadata, managedFields: entries! }, spec: { ...live['spec'] as object, replicas: 5 } })
    return { spec: { replicas: 5 }, status: { replicas: 0 } }
  }

  #shaped(object: KubeObject): KubeObject {
    const shaped = cloneJson({ apiVersion: this.#kind.apiVersion, kind: this.#kind.kind, ...object })
    applyDefaults(this.#schema, prune(this.#schema, shaped, () => undefined))
    return shaped
  }

  #store(key: string, live: KubeObject | undefined, next: KubeObject): KubeObject {
    const shaped = this.#shaped({ ...next, metadata: { ...next.metadata, name: key, uid: 'u', creationTimestamp: '2026-01-01T00:00:00Z' } }), stored = live ? keepTimes(shaped, live) : shaped
    this.#objects.set(key, live && equalJson(stored, live) ? live : stored)
    return stored
  }
}

/** Recorded without regard to time, and sorted so. */
const rank = ({ operation, manager, apiVersion, subresource = '' }: JsonObject) => JSON.stringify([operation, manager, apiVersion, subresource])
const entriesOf = (object: JsonObject) => ((object['metadata'] as KubeObject['metadata'] | undefined)?.managedFields as JsonObject[] | undefined)
  ?.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1)).map(({ time, ...entry }) => ({ ...entry, isTimed: time !== undefined }))
const summary = (object: JsonObject) => ({
  managedFields: entriesOf(object), spec: object['spec'] ?? undefined, status: object['status'] ?? undefined, message: object['message'], details: object['details'],
  annotations: (object['metadata'] as KubeObject['metadata'] | undefined)?.annotations,
})

const scripts = ['basic', 'lists', 'managers', 'status', 'cap-managers'].map((name) => JSON.parse(readFileSync(`${CASES}/scripts/apply-${name}.json`, 'utf8')) as { name: string; kind: string; steps: Step[] })

function answerOf(world: World, step: Step): JsonObject {
  try { return world.step(step) } catch (error) {
    if (!(error instanceof StatusError)) throw error
    return { ...error.status() }
  }
}

test.each(scripts)('$name', ({ kind, steps }) => {
  const world = new World(kind)
  for (const step of steps.filter(({ describe }) => !ELSEWHERE.has(describe))) {
    const answer = answerOf(world, step), { status, body = answer, pick } = step.answer
    const picked = pick ? entriesOf({ metadata: { managedFields: pick['metadata.managedFields'] } }) : summary(body).managedFields
    expect({ step: step.describe, code: answer['code'] ?? 200, ...summary(answer) }).toEqual({ step: step.describe, code: status === 201 ? 200 : status, ...summary(body), managedFields: picked })
  }
})
