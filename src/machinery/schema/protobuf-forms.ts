import { toInteger } from './number.ts'
import type { JsonObject } from '../meta/json-value.ts'
import { parseJson } from '../meta/json.ts'
import { formatQuantity, parseQuantity } from '../meta/quantity.ts'

/** A field as the table has it: its name in JSON, its type, and flags (openapi/kubernetes/README.md). */
export type TableField = readonly [name: string, type: string, flags: string]

/** A message whose JSON is a form of its own. `isEmpty`: nothing of it was sent. Undefined: null in JSON. */
export interface Form { readonly fields: Readonly<Record<string, TableField>>; readonly json: (message: JsonObject, isEmpty: boolean) => unknown }

const SCHEMA = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps'
const TIMESTAMP: Form['fields'] = { 1: ['seconds', 'int64', ''], 2: ['nanos', 'int32', ''] }

/** By the names that the table gives them. */
export const FORMS: Readonly<Record<string, Form>> = {
  Time: { fields: TIMESTAMP, json: ({ seconds }, isEmpty) => (isEmpty ? undefined : time(seconds)) },
  MicroTime: { fields: TIMESTAMP, json: ({ seconds, nanos }, isEmpty) => (isEmpty ? undefined : microTime(seconds, nanos as number)) },
  Quantity: { fields: { 1: ['text', 'string', ''] }, json: ({ text }, isEmpty) => (isEmpty ? '0' : quantity(text as string)) },
  IntOrString: { fields: { 1: ['type', 'int64', ''], 2: ['number', 'int32', ''], 3: ['text', 'string', ''] }, json: intOrString },
  Json: { fields: { 1: ['text', 'string', ''] }, json: ({ text }) => (text === '' ? undefined : parseJson(text as string) ?? undefined) },
  SchemaOrBool: { fields: { 1: ['allows', 'bool', ''], 2: ['schema', SCHEMA, '*'] }, json: ({ allows, schema }) => schema ?? allows },
  SchemaOrSchemas: { fields: { 1: ['schema', SCHEMA, '*'], 2: ['schemas', SCHEMA, '[]'] }, json: ({ schema, schemas }) => schemas ?? schema },
  SchemaOrStrings: { fields: { 1: ['schema', SCHEMA, '*'], 2: ['names', 'string', '[]'] }, json: ({ schema, names }) => names ?? schema },
  strings: { fields: { 1: ['items', 'string', '[]'] }, json: ({ items }) => items },
}

/** Go's zero time, which is null in JSON, and the last second of RFC 3339's years. */
const ZERO_SECONDS = -62_135_596_800, MAX_SECONDS = 253_402_300_799

function time(sent: unknown): string | undefined {
  const seconds = Number(toInteger(sent))
  if (seconds < ZERO_SECONDS || seconds > MAX_SECONDS) throw new SyntaxError('year outside of range [1,9999]')
  return seconds === ZERO_SECONDS ? undefined : new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')
}

/** What is finer than a microsecond is cut off. */
function microTime(sent: unknown, nanos: number): string | undefined {
  const carried = Math.floor(nanos / 1e9), micros = Math.floor((nanos - carried * 1e9) / 1000), seconds = time(Number(toInteger(sent)) + carried)
  return seconds?.replace('Z', `.${String(micros).padStart(6, '0')}Z`)
}

function quantity(text: string): string {
  const parsed = parseQuantity(text)
  if (!parsed) throw new SyntaxError("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")
  return formatQuantity(parsed)
}

function intOrString({ type, number, text }: JsonObject): unknown {
  if (type !== 0 && type !== 1) throw new SyntaxError('impossible IntOrString.Type')
  return type === 0 ? number : text
}
