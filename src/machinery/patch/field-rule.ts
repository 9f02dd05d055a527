import { withObjectFields } from '../apply/openapi-type.ts'
import type { JsonSchema } from '../meta/json-schema.ts'
import { own } from '../schema/prune.ts'

/** How a member of an object is merged. */
export interface FieldRule {
  /** Of the member, or of its items where it is a list. Undefined: nothing is known of it. */
  readonly schema: JsonSchema | undefined
  /** '': objects are merged, lists replaced. */
  readonly strategy: '' | 'merge' | 'replace'
  /** The member by which items of a list are found; '': they are scalars. */
  readonly mergeKey: string
}

/** `x-kubernetes-patch-strategy` may be `merge`, `replace`, `retainKeys`, or `merge,retainKeys`; that keys are retained is for clients, which write the directive. */
export function fieldRule(schema: JsonSchema | undefined, name: string): FieldRule {
  const rest = schema?.additionalProperties, property = own(schema?.properties, name) ?? (typeof rest === 'object' ? rest : undefined)
  const strategies = property?.['x-kubernetes-patch-strategy']?.split(',') ?? [], inside = property?.items ?? property
  return {
    schema: inside?.['x-kubernetes-embedded-resource'] ? withObjectFields(inside) : inside,
    strategy: strategies.includes('merge') ? 'merge' : strategies.includes('replace') ? 'replace' : '', mergeKey: property?.['x-kubernetes-patch-merge-key'] ?? '',
  }
}
