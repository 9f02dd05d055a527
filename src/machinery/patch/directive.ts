import { shown, typeName } from '../apply/go-text.ts'
import type { JsonObject } from '../meta/json-value.ts'
import { isJsonObject } from '../meta/json-value.ts'
import type { StatusError } from '../meta/status-error.ts'
import { failed } from './refusal.ts'

/** What is done with an object or an item instead of merging it: `replace`, `delete`. */
export const DIRECTIVE = '$patch'

export const unknownDirective = (patch: JsonObject): StatusError => failed(`unknown patch type: ${asText(patch[DIRECTIVE])} in map: ${shown(patch)}`)

/** Go's `%s`. */
const asText = (value: unknown) => (typeof value === 'string' || Array.isArray(value) || isJsonObject(value) ? shown(value) : value === null ? '%!s(<nil>)' : `%!s(${typeName(value)}=${shown(value)})`)
