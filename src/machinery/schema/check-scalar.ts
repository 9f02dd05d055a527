import type { JsonSchema } from '../meta/json-schema.ts'
import { equalJson } from '../meta/json-value.ts'
import { type FieldError, fieldError } from '../meta/status-error.ts'
import { isFormat } from './format.ts'
import { fitsFormat, isNumber, toInteger, toNumber } from './number.ts'

/** Type, enum, limits, length, pattern and format of one value, without looking into it. */
export function checkScalar(schema: JsonSchema, value: unknown, path: string): FieldError[] {
  const type = typeError(schema, value, path)
  return [
    ...(type ? [type] : []),
    ...(typeof value === 'string' ? checkString(schema, value, path) : isNumber(value) ? checkNumber(schema, value, path) : []),
    ...checkEnum(schema, value, path),
  ]
}

function typeError(schema: JsonSchema, value: unknown, path: string): FieldError | undefined {
  const { type, format, nullable } = schema, actual = typeOf(value)
  if (type === undefined) {
    if (!schema['x-kubernetes-int-or-string'] || actual === 'string' || actual === 'integer' || (actual === 'null' && nullable)) return undefined
    return fieldError.typeInvalid(path, actual, `${path} in body must be of type integer,string: ${JSON.stringify(actual)}`)
  }
  if (actual === type || (actual === 'null' && nullable) || (type === 'number' && actual === 'integer')) return undefined
  // A format tells more than the type, except about strings, nulls and lists.
  const named = format !== undefined && isKnown(type, format) && !['string', 'null', 'array'].includes(actual)
  const wanted = named ? format : type, got = named ? GO_FORMATS[actual] ?? '' : actual
  return fieldError.typeInvalid(path, got, `${path} in body must be of type ${wanted}: ${JSON.stringify(got)}`)
}

type Actual = NonNullable<JsonSchema['type']> | 'null'
const typeOf = (value: unknown): Actual => {
  if (value === null || value === undefined) return 'null'
  if (Array.isArray(value)) return 'array'
  if (isNumber(value)) { const integer = toInteger(value); return integer !== undefined && fitsFormat(integer, 'int64') ? 'integer' : 'number' }
  return typeof value === 'object' ? 'object' : (typeof value as 'string' | 'boolean')
}
const GO_FORMATS: Readonly<Record<string, string>> = { integer: 'int64', number: 'float64' }
const isKnown = (type: string, format: string) => (type === 'integer' ? format === 'int32' || format === 'int64' : type === 'number' ? format === 'float' || format === 'double' : type === 'string')

/** Of length, shortness and pattern only the first failure is told; the format always. */
function checkString({ maxLength, minLength, pattern, format, type }: JsonSchema, value: string, path: string): FieldError[] {
  const errors: FieldError[] = [], length = maxLength === undefined && minLength === undefined ? 0 : codePoints(value)
  if (maxLength !== undefined && length > maxLength) errors.push(fieldError.tooLong(path, maxLength))
  else if (minLength !== undefined && length < minLength) errors.push(fieldError.invalid(path, value, `${path} in body should be at least ${minLength} chars long`))
  else if (pattern) {
    const broken = patternError(pattern, value)
    if (broken !== undefined) errors.push(fieldError.invalid(path, value, `${path} in body should match '${pattern}${broken}'`))
  }
  if (format !== undefined && (type === undefined || type === 'string') && !isFormat(format, value)) errors.push(fieldError.typeInvalid(path, value, `${path} in body must be of type ${format}: ${JSON.stringify(value)}`))
  return errors
}

/** Patterns are Go's: flags may lead them. Undefined: it matches; otherwise what the message adds. One that cannot be compiled matches nothing. */
function patternError(pattern: string, value: string): string | undefined {
  const [, flags = '', body = ''] = /^(?:\(\?([ims]+)\))?(.*)$/s.exec(pattern) ?? []
  const source = body.replaceAll(String.raw`\A`, '^').replaceAll(String.raw`\z`, '$')
  try {
    return new RegExp(source, `${flags}u`).test(value) ? undefined : ''
  } catch {
    // Go allows escapes that the strict syntax refuses.
    try { return new RegExp(source, flags).test(value) ? undefined : '' } catch (error) { return `, but pattern is invalid: ${(error as Error).message}` }
  }
}

function checkNumber(schema: JsonSchema, value: unknown, path: string): FieldError[] {
  const { type, format, minimum, maximum, multipleOf, exclusiveMinimum, exclusiveMaximum } = schema, errors: FieldError[] = [], number = toNumber(value), integer = toInteger(value)
  const invalid = (text: string) => errors.push(fieldError.invalid(path, value, `${path} in body should be ${text}`))
  if (type === 'integer' && (integer === undefined || !fitsFormat(integer, format))) {
    errors.push(fieldError.invalid('<nil>', '', `Checked value must be of type integer ${format ? `with format ${format}` : '(default format)'} in ${path}`))
  }
  if (type === 'number' && format === 'float' && Math.abs(number) > MAX_FLOAT) errors.push(fieldError.invalid('<nil>', '', `Checked value must be of type number with format float in ${path}`))
  if (multipleOf !== undefined && !isMultiple(number, multipleOf)) invalid(`a multiple of ${multipleOf}`)
  if (minimum !== undefined && (exclusiveMinimum ? number <= minimum : number < minimum)) invalid(`greater than ${exclusiveMinimum ? '' : 'or equal to '}${minimum}`)
  if (maximum !== undefined && (exclusiveMaximum ? number >= maximum : number > maximum)) invalid(`less than ${exclusiveMaximum ? '' : 'or equal to '}${maximum}`)
  return errors
}

const MAX_FLOAT = 3.4028234663852886e38

/** Up to the rounding of doubles: 0.3 is a multiple of 0.1. */
function isMultiple(number: number, factor: number): boolean {
  const quotient = factor < 1 ? (1 / factor) * number : number / factor
  return Math.abs(quotient - Math.round(quotient)) <= 1e-9 * Math.max(1, Math.abs(quotient))
}

function checkEnum(schema: JsonSchema, value: unknown, path: string): FieldError[] {
  if (!schema.enum || (value === null && schema.nullable) || schema.enum.some((allowed) => equalJson(allowed, value))) return []
  return [fieldError.notSupported(path, value, schema.enum.map((allowed) => (typeof allowed === 'string' ? allowed : JSON.stringify(allowed))))]
}

function codePoints(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}
