import type { JsonSchema } from '../meta/json-schema.ts'

export type Definitions = Readonly<Record<string, JsonSchema>>

/**
 * The definition called `name` with every `$ref` replaced by what it points to.
 * The result is a graph: one definition is one object however often it is used, and a recursive definition contains itself. Walk it along data; do not print it.
 * Errors: throws Error where a `$ref` names no definition.
 */
export function resolveSchema(definitions: Definitions, name: string): JsonSchema {
  return new Resolver(definitions).resolve(name)
}

class Resolver {
  readonly #definitions: Definitions
  readonly #done = new Map<string, JsonSchema>()
  /** Copies of definitions that may not be filled yet. */
  readonly #copies: (() => void)[] = []

  constructor(definitions: Definitions) { this.#definitions = definitions }

  resolve(name: string): JsonSchema {
    const schema = this.#definition(name)
    for (const copy of this.#copies) copy()
    return schema
  }

  #definition(name: string): JsonSchema {
    const known = this.#done.get(name), source = this.#definitions[name]
    if (known) return known
    if (!source) throw new Error(`schema "${name}" is referred to but not defined`)
    const target: JsonSchema = {}
    // Known before it is filled, so that recursion ends.
    this.#done.set(name, target)
    return Object.assign(target, this.#resolve(source), isFree(source) && { 'x-kubernetes-preserve-unknown-fields': true })
  }

  #resolve(schema: JsonSchema): JsonSchema {
    const { $ref, allOf, ...own } = schema
    if ($ref !== undefined) return this.#withSiblings($ref, own)
    // The way to give a reference a description or a default of its own.
    const only = allOf?.length === 1 ? allOf[0]!.$ref : undefined
    if (only !== undefined) return this.#withSiblings(only, own)
    return {
      ...own,
      ...(allOf && { allOf: allOf.map((part) => this.#resolve(part)) }),
      ...(own.anyOf && { anyOf: own.anyOf.map((part) => this.#resolve(part)) }),
      ...(own.oneOf && { oneOf: own.oneOf.map((part) => this.#resolve(part)) }),
      ...(own.not && { not: this.#resolve(own.not) }),
      ...(own.items && { items: this.#resolve(own.items) }),
      ...(own.properties && { properties: Object.fromEntries(Object.entries(own.properties).map(([key, value]) => [key, this.#resolve(value)])) }),
      ...(typeof own.additionalProperties === 'object' && { additionalProperties: this.#resolve(own.additionalProperties) }),
    }
  }

  #withSiblings($ref: string, siblings: JsonSchema): JsonSchema {
    const target = this.#definition($ref.slice($ref.lastIndexOf('/') + 1))
    if (!Object.keys(siblings).length) return target
    const copy = { ...siblings }
    this.#copies.push(() => { Object.assign(copy, { ...target, ...siblings }) })
    return copy
  }
}

/** A named type without any structure stands for free JSON (`FieldsV1`, `RawExtension`), unlike a bare object inside a schema, which has no fields. */
const isFree = ({ $ref, allOf, anyOf, oneOf, properties, additionalProperties, type }: JsonSchema) =>
  $ref === undefined && !allOf && !anyOf && !oneOf && !properties && additionalProperties === undefined && (type === undefined || type === 'object')
