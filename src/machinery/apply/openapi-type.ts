import type { JsonSchema } from '../meta/json-schema.ts'
import { deduced, type ListType, makeField, type MapType, type Type, untypedAtomic, withRelationship, type Writable } from './apply-schema.ts'

type Definitions = Readonly<Record<string, JsonSchema>>

/**
 * The type of objects of a schema, as kube-openapi/pkg/schemaconv reads it: list-type, list-map-keys and map-type, patch strategies where these are missing, preserve-unknown-fields for all that is inside.
 * `schema` is resolved, or refers to `definitions`. apiVersion, kind and metadata are those of every object, where the schema leaves them open; so they are in embedded resources.
 */
export function objectType(schema: JsonSchema, definitions: Definitions = {}): Type {
  return new Converter(definitions).object(schema)
}

class Converter {
  readonly #definitions: Definitions
  /** By schema and by whether fields that it does not know are kept. */
  readonly #done = [new Map<JsonSchema, Writable<Type>>(), new Map<JsonSchema, Writable<Type>>()] as const
  readonly #later: (() => void)[] = []

  constructor(definitions: Definitions) { this.#definitions = definitions }

  object(schema: JsonSchema): Type {
    const type = this.#reference(withObjectFields(this.#target(schema)), false)
    for (const finish of this.#later) finish()
    return type
  }

  #target(schema: JsonSchema): JsonSchema {
    const name = referenceOf(schema)
    return name === undefined ? schema : this.#definitions[name] ?? schema
  }

  #reference(schema: JsonSchema, preserve: boolean): Type {
    const name = referenceOf(schema)
    if (name === undefined) return this.#inline(schema, preserve)
    const definition = this.#definitions[name], relationship = schema['x-kubernetes-map-type']
    const target = name === QUANTITY ? ANY_SCALAR : name === RAW_EXTENSION ? untypedAtomic : definition ? this.#inline(definition, false) : { unresolved: name }
    if (relationship === undefined) return target
    // The target may not be filled yet, where types are recursive.
    const copy: Writable<Type> = {}
    this.#later.push(() => { Object.assign(copy, withRelationship(target, relationship === 'atomic', name)) })
    return copy
  }

  #inline(schema: JsonSchema, inherited: boolean): Type {
    const preserve = inherited || schema['x-kubernetes-preserve-unknown-fields'] === true, done = this.#done[preserve ? 1 : 0], known = done.get(schema)
    if (known) return known
    const type: Writable<Type> = {}
    // Known before it is filled, so that recursion ends.
    done.set(schema, type)
    return Object.assign(type, this.#parts(schema['x-kubernetes-embedded-resource'] ? withObjectFields(schema) : schema, preserve))
  }

  #parts(schema: JsonSchema, preserve: boolean): Type {
    switch (schema.type) {
      case 'object': return { map: this.#map(schema, preserve) }
      case 'array': return { list: this.#list(schema, preserve) }
      case 'integer':
      case 'number': return { scalar: 'numeric' }
      case 'boolean': return { scalar: 'boolean' }
      case 'string': return schema.format === undefined || schema.format === '' || schema.format === 'byte' ? { scalar: 'string' } : ANY_SCALAR
      default: return isQuantity(schema) ? ANY_SCALAR : { scalar: 'untyped', list: this.#list(schema, preserve), map: this.#map(schema, preserve) }
    }
  }

  #map(schema: JsonSchema, preserve: boolean): MapType {
    const { properties = {}, additionalProperties: rest } = schema
    return {
      fields: new Map(Object.entries(properties).map(([name, property]) => [name, makeField(name, this.#reference(property, preserve), property.default)])),
      // An object of which nothing is said may hold anything.
      rest: rest === undefined ? preserve || Object.keys(properties).length === 0 ? deduced : undefined : rest === true ? deduced : rest === false ? undefined : this.#reference(rest, preserve),
      atomic: schema['x-kubernetes-map-type'] === 'atomic',
    }
  }

  #list(schema: JsonSchema, preserve: boolean): ListType {
    return { item: schema.items ? this.#reference(schema.items, preserve) : untypedAtomic, ...relationshipOf(schema) }
  }
}

/** Lists of which nothing is said are leaves. */
function relationshipOf(schema: JsonSchema): { readonly associative: boolean; readonly keys: readonly string[] } {
  switch (schema['x-kubernetes-list-type']) {
    case 'set': return { associative: true, keys: [] }
    case 'map': return { associative: true, keys: schema['x-kubernetes-list-map-keys'] ?? [] }
    case 'atomic': return { associative: false, keys: [] }
    default: {
      const strategy = schema['x-kubernetes-patch-strategy'], key = schema['x-kubernetes-patch-merge-key']
      return strategy === 'merge' || strategy === 'merge,retainKeys' ? { associative: true, keys: key === undefined ? [] : [key] } : { associative: false, keys: [] }
    }
  }
}

/** A reference with siblings is written inside an allOf. */
const referenceOf = ({ $ref, allOf }: JsonSchema): string | undefined => {
  const reference = $ref ?? (allOf?.length === 1 ? allOf[0]!.$ref : undefined)
  return reference?.slice(reference.lastIndexOf('/') + 1)
}

/** Where the reference is resolved, its name is lost: the only type that is written as a string or a number. */
const isQuantity = ({ oneOf }: JsonSchema) => oneOf?.length === 2 && oneOf[0]!.type === 'string' && oneOf[1]!.type === 'number'

/** With apiVersion, kind and metadata as every object has them, where the schema leaves them open. */
export function withObjectFields(schema: JsonSchema): JsonSchema {
  const { apiVersion = STRING, kind = STRING, metadata, ...rest } = schema.properties ?? {}
  // A schema of its own may narrow names only.
  const isOpen = metadata === undefined || (referenceOf(metadata) === undefined && !metadata.properties?.['labels'])
  return { ...schema, properties: { apiVersion, kind, metadata: isOpen ? OBJECT_META : metadata, ...rest } }
}

const QUANTITY = 'io.k8s.apimachinery.pkg.api.resource.Quantity', RAW_EXTENSION = 'io.k8s.apimachinery.pkg.runtime.RawExtension'
const ANY_SCALAR: Type = { scalar: 'untyped' }
const STRING: JsonSchema = { type: 'string' }, TIME: JsonSchema = { type: 'string', format: 'date-time' }, INTEGER: JsonSchema = { type: 'integer' }, BOOLEAN: JsonSchema = { type: 'boolean' }
const STRINGS: JsonSchema = { type: 'object', additionalProperties: STRING }
/** metadata of every object (apimachinery/pkg/apis/meta/v1/types.go); schemas of custom resources leave it out. */
const OBJECT_META: JsonSchema = {
  type: 'object',
  properties: {
    annotations: STRINGS, creationTimestamp: TIME, deletionGracePeriodSeconds: INTEGER, deletionTimestamp: TIME, finalizers: { type: 'array', items: STRING, 'x-kubernetes-list-type': 'set', 'x-kubernetes-patch-strategy': 'merge' },
    generateName: STRING, generation: INTEGER, labels: STRINGS, managedFields: { type: 'array' }, name: STRING, namespace: STRING,
    ownerReferences: {
      type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['uid'], 'x-kubernetes-patch-strategy': 'merge', 'x-kubernetes-patch-merge-key': 'uid',
      items: { type: 'object', 'x-kubernetes-map-type': 'atomic', properties: { apiVersion: STRING, blockOwnerDeletion: BOOLEAN, controller: BOOLEAN, kind: STRING, name: STRING, uid: STRING } },
    },
    resourceVersion: STRING, selfLink: STRING, uid: STRING,
  },
}
