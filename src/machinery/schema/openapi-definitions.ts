import type { JsonSchema } from '../meta/json-schema.ts'
import { type DocumentedResource, type GroupVersionKind, SCALE } from './openapi-operations.ts'
import type { Definitions } from './resolve-schema.ts'

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.', REFERENCE = '#/components/schemas/'
/** What operations refer to besides their objects. */
const ALWAYS = ['APIResourceList', 'DeleteOptions', 'Status', 'Patch', 'WatchEvent', 'ListMeta', 'ObjectMeta'].map((name) => META + name)
/** Kinds of every group version. */
const IN_EVERY_VERSION = ['DeleteOptions', 'WatchEvent']

/** Definitions that a document of these resources needs and how each resource's are called. `kind` is the name of its objects, `list` that of lists. */
export function documentDefinitions(resources: readonly DocumentedResource[], definitions: Definitions): { readonly definitions: Record<string, JsonSchema>; readonly names: ReadonlyMap<DocumentedResource, { readonly object: string; readonly list: string }> } {
  const byKind = new Map(Object.entries(definitions).flatMap(([name, schema]) => (schema['x-kubernetes-group-version-kind'] ?? []).map((of) => [keyOf(of), name] as const)))
  const found: Record<string, JsonSchema> = {}, names = new Map<DocumentedResource, { object: string; list: string }>()
  for (const resource of resources) {
    const { kind } = resource, object = resource.schema ?? byKind.get(keyOf(kind)) ?? definitionName(kind), list = byKind.get(keyOf({ ...kind, kind: kind.listKind })) ?? `${object}List`
    names.set(resource, { object, list })
    found[object] = definitions[object] ?? freeObject(kind)
    found[list] = definitions[list] ?? listOf(kind, object)
    if (resource.scale) found[SCALE] = definitions[SCALE] ?? scaleDefinition
  }
  for (const name of [...ALWAYS, ...Object.keys(found)]) collect(name, found, definitions)
  for (const name of IN_EVERY_VERSION) found[META + name] = { ...found[META + name], 'x-kubernetes-group-version-kind': [...new Map(resources.map(({ kind: { group, version } }) => [`${group}/${version}`, { group, version, kind: name }])).values()] }
  return { definitions: Object.fromEntries(Object.entries(found).toSorted(([a], [b]) => (a < b ? -1 : 1))), names }
}

/** `federation.cluster.v1alpha1.Cluster` for a Cluster of cluster.federation/v1alpha1. */
export const definitionName = ({ group, version, kind }: GroupVersionKind): string => [...group.split('.').toReversed(), version, kind].filter((part) => part !== '').join('.')

const keyOf = ({ group, version, kind }: GroupVersionKind) => `${group}/${version}/${kind}`

function collect(name: string, found: Record<string, JsonSchema>, definitions: Definitions): void {
  const schema = (found[name] ??= definitions[name] ?? missing(name))
  for (const reference of references(schema)) if (!found[reference]) collect(reference, found, definitions)
}

const missing = (name: string): never => { throw new Error(`schema "${name}" is referred to but not defined`) }

function references(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(references)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => (key === '$ref' && typeof inner === 'string' ? [inner.slice(inner.lastIndexOf('/') + 1)] : references(inner)))
}

const TYPE_META: Record<string, JsonSchema> = { apiVersion: { description: 'Version of the schema of this object.', type: 'string' }, kind: { description: 'Kind of this object.', type: 'string' } }

const freeObject = ({ group, version, kind }: DocumentedResource['kind']): JsonSchema => ({
  type: 'object', properties: { ...TYPE_META, metadata: { $ref: `${REFERENCE}${META}ObjectMeta` } }, 'x-kubernetes-preserve-unknown-fields': true, 'x-kubernetes-group-version-kind': [{ group, version, kind }],
})

const int32: JsonSchema = { type: 'integer', format: 'int32' }
const scaleDefinition: JsonSchema = {
  description: 'How many replicas are wanted and how many there are.', type: 'object', 'x-kubernetes-group-version-kind': [{ group: 'autoscaling', version: 'v1', kind: 'Scale' }],
  properties: { ...TYPE_META, metadata: { allOf: [{ $ref: `${REFERENCE}${META}ObjectMeta` }] }, spec: { type: 'object', properties: { replicas: int32 } }, status: { type: 'object', required: ['replicas'], properties: { replicas: int32, selector: { type: 'string' } } } },
}

const listOf = ({ group, version, kind, listKind }: DocumentedResource['kind'], object: string): JsonSchema => ({
  description: `Objects of kind ${kind}.`, type: 'object', required: ['items'],
  properties: { ...TYPE_META, items: { description: 'The objects.', type: 'array', items: { $ref: REFERENCE + object } }, metadata: { description: 'About the list.', allOf: [{ $ref: `${REFERENCE}${META}ListMeta` }] } },
  'x-kubernetes-group-version-kind': [{ group, version, kind: listKind }],
})
