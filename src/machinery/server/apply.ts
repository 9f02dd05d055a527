import { applyObject } from '../apply/field-manager.ts'
import type { KubeObject, WriteOptions } from '../meta/core.ts'
import type { JsonSchema } from '../meta/json-schema.ts'
import { isJsonObject } from '../meta/json-value.ts'
import { StatusError } from '../meta/status-error.ts'
import type { StoredKind } from '../meta/strategy.ts'
import { patchObject } from '../patch/patch-object.ts'
import { managedKind } from '../registry/managed-kind.ts'
import { checkName, checkNamespace, decode } from './body.ts'
import type { FieldValidation } from './field-validation.ts'
import type { Target } from './route.ts'
import { yamlDuplicates } from './yaml-duplicates.ts'

export interface ApplyRequest { readonly name: string; readonly subresource: string | undefined; readonly bytes: Buffer; readonly force: boolean; readonly validation: FieldValidation; readonly options: WriteOptions; readonly now: number }

/**
 * Server-side apply: what is wanted is merged onto what is there, by a manager who comes to own it; a name that does not exist is created, where the user may.
 * Throws StatusError: Conflict with every field that another manager owns with another value; BadRequest, Forbidden, and whatever the writer refuses.
 */
export async function applyConfiguration(target: Target, schema: JsonSchema, request: ApplyRequest, signal: AbortSignal): ReturnType<NonNullable<Target['resource']['writer']>['update']> {
  const { kind, namespace, resource } = target, { name, options } = request, key = kind.namespaced ? `${namespace}/${name}` : name
  let mayCreate = false
  const change = changeBy(target, schema, request)
  for (;;) {
    try {
      return await resource.writer!.update(key, (current) => {
        if (!current && !mayCreate) throw new Absent()
        return change(current)
      }, { ...options, ownershipSettled: true }, signal)
    } catch (error) {
      if (!(error instanceof Absent)) throw error
      // Patching is allowed by now, creating is a right of its own.
      await options.authorize('create', { group: kind.group, resource: kind.plural, namespace, name })
      mayCreate = true
    }
  }
}

class Absent extends Error {}

function changeBy({ kind, namespace }: Target, schema: JsonSchema, { name, subresource, bytes, force, validation, options, now }: ApplyRequest) {
  const config = decodeConfiguration(bytes), duplicates = validation === 'Ignore' ? [] : yamlDuplicates(bytes.toString()), { manager } = options
  const managed = managedKind(kind as StoredKind, schema, subresource), merge = (live: KubeObject | undefined): KubeObject => {
    const { object, managedFields } = applyObject(managed, { live, config, manager, force, now }), metadata = isJsonObject(object.metadata) ? object.metadata : {}
    return { ...object, metadata: { ...metadata, ...(managedFields && { managedFields }) } }
  }
  return (current: KubeObject | undefined): KubeObject => {
    const merged = current ? patchObject(kind, name, (live) => merge(live as KubeObject))(current) : createdFrom(merge(undefined), kind, name)
    if (duplicates.length > 0 && validation === 'Strict') throw StatusError.badRequest(`error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  ${duplicates.join('\n  ')}`)
    for (const text of duplicates) options.warn(text)
    return checkName(checkNamespace(merged, kind, namespace), name)
  }
}

/** A resourceVersion is no precondition of what is not there; a uid is. */
function createdFrom(object: KubeObject, kind: Target['kind'], name: string): KubeObject {
  const { resourceVersion: _, ...metadata } = object.metadata
  if (metadata.uid) throw StatusError.conflict({ group: kind.group, resource: kind.plural }, name, `uid mismatch: the provided object specified uid ${metadata.uid}, and no existing object was found`)
  return { ...object, metadata }
}

function decodeConfiguration(bytes: Buffer): KubeObject {
  let value: unknown
  try { value = decode(bytes, 'yaml') } catch (error) { throw StatusError.badRequest(`error decoding YAML: ${(error as Error).message}`) }
  if (value === null) value = {}
  if (!isJsonObject(value)) throw StatusError.badRequest(`error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${Array.isArray(value) ? 'array' : typeof value} into Go value of type map[string]interface {}`)
  return value as unknown as KubeObject
}
