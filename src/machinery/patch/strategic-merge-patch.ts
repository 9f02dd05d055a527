import { typeName } from '../apply/go-text.ts'
import { withObjectFields } from '../apply/openapi-type.ts'
import type { JsonSchema } from '../meta/json-schema.ts'
import type { JsonObject } from '../meta/json-value.ts'
import { cloneJson, getMember, isJsonObject, setMember } from '../meta/json-value.ts'
import { StatusError } from '../meta/status-error.ts'
import { wrongType } from './decoding-error.ts'
import { DIRECTIVE, unknownDirective } from './directive.ts'
import { checkOrder, inOrder } from './element-order.ts'
import { fieldRule, type FieldRule } from './field-rule.ts'
import { mergeLists, orderBefore } from './merge-lists.ts'
import { withoutNulls } from './merge-patch.ts'
import { failed } from './refusal.ts'

/** `{"$retainKeys": ["type"], …}`: the other members go. */
const RETAIN_KEYS = '$retainKeys'
/** `{"$deleteFromPrimitiveList/finalizers": ["a"]}`. */
const DELETE_FROM = '$deleteFromPrimitiveList'
/** `{"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}`. */
const SET_ORDER = '$setElementOrder'

/**
 * A strategic merge patch as a kube-apiserver applies it (apimachinery/pkg/util/strategicpatch): objects are merged, null removes a member, lists are merged where the schema has `x-kubernetes-patch-strategy: merge`
 * (by `x-kubernetes-patch-merge-key`; without one they hold scalars, each once), else replaced, and directives say what merging cannot. The inputs are left as they are.
 * `schema` is resolved. Where it says nothing, objects are merged and lists replaced; a kube-apiserver answers 500 there.
 * The result need not have the types of the schema, and may hold nulls: `typedDocument` comes next.
 * Errors, all StatusError: BadRequest for what is no patch or a malformed directive, Invalid for lists of lists, '' (500) for a directive that contradicts its list, an item without its merge key, items of different types.
 */
export function applyStrategicMergePatch(document: JsonObject, patch: unknown, schema: JsonSchema): JsonObject {
  if (patch === null) return document
  if (!isJsonObject(patch)) throw wrongType(patch, 'map[string]interface {}', '')
  return mergeObjects(document, cloneJson(patch), withObjectFields(schema))
}

function mergeObjects(original: JsonObject, patch: JsonObject, schema: JsonSchema | undefined): JsonObject {
  if (Object.hasOwn(patch, DIRECTIVE)) return instead(patch)
  const result = retained(original, patch), done = new Set([RETAIN_KEYS])
  for (const directive of Object.keys(patch).filter((key) => key.startsWith(SET_ORDER))) {
    const key = listOf(directive, SET_ORDER)
    setOrder(result, key, patch, patch[directive], fieldRule(schema, key))
    done.add(directive).add(key)
  }
  for (const key of Object.keys(patch)) if (!done.has(key)) mergeMember(result, key, patch[key], schema)
  return result
}

function mergeMember(result: JsonObject, key: string, value: unknown, schema: JsonSchema | undefined): void {
  const isDeletion = key.startsWith(DELETE_FROM), name = isDeletion ? listOf(key, DELETE_FROM) : key, current = getMember(result, name)
  if (value === null) delete result[name]
  else if (isJsonObject(current) && isJsonObject(value)) {
    const rule = fieldRule(schema, name)
    setMember(result, name, rule.strategy === 'replace' ? value : mergeObjects(current, value, rule.schema))
  } else if (Array.isArray(current) && Array.isArray(value)) setMember(result, name, mergeField(current, value, fieldRule(schema, name), isDeletion))
  // Nothing can be deleted from what is no list.
  else if (!isDeletion || (current !== undefined && typeName(current) === typeName(value))) setOrDelete(result, name, withoutDirectives(withoutNulls(value)))
}

const mergeField = (original: readonly unknown[], patch: readonly unknown[], rule: FieldRule, isDeletion = false): readonly unknown[] =>
  (rule.strategy === 'merge' || isDeletion ? mergeLists(original, patch, rule, { isDeletion, mergeItem: (item, change) => mergeObjects(item, change, rule.schema) }) : patch)

/** In place of merging: what the patch says, or nothing at all. */
function instead(patch: JsonObject): JsonObject {
  const { [DIRECTIVE]: directive, ...rest } = patch
  if (directive === 'replace') return rest
  if (directive === 'delete') return {}
  throw unknownDirective(patch)
}

/** A copy, with the members only that `$retainKeys` names, where the patch has it: it must name all that the patch sets. */
function retained(original: JsonObject, patch: JsonObject): JsonObject {
  if (!Object.hasOwn(patch, RETAIN_KEYS)) return { ...original }
  const keys = patch[RETAIN_KEYS], malformed = StatusError.badRequest('invalid patch format of retainKeys')
  if (!Array.isArray(keys)) throw malformed
  const names = new Set<unknown>(keys), isSet = (key: string) => key !== RETAIN_KEYS && patch[key] !== null && !key.startsWith(DELETE_FROM) && !key.startsWith(SET_ORDER)
  if (Object.keys(patch).some((key) => isSet(key) && !names.has(key))) throw malformed
  return Object.fromEntries(Object.entries(original).filter(([key]) => names.has(key)))
}

/** Merges the list together with its order. */
function setOrder(result: JsonObject, key: string, patch: JsonObject, order: unknown, rule: FieldRule): void {
  const current = getMember(result, key), change = getMember(patch, key)
  if (!Array.isArray(order)) throw noList(order)
  if (current !== undefined && !Array.isArray(current)) throw noList(current)
  if (change !== undefined && !Array.isArray(change)) throw noList(change)
  checkOrder(change ?? [], order, rule.mergeKey)
  if (!current && !change) return
  const merged = !change ? current! : !current ? (withoutDirectives(change) as unknown[]) : mergeField(current, change, rule)
  setMember(result, key, inOrder(merged, order, current && change ? orderBefore(current, change, rule) : current ?? [], rule.mergeKey))
}

const noList = (value: unknown) => failed(`expected a []interface {}, but received a ${value === null ? '%!s(<nil>)' : typeName(value)}`)

/** The list that a directive is about. */
function listOf(directive: string, prefix: string): string {
  if (!directive.startsWith(`${prefix}/`)) throw StatusError.badRequest(`invalid patch format of ${prefix === DELETE_FROM ? 'primitive list' : 'setElementOrder list'}`)
  return directive.slice(prefix.length + 1)
}

function setOrDelete(result: JsonObject, key: string, value: unknown): void {
  if (value === undefined) delete result[key]
  else setMember(result, key, value)
}

/** Undefined: the value is a directive itself. There is nothing that those inside a new value could be about. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives).filter((item) => item !== undefined)
  if (!isJsonObject(value)) return value
  if (Object.hasOwn(value, DIRECTIVE)) return undefined
  const result: JsonObject = {}
  for (const key of Object.keys(value)) setOrDelete(result, key, withoutDirectives(value[key]))
  return result
}
