import { type Environment, Optional } from '@marcbachmann/cel-js'
import { Duration } from '@marcbachmann/cel-js/evaluator'
import type { JsonSchema } from '../../meta/json-schema.ts'
import { getMember, isJsonObject } from '../../meta/json-value.ts'
import { toInteger, toNumber } from '../../schema/number.ts'
import { equalValues } from './list-library.ts'

/** How values of a schema look to rules: `name` is CEL's type, `convert` makes the value of it. */
export interface SchemaType { readonly name: string; convert(this: void, value: unknown): unknown }

/**
 * Types of schemas, declared in `environment` (apiserver/pkg/cel/common/schemas.go). An object becomes a type with exactly its declared properties, so that rules cannot name others;
 * integers become BigInt, timestamps Date. Undefined where rules may not look: nothing is known of what the schema admits.
 */
export class SchemaTypes {
  readonly #environment: Environment
  readonly #known = new Map<JsonSchema, Map<boolean, SchemaType | undefined>>()
  #count = 0

  constructor(environment: Environment) { this.#environment = environment }

  /** `isRoot`: of a resource, the embedded ones included: apiVersion, kind and the name are there whatever the schema says. */
  of(schema: JsonSchema, isRoot = schema['x-kubernetes-embedded-resource'] === true): SchemaType | undefined {
    const known = this.#known.get(schema) ?? new Map<boolean, SchemaType | undefined>()
    if (known.has(isRoot)) return known.get(isRoot)
    this.#known.set(schema, known)
    // A schema that contains itself is open where it does.
    known.set(isRoot, DYNAMIC)
    const type = this.#make(schema, isRoot)
    known.set(isRoot, type)
    return type
  }

  #make(schema: JsonSchema, isRoot: boolean): SchemaType | undefined {
    if (schema['x-kubernetes-int-or-string']) return DYNAMIC
    const type = isRoot ? this.#object(withObjectMeta(schema)) : this.#typed(schema)
    // Null is a value that no typed field could hold.
    return type && schema.nullable ? { name: 'dyn', convert: (value) => (value === null ? null : type.convert(value)) } : type
  }

  #typed(schema: JsonSchema): SchemaType | undefined {
    switch (schema.type) {
      case 'array': {
        const item = schema.items && this.of(schema.items)
        return item && { name: `list<${item.name}>`, convert: (value) => (Array.isArray(value) ? value.map((member) => (member === null ? null : item.convert(member))) : value) }
      }
      case 'object': return this.#map(schema) ?? (isMap(schema) ? undefined : this.#object(schema))
      case 'string': return TEXTS[schema.format ?? ''] ?? STRING
      case 'boolean': return { name: 'bool', convert: (value) => value }
      case 'integer': return { name: 'int', convert: (value) => toInteger(value) ?? value }
      case 'number': return { name: 'double', convert: toNumber }
      default: return undefined
    }
  }

  #map({ additionalProperties: rest }: JsonSchema): SchemaType | undefined {
    const member = typeof rest === 'object' ? this.of(rest) : undefined
    return member && { name: `map<string, ${member.name}>`, convert: (value) => (isJsonObject(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, item === null ? null : member.convert(item)])) : value) }
  }

  #object({ properties = {} }: JsonSchema): SchemaType {
    const fields = Object.entries(properties).flatMap(([key, property]) => {
      const name = escaped(key), type = name === undefined ? undefined : this.of(property)
      return name !== undefined && type ? [{ key, name, type }] : []
    })
    const name = `Object${(this.#count += 1)}`, Value = class { [field: string]: unknown }
    this.#environment.registerType(name, { ctor: Value, fields: Object.fromEntries(fields.map((field) => [field.name, field.type.name])) })
    this.#environment.registerOperator(`${name} == ${name}`, equalValues)
    return {
      name,
      convert: (value) => {
        if (!isJsonObject(value)) return value
        const made = new Value()
        for (const { key, name: field, type } of fields) {
          const member = getMember(value, key)
          if (member !== undefined && (member !== null || type.name === 'dyn')) made[field] = type.convert(member)
        }
        return made
      },
    }
  }
}

const isMap = ({ additionalProperties }: JsonSchema) => typeof additionalProperties === 'object'

/** What no schema describes: whole numbers are integers, all others doubles. Members are in order: the library compares maps member by member. */
export function dynamicValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(dynamicValue)
  if (isJsonObject(value)) return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined).toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, member]) => [key, dynamicValue(member)]))
  return typeof value === 'number' || JSON.isRawJSON(value) ? toInteger(value) ?? toNumber(value) : value
}

const DYNAMIC: SchemaType = { name: 'dyn', convert: dynamicValue }
const STRING: SchemaType = { name: 'string', convert: (value) => value }
const timestamp: SchemaType = { name: 'google.protobuf.Timestamp', convert: (value) => new Date(String(value)) }
const TEXTS: Readonly<Record<string, SchemaType | undefined>> = {
  byte: { name: 'bytes', convert: (value) => new Uint8Array(Buffer.from(String(value), 'base64')) },
  date: timestamp, 'date-time': timestamp,
  duration: { name: 'google.protobuf.Duration', convert: (value) => durationOf(String(value)) },
}

const UNIT_NANOSECONDS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 }

function durationOf(text: string): Duration {
  const total = [...text.matchAll(/([\d.]+)(ns|us|µs|μs|ms|s|m|h)/g)].reduce((sum, [, amount, unit]) => sum + Number(amount) * UNIT_NANOSECONDS[unit!]!, 0), signed = Math.round(text.startsWith('-') ? -total : total)
  return new Duration(BigInt(Math.trunc(signed / 1e9)), signed % 1e9)
}

function withObjectMeta(schema: JsonSchema): JsonSchema {
  const text: JsonSchema = { type: 'string' }
  return { ...schema, properties: { ...schema.properties, apiVersion: text, kind: text, metadata: { type: 'object', properties: { name: text, generateName: text } } } }
}

const RESERVED = new Set(['true', 'false', 'null', 'in', 'as', 'break', 'const', 'continue', 'else', 'for', 'function', 'if', 'import', 'let', 'loop', 'package', 'namespace', 'return', 'var', 'void', 'while'])
const ESCAPES: Readonly<Record<string, string>> = { '.': '__dot__', '-': '__dash__', '/': '__slash__', __: '__underscores__' }
/** Names that a JavaScript object cannot tell from its own. */
const UNUSABLE = new Set(['constructor', '__proto__', 'prototype'])

/** A property's name as an identifier (apiserver/pkg/cel/escaping.go): `a-b` is `a__dash__b`, `namespace` is `__namespace__`. Undefined: it cannot be named. */
function escaped(name: string): string | undefined {
  if (RESERVED.has(name)) return `__${name}__`
  if (!/^[a-zA-Z_][\w./-]*$/.test(name) || UNUSABLE.has(name)) return undefined
  return name.replaceAll(/__|[./-]/g, (part) => ESCAPES[part]!)
}

/** oldSelf of a rule with optionalOldSelf. */
export const optionalOf = (value: unknown): Optional => (value === undefined ? Optional.none() : Optional.of(value))
