import { shown, typeName } from '../apply/go-text.ts'
import { withObjectFields } from '../apply/openapi-type.ts'
import type { JsonSchema } from '../meta/json-schema.ts'
import type { JsonObject } from '../meta/json-value.ts'
import { isJsonObject, setMember } from '../meta/json-value.ts'
import { fieldError, StatusError } from '../meta/status-error.ts'
import { isNumber, toNumber } from '../schema/number.ts'

/**
 * What is left of a patched document once it has the types of its kind: a kube-apiserver makes an object of it, in which fields that are null are not there, and texts cannot be numbers (apimachinery/pkg/runtime/converter.go).
 * `1.0` is an integer here, unlike in a body; types that read themselves (times, quantities, free JSON) are left to validation. Throws StatusError Invalid, in the words of that code, which shows the patch.
 */
export function typedDocument(document: JsonObject, schema: JsonSchema, patch: unknown): JsonObject {
  return new Conversion(patch).value(withObjectFields(schema), document) as JsonObject
}

class Conversion {
  readonly #patch: unknown

  constructor(patch: unknown) { this.#patch = patch }

  value(schema: JsonSchema | undefined, value: unknown): unknown {
    if (value === null || value === undefined || !schema) return value
    const { type, format = '' } = schema
    switch (type) {
      case 'object': return this.#object(schema, value)
      case 'array': {
        if (!Array.isArray(value)) throw this.#misfit(`cannot restore slice from ${goKind(value)}`)
        return value.map((item) => this.value(schema.items, item))
      }
      case 'string': return format === '' ? this.#scalar('string', value) : format === 'byte' && typeof value !== 'string' ? this.#bytes(value) : value
      case 'boolean': return this.#scalar('bool', value)
      case 'integer': return this.#scalar(format === 'int32' ? 'int32' : 'int64', value)
      case 'number': return this.#scalar('float64', value)
      default: return value
    }
  }

  #object({ properties, additionalProperties }: JsonSchema, value: unknown): unknown {
    if (!properties && typeof additionalProperties !== 'object') return value
    if (!isJsonObject(value)) throw this.#misfit(properties ? `cannot restore struct from: ${goKind(value)}` : `cannot restore map from ${goKind(value)}`)
    const result: JsonObject = {}
    for (const key of Object.keys(value)) {
      const property = properties && Object.hasOwn(properties, key) ? properties[key] : undefined
      // Fields that are unknown are for field validation to name.
      if (!property || value[key] !== null) setMember(result, key, this.value(property ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined), value[key]))
    }
    return result
  }

  #scalar(wanted: 'string' | 'bool' | 'int32' | 'int64' | 'float64', value: unknown): unknown {
    const given = typeName(value)
    if (given === wanted) return value
    if (!isNumber(value) || wanted === 'bool' || (wanted === 'string' && given === 'float64')) throw this.#misfit(`unrecognized type: ${wanted}`)
    if (wanted === 'string' || (wanted !== 'float64' && !Number.isInteger(toNumber(value)))) throw this.#misfit(`cannot convert ${given} to ${wanted}`)
    return value
  }

  #bytes(value: unknown): unknown {
    if (!Array.isArray(value)) throw this.#misfit(`cannot restore slice from ${goKind(value)}`)
    return value
  }

  #misfit(why: string): StatusError { return StatusError.invalid({ group: '', kind: '' }, '', [fieldError.invalid('patch', shown(this.#patch), why)]) }
}

const goKind = (value: unknown) => (Array.isArray(value) ? 'slice' : isJsonObject(value) ? 'map' : typeName(value))
