import { fieldElement, type Path } from './field-path.ts'
import { decodeManagedFields, encodeManagedFields, type ManagedFieldsEntry, managerIdIn } from './managed-fields.ts'
import type { ManagedSet } from './managers.ts'
import { PathSet } from './path-set.ts'

/** Where each version of a kind keeps its replicas; undefined: that version has no scale. Entries of versions that are not listed are dropped. */
export type ReplicasPaths = ReadonlyMap<string, Path | undefined>

const SCALE_VERSION = 'autoscaling/v1'
const REPLICAS_OF_SCALE: Path = [fieldElement('spec'), fieldElement('replicas')]

/** managedFields of the Scale of an object: who owns its replicas. Throws ManagedFieldsError. */
export function entriesOfScale(parent: unknown, paths: ReplicasPaths): ManagedFieldsEntry[] | undefined {
  const { managers, times } = decodeManagedFields(parent), owners = new Map<string, ManagedSet>()
  for (const [id, { set, apiVersion, applied }] of managers) {
    const path = paths.get(apiVersion)
    if (path && set.has(path)) owners.set(id, { set: PathSet.of(REPLICAS_OF_SCALE), apiVersion: SCALE_VERSION, applied })
  }
  return encodeManagedFields({ managers: owners, times })
}

/**
 * managedFields of the object after its Scale was written: whoever no longer owns the replicas there loses them here, whoever came to own them gets an entry in `apiVersion`.
 * As in a kube-apiserver, an entry that is new has no time; unlike there, an updater whose replicas stay its own keeps one entry, not two of one identity. Throws ManagedFieldsError.
 */
export function entriesAfterScale(parent: unknown, scale: unknown, apiVersion: string, paths: ReplicasPaths): ManagedFieldsEntry[] | undefined {
  const { managers, times } = decodeManagedFields(parent), ofScale = new Map(decodeManagedFields(scale).managers), owners = new Map<string, ManagedSet>()
  for (const [id, owned] of managers) {
    const path = paths.get(owned.apiVersion)
    if (!paths.has(owned.apiVersion)) continue
    const isKept = !path || !owned.set.has(path) || ofScale.delete(managerIdIn(id, SCALE_VERSION)), set = isKept ? owned.set : owned.set.difference(PathSet.of(path))
    if (!set.isEmpty) owners.set(id, isKept ? owned : { ...owned, set })
  }
  const path = paths.get(apiVersion)
  for (const [id, { set, applied }] of ofScale) if (path && set.has(REPLICAS_OF_SCALE)) owners.set(managerIdIn(id, apiVersion), { set: PathSet.of(path), apiVersion, applied })
  return encodeManagedFields({ managers: owners, times })
}
