import type { Type } from '../apply/apply-schema.ts'
import type { ManagedKind } from '../apply/field-manager.ts'
import { objectType } from '../apply/openapi-type.ts'
import { PathSet } from '../apply/path-set.ts'
import type { Kind } from '../meta/core.ts'
import type { JsonSchema } from '../meta/json-schema.ts'

/** How fields of a stored kind are merged and owned through an endpoint of it. Versions of one kind differ in apiVersion alone. */
export function managedKind(kind: Pick<Kind, 'group' | 'version' | 'kind'> & { readonly hasStatus: boolean }, schema: JsonSchema, subresource: string | undefined): ManagedKind {
  const type = typeOf(schema), prefix = kind.group ? `${kind.group}/` : '', resetFields = resetBy(kind.hasStatus, schema, subresource)
  return {
    apiVersion: prefix + kind.version, kind: kind.kind, type, ...(subresource !== undefined && { subresource }), ...(resetFields && { resetFields }),
    convert: (object, apiVersion) => (apiVersion.startsWith(prefix) && apiVersion.indexOf('/') === prefix.length - 1 ? { object: { ...object, apiVersion }, type } : undefined),
  }
}

const types = new WeakMap<JsonSchema, Type>()

function typeOf(schema: JsonSchema): Type {
  let type = types.get(schema)
  if (!type) types.set(schema, type = objectType(schema))
  return type
}

/** The main resource leaves status as it was, the status subresource everything else. */
function resetBy(hasStatus: boolean, { properties = {} }: JsonSchema, subresource: string | undefined): PathSet | undefined {
  if (!hasStatus) return undefined
  if (subresource !== 'status') return PathSet.of(['f:status'])
  return PathSet.of(...new Set(['metadata', 'spec', ...Object.keys(properties)].filter((name) => name !== 'status').map((name) => [`f:${name}`])))
}
