import { updateObject } from '../apply/field-manager.ts'
import { fieldElement } from '../apply/field-path.ts'
import { entriesAfterScale, entriesOfScale, type ReplicasPaths } from '../apply/scale-entries.ts'
import { SlabEntry } from '../cache/slab-entry.ts'
import type { Column, Entry, Kind, KubeObject, Resource, ScalePaths, Writer } from '../meta/core.ts'
import type { JsonSchema } from '../meta/json-schema.ts'
import { isJsonObject, type JsonObject } from '../meta/json-value.ts'
import { nameOfKey } from '../meta/object-key.ts'
import { StatusError } from '../meta/status-error.ts'
import type { StoredKind } from '../meta/strategy.ts'
import { isNumber, toInteger } from '../schema/number.ts'
import { managedKind } from './managed-kind.ts'

/** The subresource `scale` as a resource of its own: Scale objects of autoscaling/v1, read out of objects of the kind and written into them. Only its replicas can be written. */
export function scaleResource({ kind, reader, writer }: Resource & { readonly writer: Writer }, paths: ScalePaths): Resource {
  const of = { group: kind.group, resource: kind.plural }, scale = scaleKind(kind), shown = (entry: Entry) => SlabEntry.of(scaleOf(entry.parse(), paths))
  return {
    kind: scale,
    reader: {
      kind: scale,
      list: async (query, signal) => {
        const page = await reader.list(query, signal), entries = [...page.entries].map(shown)
        if (query.name !== undefined && entries.length === 0) throw StatusError.notFound(of, query.name)
        for (const entry of page.entries) mustHaveReplicas(entry.parse(), paths)
        return { ...page, entries }
      },
      watch: () => { throw StatusError.methodNotAllowed(of, 'watch') },
    },
    writer: {
      create: () => Promise.reject(StatusError.methodNotAllowed(of, 'create')),
      delete: () => Promise.reject(StatusError.methodNotAllowed(of, 'delete')),
      update: async (key, change, options, signal) => {
        const { entry } = await writer.update(key, (current) => {
          if (!current) throw StatusError.notFound(of, nameOfKey(key))
          return written(kind, paths, current, change, options)
        }, { ...options, subresource: 'scale', ownershipSettled: true }, signal)
        return { entry: shown(entry), created: false }
      },
    },
  }
}

/** An object without them cannot be scaled: a default belongs into its schema. */
function mustHaveReplicas(object: KubeObject, { specReplicasPath, defaultReplicas }: ScalePaths): void {
  const cause = `the spec replicas field ${JSON.stringify(specReplicasPath)} does not exist`
  if ((at(object, steps(specReplicasPath)) ?? defaultReplicas) === undefined) throw new StatusError('InternalError', `Internal error occurred: ${cause}`, { details: { causes: [{ message: cause }] } })
}

const int32: JsonSchema = { type: 'integer', format: 'int32' }
const SCHEMA: JsonSchema = {
  type: 'object', properties: {
    apiVersion: { type: 'string' }, kind: { type: 'string' }, metadata: { type: 'object' },
    spec: { type: 'object', properties: { replicas: int32 } }, status: { type: 'object', properties: { replicas: int32, selector: { type: 'string' } } },
  },
}
const at = (object: unknown, path: readonly string[]): unknown => path.reduce<unknown>((value, step) => (isJsonObject(value) ? value[step] : undefined), object)
const column = (name: string, type: Column['type'], cell: Column['cell'], format = ''): Column => ({ name, type, format, cell })
const COLUMNS: readonly Column[] = [
  column('Name', 'string', ({ metadata }) => metadata.name ?? '', 'name'),
  column('Desired', 'integer', (object) => Number(at(object, ['spec', 'replicas']) ?? 0)), column('Available', 'integer', (object) => Number(at(object, ['status', 'replicas']) ?? 0)),
  column('Age', 'date', ({ metadata }) => (metadata.creationTimestamp === undefined ? '<unknown>' : { since: Date.parse(metadata.creationTimestamp) })),
]

const scaleKind = ({ plural, namespaced, strategicMerge = false }: Kind): StoredKind => ({
  group: 'autoscaling', version: 'v1', kind: 'Scale', listKind: 'ScaleList', plural, singular: 'scale', shortNames: [], categories: [], namespaced,
  schema: () => Promise.resolve(SCHEMA), columns: COLUMNS, fields: {}, hasStatus: true, strategy: {}, strategicMerge,
})

const steps = (path: string) => path.slice(1).split('.')

function scaleOf(object: KubeObject, { specReplicasPath, statusReplicasPath, labelSelectorPath, defaultReplicas = 0 }: ScalePaths): KubeObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata, selector = labelSelectorPath && at(object, steps(labelSelectorPath))
  const replicas = at(object, steps(specReplicasPath)) ?? defaultReplicas, metadata = Object.fromEntries(Object.entries({ name, namespace, uid, resourceVersion, creationTimestamp }).filter(([, value]) => value !== undefined))
  return {
    kind: 'Scale', apiVersion: 'autoscaling/v1', metadata, spec: replicas === 0 ? {} : { replicas },
    status: { replicas: at(object, steps(statusReplicasPath)) ?? 0, ...(typeof selector === 'string' && selector && { selector }) },
  }
}

/** The object once its Scale has been changed. Without a resourceVersion from the client, whatever is there now is scaled. */
function written(kind: Kind, paths: ScalePaths, current: KubeObject, change: Parameters<Writer['update']>[1], { manager, ownershipSettled }: { readonly manager: string; readonly ownershipSettled?: boolean }): KubeObject {
  const path = steps(paths.specReplicasPath), isSet = (at(current, path) ?? paths.defaultReplicas) !== undefined, before = scaleOf(current, paths), replicasPaths = replicasPathsOf(kind, current, path)
  const entries = entriesOfScale(current.metadata.managedFields, replicasPaths)
  if (entries) before.metadata.managedFields = entries
  if (!isSet) before['spec'] = {}
  const after = change(before), replicas = replicasOf(after, paths, isSet), next = { ...after, metadata: { ...after.metadata }, spec: { replicas }, status: before['status'] }
  const managed = ownershipSettled ? after.metadata.managedFields : updateObject(managedKind({ group: 'autoscaling', version: 'v1', kind: 'Scale', hasStatus: true }, SCHEMA, 'scale'), { live: before, next, manager, now: 0 }).managedFields
  const managedFields = entriesAfterScale(current.metadata.managedFields, managed, apiVersionOf(kind), replicasPaths), { managedFields: _, ...metadata } = current.metadata, { resourceVersion, uid } = after.metadata
  return { ...withMember(current, path, replicas), metadata: { ...metadata, ...(resourceVersion && { resourceVersion }), ...(uid && { uid }), ...(managedFields && { managedFields }) } }
}

const apiVersionOf = ({ group, version }: Kind) => (group ? `${group}/${version}` : version)

/** All versions of a kind keep them in the same place. */
function replicasPathsOf(kind: Kind, { metadata: { managedFields = [] } }: KubeObject, path: readonly string[]): ReplicasPaths {
  const elements = path.map(fieldElement), versions = managedFields.flatMap((entry) => (isJsonObject(entry) && typeof entry['apiVersion'] === 'string' ? [entry['apiVersion']] : []))
  return new Map([apiVersionOf(kind), ...versions].map((version) => [version, elements]))
}

function replicasOf(scale: KubeObject, { specReplicasPath }: ScalePaths, wasSet: boolean): number {
  const value = at(scale, ['spec', 'replicas']) ?? undefined, integer = value === undefined ? 0n : isNumber(value) ? toInteger(value) : undefined
  if (value === undefined && !wasSet) throw StatusError.badRequest(`the spec replicas field ${JSON.stringify(specReplicasPath)} cannot be empty`)
  if (integer === undefined || BigInt.asIntN(32, integer) !== integer)
    throw StatusError.badRequest(`Scale in version "v1" cannot be handled as a Scale: json: cannot unmarshal ${isNumber(value) ? 'number' : typeof value} into Go struct field ScaleSpec.spec.replicas of type int32`)
  return Number(integer)
}

function withMember(object: JsonObject, [first, ...rest]: readonly string[], value: unknown): JsonObject {
  const inner = object[first!]
  return { ...object, [first!]: rest.length === 0 ? value : withMember(isJsonObject(inner) ? inner : {}, rest, value) }
}
