import type { JsonObject } from '../meta/json-value.ts'
import { cloneJson, getMember, isJsonObject, setMember } from '../meta/json-value.ts'
import { StatusError } from '../meta/status-error.ts'
import { wrongType } from './decoding-error.ts'

/**
 * RFC 7386 as a kube-apiserver applies it (evanphx/json-patch v4.13): null removes a member and never stays in what the patch adds; list elements that are null stay,
 * members of objects in lists that are null do not. The inputs are left as they are. Errors: BadRequest where `patch` is no object.
 */
export function applyMergePatch(document: JsonObject, patch: unknown): JsonObject {
  if (patch === null || patch === undefined) throw StatusError.badRequest('Invalid JSON Patch')
  if (!isJsonObject(patch)) throw wrongType(patch, 'map[string]interface {}')
  return mergeObjects(document, patch)
}

function mergeObjects(document: JsonObject, patch: JsonObject): JsonObject {
  const result = { ...document }
  for (const key of Object.keys(patch)) {
    const value = patch[key], current = getMember(document, key)
    if (value === null) delete result[key]
    else if (!isJsonObject(current)) setMember(result, key, withoutNulls(value))
    // A list in place of an object is taken as it is, nulls included; so does the original.
    else setMember(result, key, isJsonObject(value) ? mergeObjects(current, value) : cloneJson(value))
  }
  return result
}

/** Lists keep elements that are null. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => (item === null ? null : withoutNulls(item)))
  if (!isJsonObject(value)) return value
  const result: JsonObject = {}
  for (const key of Object.keys(value)) if (value[key] !== null) setMember(result, key, withoutNulls(value[key]))
  return result
}
