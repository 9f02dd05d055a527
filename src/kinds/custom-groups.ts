import { createStoredResource } from '../machinery/registry/stored-resource.ts'
import type { JsonSchema } from '../machinery/meta/json-schema.ts'
import type { Resource, Storage } from '../machinery/meta/core.ts'
import type { Definitions } from '../machinery/schema/resolve-schema.ts'
import { definitionName } from '../machinery/schema/openapi-definitions.ts'
import type { ApiGroup } from '../machinery/server/catalog.ts'
import { compareVersions } from '../machinery/meta/version-order.ts'
import type { CustomKind } from './custom-kind.ts'
import { versionView } from './version-view.ts'

type Dependencies = Parameters<typeof createStoredResource>[2]

/** Custom kinds in their groups, stored and served; each served version follows the store by itself. Lives until the signal aborts. */
export async function customGroups(kinds: readonly CustomKind[], storage: Storage, dependencies: Dependencies, signal: AbortSignal): Promise<readonly ApiGroup[]> {
  const groups = new Map<string, Map<string, Resource[]>>()
  for (const { stored, served } of kinds) {
    for (const kind of served) {
      const view = kind.version === stored.version ? storage : versionView(storage, { schema: await kind.schema(signal), apiVersion: `${kind.group}/${kind.version}`, storedAs: `${kind.group}/${stored.version}` })
      const versions = groups.get(kind.group) ?? new Map<string, Resource[]>(), resources = versions.get(kind.version) ?? []
      groups.set(kind.group, versions.set(kind.version, [...resources, createStoredResource(kind, view, dependencies, signal)]))
    }
  }
  return [...groups].map(([name, versions]) => ({ name, versions: [...versions].toSorted(([a], [b]) => compareVersions(a, b)).map(([version, resources]) => ({ version, resources })) }))
}

const META = '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'

/** Definitions of OpenAPI documents: each kind's own, with what every resource has. */
export async function customDefinitions(kinds: readonly CustomKind[], signal: AbortSignal): Promise<Definitions> {
  const all = await Promise.all(kinds.flatMap(({ served }) => served).map(async (kind) => [definitionName(kind), documented(await kind.schema(signal), kind)] as const))
  return Object.fromEntries(all)
}

const documented = (schema: JsonSchema, { group, version, kind }: { group: string; version: string; kind: string }): JsonSchema => ({
  ...schema,
  properties: { apiVersion: { type: 'string', description: 'Version of the schema of this object.' }, kind: { type: 'string', description: 'Kind of this object.' }, metadata: { allOf: [{ $ref: META }], description: 'What every object has.' }, ...Object.fromEntries(Object.entries(withoutMetadata(schema.properties)).map(([name, property]) => [name, spelledOut(property)])) },
  'x-kubernetes-group-version-kind': [{ group, version, kind }],
})

function withoutMetadata(properties: Record<string, JsonSchema> = {}): Record<string, JsonSchema> {
  const { metadata: _metadata, ...rest } = properties
  return rest
}

/** An integer or a string, in words that every reader of schemas understands. */
function spelledOut(schema: JsonSchema): JsonSchema {
  const { properties, items, additionalProperties } = schema
  return {
    ...schema, ...(schema['x-kubernetes-int-or-string'] && !schema.type && !schema.anyOf && !schema.allOf && { anyOf: [{ type: 'integer' }, { type: 'string' }] }),
    ...(properties && { properties: Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, spelledOut(property)])) }), ...(items && { items: spelledOut(items) }),
    ...(typeof additionalProperties === 'object' && { additionalProperties: spelledOut(additionalProperties) }),
  }
}
