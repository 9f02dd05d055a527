import type { Kind, KubeObject } from '../meta/core.ts'
import type { JsonObject } from '../meta/json-value.ts'
import { isJsonObject } from '../meta/json-value.ts'
import { stringifyJson } from '../meta/json.ts'
import { fieldError, StatusError } from '../meta/status-error.ts'

/**
 * A patch as the `change` that a Writer runs: `apply` is a JSON patch or merge patch with its document left open.
 * The result's uid is no precondition here, as it is for PUT: a patch that names another uid is Invalid. A patch creates nothing: NotFound.
 */
export const patchObject = (kind: Kind, name: string, apply: (document: JsonObject) => unknown) => (current: KubeObject | undefined): KubeObject => {
  if (!current) throw StatusError.notFound({ group: kind.group, resource: kind.plural }, name)
  const patched = apply(current), metadata = isJsonObject(patched) ? patched['metadata'] : undefined
  if (!isJsonObject(patched)) throw StatusError.invalid({ group: '', kind: '' }, '', [fieldError.invalid('patch', stringifyJson(patched), `json: cannot unmarshal ${Array.isArray(patched) ? 'array' : typeof patched} into Go value of type map[string]interface {}`)])
  const wrongType = [...typeErrors('kind', patched['kind'], kind.kind), ...typeErrors('apiVersion', patched['apiVersion'], kind.group ? `${kind.group}/${kind.version}` : kind.version)]
  if (wrongType.length > 0) throw StatusError.invalid({ ...kind, kind: typeof patched['kind'] === 'string' && patched['kind'] !== '' ? patched['kind'] : kind.kind }, name, wrongType)
  const uid = isJsonObject(metadata) ? metadata['uid'] : undefined
  if (typeof uid !== 'string' || uid === '' || uid === current.metadata.uid) return patched as KubeObject
  const immutable = fieldError.invalid('metadata.uid', uid, 'field is immutable')
  throw StatusError.invalid(kind, name, [immutable, immutable])
}

/** What a patch removes of these is filled in again. */
const typeErrors = (field: 'kind' | 'apiVersion', given: unknown, own: string) => (given === undefined || given === null || given === '' || given === own ? [] : [fieldError.invalid(field, given, `must be ${own}`)])
