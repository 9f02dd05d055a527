import type { Kind, KubeObject } from '../meta/core.ts'
import type { JsonSchema } from '../meta/json-schema.ts'
import type { JsonObject } from '../meta/json-value.ts'
import { cloneJson, isJsonObject, setMember } from '../meta/json-value.ts'
import { stringifyJson } from '../meta/json.ts'
import { fieldError, StatusError } from '../meta/status-error.ts'
import { prune } from '../schema/prune.ts'
import type { InputFormat } from './body.ts'
import { duplicateFields, fieldsInOrder, MAX_REPORTED } from './duplicate-fields.ts'
import { yamlDuplicates } from './yaml-duplicates.ts'

/** What becomes of fields that the kind does not have and of fields given twice: nothing, a warning each, or a refusal with all of them. They are never stored. */
export type FieldValidation = 'Ignore' | 'Warn' | 'Strict'

const YAML_ERRORS = 'yaml: unmarshal errors:\n  '

/** Of a body that is an object. `object` is what was parsed from it. Protobuf has neither names that could be wrong nor fields twice. Throws StatusError BadRequest where strict. */
export function validateFields(validation: FieldValidation, { bytes, format, object }: { readonly bytes: Buffer; readonly format: InputFormat; readonly object: KubeObject }, kind: Kind, schema: JsonSchema | undefined, warn: (text: string) => void): void {
  if (validation === 'Ignore' || format === 'protobuf') return
  const unknown = schema ? unknownFields(schema, object) : []
  if (format === 'json' && kind.isTyped) return report(validation, inOrder(bytes.toString(), unknown), kind, warn)
  // YAML's come as one error of several lines, and as one warning each.
  const duplicates = format === 'yaml' ? yamlDuplicates(bytes.toString()) : duplicateFields(bytes.toString()).map(duplicate)
  report(validation, [...(validation === 'Strict' && format === 'yaml' && duplicates.length > 0 ? [YAML_ERRORS + duplicates.join('\n  ')] : duplicates), ...unknown.map(unknownField)], kind, warn)
}

function report(validation: FieldValidation, errors: readonly string[], kind: Kind, warn: (text: string) => void): void {
  if (validation === 'Warn') for (const text of errors) warn(text)
  else if (errors.length > 0) throw StatusError.badRequest(`${kind.kind} in version ${JSON.stringify(kind.version)} cannot be handled as a ${kind.kind}: ${strictText(errors)}`)
}

/** Fields given twice in a patch, in words; those of a JSON patch are fields of its operations, which may have unknown ones too. */
export function patchMistakes(text: string, patch: unknown): string[] {
  const duplicates = duplicateFields(text).map(duplicate)
  if (!Array.isArray(patch)) return duplicates
  const unknown = patch.flatMap((operation: unknown, index) => (isJsonObject(operation) ? Object.keys(operation).filter((key) => !OPERATION_FIELDS.has(key)).map((key) => `unknown field ${JSON.stringify(`[${index}].${key}`)}`) : []))
  return [...duplicates, ...unknown].slice(0, MAX_REPORTED).map((mistake) => `json patch ${mistake}`)
}

const OPERATION_FIELDS = new Set(['op', 'path', 'from', 'value'])

/** Of what a patch makes of an object. `mistakes`: those of the patch itself; `shownPatch`: shown with them instead of the object. Throws StatusError Invalid where strict. */
export function validatePatched(validation: FieldValidation, patched: KubeObject, { mistakes, shownPatch }: { readonly mistakes: readonly string[]; readonly shownPatch?: string }, schema: JsonSchema | undefined, warn: (text: string) => void): void {
  if (validation === 'Ignore') return
  const errors = [...mistakes, ...(schema ? unknownFields(schema, patched).map(unknownField) : [])]
  if (errors.length === 0) return
  if (validation === 'Strict') throw StatusError.invalid({ group: '', kind: '' }, '', [fieldError.invalid('patch', shownPatch ?? stringifyJson(sorted(patched)), strictText(errors))])
  for (const text of errors) warn(text)
}

/** Paths, those of metadata first, then in their order, then those of metadata inside. `object` is left as it is. */
function unknownFields(schema: JsonSchema, object: KubeObject): string[] {
  const ofMetadata: string[] = [], others: string[] = [], ofEmbedded: string[] = []
  // What is no metadata at all is for the writer to refuse.
  prune(schema, cloneJson(object), (path, isMetadata) => (path.startsWith('metadata.') ? ofMetadata : isMetadata ? ofEmbedded : others).push(path))
  return [...ofMetadata, ...others.sort(), ...ofEmbedded].slice(0, MAX_REPORTED)
}

/** A decoder that knows the type finds both sorts of mistakes in one go, and does not look into what it does not know. */
function inOrder(text: string, unknown: readonly string[]): string[] {
  const isUnknown = (path: string) => unknown.some((known) => path.startsWith(known) && /^(?:$|\.|\[)/.test(path.slice(known.length)))
  return fieldsInOrder(text, new Set(unknown)).flatMap(({ path, isAgain }) => (!isAgain ? [unknownField(path)] : isUnknown(path) ? [] : [duplicate(path)]))
}

const unknownField = (path: string) => `unknown field "${path}"`
const duplicate = (path: string) => `duplicate field ${JSON.stringify(path)}`
const strictText = (errors: readonly string[]) => `strict decoding error: ${errors.join(', ')}`

/** Go writes members in the order of their names. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isJsonObject(value)) return value
  const result: JsonObject = {}
  for (const key of Object.keys(value).sort()) setMember(result, key, sorted(value[key]))
  return result
}
