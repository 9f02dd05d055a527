import generated from '../../../../openapi/types.federation.v1alpha1.json' with { type: 'json' }
import type { JsonSchema } from '../../../machinery/meta/json-schema.ts'
import type { Definitions } from '../../../machinery/schema/resolve-schema.ts'
import { metaDefinitions } from '../../meta/v1/definitions.ts'

const PREFIX = 'federation.types.v1alpha1.', REFERENCE = '#/components/schemas/'
const { [`${PREFIX}FederatedObject`]: object, [`${PREFIX}FederatedSpec`]: spec, [`${PREFIX}Template`]: template, ...parts } = generated as unknown as Record<string, JsonSchema>

/** A kind that federated objects are made for. `schema`: its definition, whose references are among `definitions`. */
export interface TargetDefinition { readonly kind: string; readonly schema: JsonSchema }

/** Definitions that all federated kinds refer to. */
export const federatedDefinitions: Definitions = { ...metaDefinitions, ...parts }

/** The same for documents that must stay small: one spec for all kinds, in which a template may be anything. */
export const openFederatedDefinitions: Definitions = {
  ...federatedDefinitions, [`${PREFIX}FederatedSpec`]: spec!,
  // Without a type: a client that checks objects itself would otherwise know no field of it.
  [`${PREFIX}Template`]: { description: template!.description!, 'x-kubernetes-preserve-unknown-fields': true },
}

/**
 * The definitions of one federated kind, by name: the object, its spec, and its template with the target's own fields. `names.object` is what documents refer to.
 * `group` and `version` are the federated kind's.
 */
export function definitionsOf({ kind, schema }: TargetDefinition, { group, version }: { readonly group: string; readonly version: string }): { readonly definitions: Definitions; readonly object: string } {
  const prefix = prefixOf({ group, version }), names = { object: `${prefix}Federated${kind}`, spec: `${prefix}Federated${kind}Spec`, template: `${prefix}${kind}Template` }
  const { status: _status, ...fields } = schema.properties ?? {}, required = schema.required?.filter((field) => field !== 'status' && field !== 'metadata')
  return {
    object: names.object,
    definitions: {
      [names.object]: { ...withProperty(object!, 'spec', names.spec), 'x-kubernetes-group-version-kind': [{ group, version, kind: `Federated${kind}` }] },
      [names.spec]: withProperty(spec!, 'template', names.template),
      // Rules of the target stay; what says whose kind it is does not.
      [names.template]: { ...without(schema, 'x-kubernetes-group-version-kind', 'required'), description: template!.description!, properties: { ...fields, ...template!.properties }, ...(required?.length && { required }) },
    },
  }
}

/** A federated kind whose template is open, for `openFederatedDefinitions`. */
export const openDefinitionsOf = (kind: string, { group, version }: { readonly group: string; readonly version: string }): Definitions =>
  ({ [`${prefixOf({ group, version })}Federated${kind}`]: { ...object!, 'x-kubernetes-group-version-kind': [{ group, version, kind: `Federated${kind}` }] } })

const prefixOf = ({ group, version }: { readonly group: string; readonly version: string }): string => [...group.split('.').toReversed(), version, ''].join('.')

const withProperty = (schema: JsonSchema, field: string, name: string): JsonSchema =>
  ({ ...schema, properties: { ...schema.properties, [field]: { description: schema.properties![field]!.description!, allOf: [{ $ref: REFERENCE + name }] } } })

function without(schema: JsonSchema, ...fields: string[]): JsonSchema {
  return Object.fromEntries(Object.entries(schema).filter(([field]) => !fields.includes(field)))
}
