import type { JsonSchema } from '../src/machinery/meta/json-schema.ts'

type Definitions = Record<string, JsonSchema>
interface Target { readonly group: string; readonly version: string; readonly ofKubernetes: Readonly<Record<string, string>> }

const REFERENCE = '#/components/schemas/'

/**
 * Puts right what tsoa cannot say: names become `federation.cluster.v1alpha1.Cluster` or Kubernetes' own, `Record<…>` is inlined, every model being open is dropped,
 * a reference with a description is wrapped in allOf, and kinds get their group, version and kind.
 */
export function postProcess(models: Definitions, target: Target): Definitions {
  const own = Object.entries(models).filter(([name]) => !isRecord(name) && !(name in target.ofKubernetes))
  return Object.fromEntries(own.map(([name, model]) => [definitionName(name, target), definition(name, model, models, target)]))
}

/** Types of TypeScript's own that tsoa names as if they were models. */
const isRecord = (name: string) => /^(?:Record|Partial|Pick|Omit)_/.test(name)
const definitionName = (name: string, { group, version, ofKubernetes }: Target) => ofKubernetes[name] ?? `${group.split('.').toReversed().join('.')}.${version}.${name}`

function definition(name: string, model: JsonSchema, models: Definitions, target: Target): JsonSchema {
  const schema = convert(model, models, target), { apiVersion, kind, metadata } = schema.properties ?? {}
  if (!apiVersion || !kind || !metadata) return schema
  // A type with apiVersion, kind and metadata is a kind. Its metadata is there whatever the body says.
  const { required = [], ...rest } = schema, others = required.filter((field) => field !== 'metadata')
  return { ...rest, ...(others.length > 0 && { required: others }), 'x-kubernetes-group-version-kind': [{ group: target.group, version: target.version, kind: name }] }
}

function convert(schema: JsonSchema, models: Definitions, target: Target): JsonSchema {
  const { $ref, description, additionalProperties, properties, items, anyOf, allOf, oneOf, ...rest } = schema
  const each = (parts: JsonSchema[]) => parts.map((part) => convert(part, models, target))
  if ($ref !== undefined) return reference($ref.slice(REFERENCE.length), { ...(description !== undefined && { description }), ...rest }, models, target)
  // Real maps come as `Record` and have no properties; every other model is open only because tsoa says so.
  const values = properties && Object.keys(properties).length ? undefined : typeof additionalProperties === 'object' ? additionalProperties : undefined
  return {
    ...(description !== undefined && { description }), ...rest, ...patchMetadata(rest),
    ...(items && { items: convert(items, models, target) }),
    ...(anyOf && { anyOf: each(anyOf) }), ...(allOf && { allOf: each(allOf) }), ...(oneOf && { oneOf: each(oneOf) }),
    ...(properties && Object.keys(properties).length > 0 && { properties: Object.fromEntries(Object.entries(properties).map(([field, property]) => [field, convert(property, models, target)])) }),
    ...(values && { additionalProperties: convert(values, models, target) }),
  }
}

/**
 * What strategic merge patches know of lists, from what apply knows of them: sets of scalars and lists with one key are merged. With several keys there is no such patch: these lists are replaced.
 * It is written down, not left to be inferred by the server, because clients make their patches from it: where only one side merges, what a user removes from a list would stay.
 */
function patchMetadata({ 'x-kubernetes-list-type': type, 'x-kubernetes-list-map-keys': keys = [] }: JsonSchema): JsonSchema {
  if (type === 'set') return { 'x-kubernetes-patch-strategy': 'merge' }
  return type === 'map' && keys.length === 1 ? { 'x-kubernetes-patch-strategy': 'merge', 'x-kubernetes-patch-merge-key': keys[0]! } : {}
}

function reference(name: string, siblings: JsonSchema, models: Definitions, target: Target): JsonSchema {
  // The description of `Record` itself says nothing about the field.
  if (isRecord(name)) {
    const { additionalProperties, type } = convert(models[name]!, models, target)
    return { ...siblings, ...(type && { type }), ...(additionalProperties !== undefined && { additionalProperties }) }
  }
  const $ref = REFERENCE + definitionName(name, target)
  return Object.keys(siblings).length ? { ...siblings, allOf: [{ $ref }] } : { $ref }
}
