import { CLUSTER_VARIABLE, isIdentity, type Overriders } from '../../apis/policy.federation/v1alpha1/overriders.ts'
import type { KubeObject } from '../../machinery/meta/core.ts'
import type { JsonSchema } from '../../machinery/meta/json-schema.ts'
import { cloneJson } from '../../machinery/meta/json-value.ts'
import { type FieldError, fieldError } from '../../machinery/meta/status-error.ts'
import { own, prune } from '../../machinery/schema/prune.ts'
import { validateSchema } from '../../machinery/schema/validate-schema.ts'
import { pointerTokens } from './apply-operation.ts'

/** A kind and its resolved schema. */
export interface OverriddenKind { readonly apiVersion: string; readonly kind: string; readonly schema: JsonSchema }

/**
 * What of the overriders can fit no object of the kind: paths to fields that it does not have, values of another type, texts where there are none. That a path is absent in one object
 * shows only when that is rendered. `path` is that of the overriders; their own syntax has been validated.
 */
export const checkOverriders = ({ plaintext = [], imageOverrider = [], fieldOverrider = [] }: Overriders, kind: OverriddenKind, path: string): FieldError[] => [
  ...imageOverrider.flatMap(({ predicate }, index) => (predicate ? checkText(predicate.path, kind, `${path}.imageOverrider[${index}].predicate.path`) : [])),
  ...fieldOverrider.flatMap(({ fieldPath }, index) => checkText(fieldPath, kind, `${path}.fieldOverrider[${index}].fieldPath`)),
  ...plaintext.flatMap(({ path: pointer, operator, value }, index) => checkOperation({ operator, pointer, value }, kind, `${path}.plaintext[${index}]`)),
]

/** The same for one operation of a list by cluster; `path` is that of the operation. */
export function checkOperation({ operator, pointer, value = null }: { operator: string; pointer: string; value?: unknown }, kind: OverriddenKind, path: string): FieldError[] {
  if (!isPointer(pointer) || isIdentity(pointer)) return []
  const place = placeOf(pointer, kind)
  if ('problem' in place) return [fieldError.invalid(`${path}.path`, pointer, place.problem)]
  return operator === 'remove' || !place.schema ? [] : checkValue(value, place.schema, `${path}.value`)
}

function checkText(pointer: string, kind: OverriddenKind, path: string): FieldError[] {
  if (!isPointer(pointer)) return []
  const place = placeOf(pointer, kind)
  if ('problem' in place) return [fieldError.invalid(path, pointer, place.problem)]
  return !place.schema?.type || place.schema.type === 'string' ? [] : [fieldError.invalid(path, pointer, `must lead to a string; it is of type ${place.schema.type} in ${kind.apiVersion} ${kind.kind}`)]
}

/** Variables in a path are known for a cluster only. */
const isPointer = (pointer: string) => (pointer === '' || pointer.startsWith('/')) && pointer.search(CLUSTER_VARIABLE) < 0

/** The schema of what a pointer leads to; undefined: anything may be there. */
function placeOf(pointer: string, { apiVersion, kind, schema }: OverriddenKind): { readonly schema: JsonSchema | undefined } | { readonly problem: string } {
  let current: JsonSchema | undefined = schema, at = ''
  for (const token of pointerTokens(pointer)) {
    if (!current || isOpen(current)) return { schema: undefined }
    const next: JsonSchema | true | undefined = current.type === 'array' ? (/^(?:-|0|[1-9]\d*)$/.test(token) ? current.items ?? true : undefined) : own(current.properties, token) ?? restOf(current)
    if (next === undefined) return { problem: current.type === 'array' ? `${at} is a list in ${apiVersion} ${kind}, and ${JSON.stringify(token)} no place in one` : `${at || 'the object'} has no field ${JSON.stringify(token)} in ${apiVersion} ${kind}` }
    current = next === true ? undefined : next
    at = at ? `${at}.${token}` : token
  }
  return { schema: current }
}

const restOf = ({ additionalProperties, 'x-kubernetes-preserve-unknown-fields': open }: JsonSchema): JsonSchema | true | undefined =>
  typeof additionalProperties === 'object' ? additionalProperties : open || additionalProperties ? true : undefined
/** Nothing is said of what is inside. */
const isOpen = ({ type, properties, additionalProperties, items, 'x-kubernetes-preserve-unknown-fields': open }: JsonSchema) => !properties && additionalProperties === undefined && !items && (type === undefined || open === true)

/** Types, else unknown fields; what must be there besides is for the member to say, which fills in defaults first. */
function checkValue(value: unknown, schema: JsonSchema, path: string): FieldError[] {
  if (value === null) return []
  // Under its path as a key, so that errors name it so.
  const holder: JsonSchema = { type: 'object', properties: { [path]: schema } }, object: KubeObject = { metadata: {}, [path]: cloneJson(value) }, unknown: FieldError[] = []
  const wrong = validateSchema(holder, object).filter(({ type }) => type === 'FieldValueTypeInvalid')
  prune(holder, object, (field) => { unknown.push(fieldError.invalid(field, '', 'there is no such field')) })
  return wrong.length > 0 ? wrong : unknown
}
