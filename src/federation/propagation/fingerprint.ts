import { createHash } from 'node:crypto'
import { PathSet } from '../../machinery/apply/path-set.ts'
import type { KubeObject } from '../../machinery/meta/core.ts'
import { isJsonObject, type JsonObject } from '../../machinery/meta/json-value.ts'
import { stringifyJson } from '../../machinery/meta/json.ts'
import { REVISION_ANNOTATION } from '../template/marks.ts'

/** Who writes copies. What it owns in a member is what the template and the overrides say, and nothing else. */
export const FIELD_MANAGER = 'federation'

/** Of what is sent. The revision that it carries is left out: a decision that changes nothing here is no reason to write. */
export function fingerprintOf(wanted: KubeObject): string {
  const { [REVISION_ANNOTATION]: _, ...annotations } = wanted.metadata.annotations ?? {}
  return hash(stringifyJson({ ...wanted, metadata: { ...wanted.metadata, annotations } }))
}

/**
 * Of the fields that this server owns in a copy, and of when it wrote them; '' where it owns none. A field that somebody else changed is no longer among them, so this tells drift without comparing values.
 * The time tells a copy that came back from a backup, with the values of then; the revision one that a write of an older decision reached late, in the same second.
 */
export function ownershipOf(copy: KubeObject): string {
  const entry = ownEntry(copy)
  return entry ? hash(stringifyJson([entry['fieldsV1'], entry['time'] ?? '', copy.metadata.annotations?.[REVISION_ANNOTATION] ?? ''])) : ''
}

/** Who took fields of `wanted` from us, for people; empty where nobody can be named: fields that were removed have no owner. */
export function takersOf(copy: KubeObject, wanted: KubeObject): string[] {
  const own = PathSet.fromFields(ownEntry(copy)?.['fieldsV1'] ?? {}), names = new Set<string>()
  for (const entry of entriesOf(copy)) {
    if (isOwn(entry) || entry['subresource'] !== undefined) continue
    const others = PathSet.fromFields(entry['fieldsV1'] ?? {}).difference(own)
    if (touches(others, wanted)) names.add(typeof entry['manager'] === 'string' ? entry['manager'] : 'unknown')
  }
  return [...names].toSorted()
}

/** Whether this server owns the field at a path of names. */
export function owns(copy: KubeObject, path: readonly string[]): boolean {
  let fields: unknown = ownEntry(copy)?.['fieldsV1']
  for (const step of path) fields = isJsonObject(fields) ? fields[`f:${step}`] : undefined
  return fields !== undefined
}

const hash = (text: string) => createHash('sha256').update(text).digest('base64url').slice(0, 16)
const entriesOf = ({ metadata: { managedFields = [] } }: KubeObject): JsonObject[] => managedFields.filter(isJsonObject)
const isOwn = (entry: JsonObject) => entry['manager'] === FIELD_MANAGER && entry['operation'] === 'Apply' && entry['subresource'] === undefined
const ownEntry = (copy: KubeObject): JsonObject | undefined => entriesOf(copy).find(isOwn)

/** Whether any member of the set names something that `value` has. Items of lists count as one whole: which of them is meant does not matter to know who it was. */
function touches(set: PathSet, value: unknown): boolean {
  for (const [element, { member, below }] of set.branches()) {
    const isField = element.startsWith('f:'), inner = isField ? (isJsonObject(value) ? value[element.slice(2)] : undefined) : element === '.' ? undefined : value
    if (inner === undefined) continue
    if (below ? touches(below, inner) : member && (isField || Array.isArray(value))) return true
  }
  return false
}
