import { timestamp } from '../meta/timestamp.ts'
import { isJsonObject, type JsonObject } from '../meta/json-value.ts'
import { stringifyJson } from '../meta/json.ts'
import { quoted } from './go-text.ts'
import type { ManagedSet, Managers } from './managers.ts'
import { PathSet } from './path-set.ts'
import { compareText } from './value-order.ts'

/** One entry of metadata.managedFields (apimachinery/pkg/apis/meta/v1/types.go). */
export interface ManagedFieldsEntry {
  readonly manager?: string
  readonly operation: 'Apply' | 'Update'
  readonly apiVersion: string
  /** RFC 3339, to the second. */
  readonly time?: string
  readonly fieldsType: 'FieldsV1'
  readonly fieldsV1: JsonObject
  readonly subresource?: string
}

/** Who manages an object, by identifier, and when each entry last changed (RFC 3339; absent: it never did). */
export interface Managed { readonly managers: Managers; readonly times: ReadonlyMap<string, string> }

export const NOBODY: Managed = { managers: new Map(), times: new Map() }

/** metadata.managedFields cannot be read. */
export class ManagedFieldsError extends Error { override readonly name = 'ManagedFieldsError' }

/** Reads metadata.managedFields; absent and null are empty. Throws ManagedFieldsError with the first mistake. */
export function decodeManagedFields(entries: unknown): Managed {
  if (entries === undefined || entries === null) return NOBODY
  if (!Array.isArray(entries)) throw new ManagedFieldsError('managedFields must be a list')
  const managers = new Map<string, ManagedSet>(), times = new Map<string, string>()
  for (const [i, entry] of entries.entries()) {
    const { id, time, ...managed } = decodeEntry(entry, i)
    managers.set(id, managed)
    if (time !== undefined) times.set(id, time)
  }
  return { managers, times }
}

/** Undefined where there are none: the field is then absent. Sorted by operation, time, manager, version, subresource. */
export function encodeManagedFields({ managers, times }: Managed): ManagedFieldsEntry[] | undefined {
  if (managers.size === 0) return undefined
  return [...managers].map(([id, { set, apiVersion, applied }]): ManagedFieldsEntry => {
    const { manager, subresource, operation } = readId(id)!, time = times.get(id)
    return {
      ...(manager !== undefined && { manager }), operation: applied ? 'Apply' : operation, apiVersion, ...(time !== undefined && { time }),
      fieldsType: 'FieldsV1', fieldsV1: set.toFields(), ...(subresource !== undefined && { subresource }),
    }
  }).sort(compareEntries)
}

/** What tells entries apart: manager, operation, subresource, and for updates the version. One applier has one entry, whatever version it speaks. */
export interface ManagerIdentity { readonly manager?: string; readonly operation: 'Apply' | 'Update'; readonly apiVersion?: string; readonly subresource?: string }

/** The identity as JSON, in Kubernetes' own order of members: conflicts are sorted by it. */
export function managerId({ manager, operation, apiVersion, subresource }: ManagerIdentity): string {
  return stringifyJson({ ...(manager && { manager }), operation, ...(operation === 'Update' && apiVersion && { apiVersion }), ...(subresource && { subresource }) })
}

/** The same manager speaking another version. */
export const managerIdIn = (id: string, apiVersion: string): string => managerId({ ...readId(id)!, apiVersion })

/** As conflicts name a manager: `"m"`, `"m" with subresource "status"`, `"m" using apps/v1`. */
export function printManager(id: string): string {
  const { manager = '', operation, apiVersion = '', subresource } = readId(id) ?? { manager: id }
  return `${quoted(manager)}${subresource ? ` with subresource ${quoted(subresource)}` : ''}${operation === 'Update' ? ` using ${apiVersion}` : ''}`
}

/** Seconds since the epoch, 0 where there is no time: what entries are ordered by. */
export const secondsOf = (time: string | undefined): number => (time === undefined ? 0 : Math.floor(Date.parse(time) / 1000))


function decodeEntry(entry: unknown, index: number): ManagedSet & { readonly id: string; readonly time?: string } {
  const { manager, operation, apiVersion, time, fieldsType, fieldsV1, subresource } = isJsonObject(entry) ? entry : {}
  if (operation !== 'Apply' && operation !== 'Update') throw new ManagedFieldsError('operation must be `Apply` or `Update`')
  if (typeof apiVersion !== 'string' || apiVersion === '') throw new ManagedFieldsError('apiVersion must not be empty')
  if (fieldsType === undefined || fieldsType === '') throw new ManagedFieldsError(`missing fieldsType in managed fields entry ${index}`)
  if (fieldsType !== 'FieldsV1') throw new ManagedFieldsError(`invalid fieldsType ${JSON.stringify(fieldsType)} in managed fields entry ${index}`)
  const ms = typeof time === 'string' ? Date.parse(time) : undefined
  if (Number.isNaN(ms)) throw new ManagedFieldsError(`invalid time ${JSON.stringify(time)} in managed fields entry ${index}`)
  return {
    id: managerId({ ...(typeof manager === 'string' && { manager }), operation, apiVersion, ...(typeof subresource === 'string' && { subresource }) }),
    set: decodeSet(fieldsV1, index), apiVersion, applied: operation === 'Apply', ...(ms !== undefined && { time: timestamp(ms) }),
  }
}

function decodeSet(fields: unknown, index: number): PathSet {
  try { return PathSet.fromFields(fields ?? {}) } catch (cause) {
    throw new ManagedFieldsError(`error decoding set of managed fields entry ${index}: ${(cause as Error).message}`, { cause })
  }
}

function readId(id: string): ManagerIdentity | undefined { return id.startsWith('{') ? JSON.parse(id) as ManagerIdentity : undefined }

function compareEntries(a: ManagedFieldsEntry, b: ManagedFieldsEntry): number {
  return compareText(a.operation, b.operation) || secondsOf(a.time) - secondsOf(b.time) || compareText(a.manager ?? '', b.manager ?? '')
    || compareText(a.apiVersion, b.apiVersion) || compareText(a.subresource ?? '', b.subresource ?? '')
}
