import type { DeleteOptions, KubeObject } from '../meta/core.ts'
import { FOREGROUND_FINALIZER, ORPHAN_FINALIZER } from '../meta/object-meta.ts'
import { StatusError } from '../meta/status-error.ts'
import type { StoredKind } from '../meta/strategy.ts'
import { timestamp } from '../meta/timestamp.ts'

/**
 * What a deletion does: undefined removes the object, else it stays, marked, until its finalizers are gone. `old` carries its resourceVersion and is left as it is.
 * Throws StatusError Conflict where a precondition does not hold.
 */
export function beforeDelete(kind: StoredKind, old: KubeObject, options: DeleteOptions, now: number): KubeObject | undefined {
  const { metadata } = old, of = { group: kind.group, resource: kind.kind }, name = metadata.name ?? ''
  if (options.uid !== undefined && options.uid !== metadata.uid)
    throw StatusError.conflict(of, name, `the UID in the precondition (${options.uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`)
  if (options.position !== undefined && options.position !== metadata.resourceVersion)
    throw StatusError.conflict(of, name, `the ResourceVersion in the precondition (${options.position}) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`)
  const finalizers = remaining(metadata.finalizers ?? [], options.propagation)
  if (finalizers.length === 0) return undefined
  const isFirst = metadata.deletionTimestamp === undefined, { generation } = metadata
  const marked: KubeObject = {
    ...old,
    metadata: {
      ...metadata, finalizers, deletionGracePeriodSeconds: 0, deletionTimestamp: metadata.deletionTimestamp ?? timestamp(now),
      ...(generation !== undefined && { generation: isFirst && generation > 0 ? generation + 1 : generation }),
    },
  }
  return (isFirst && kind.strategy.prepareForDelete?.(marked, options)) || marked
}

/** Propagation is carried out by the garbage collector, told by finalizers. What is not asked for stays as an earlier deletion decided. */
function remaining(finalizers: readonly string[], propagation: DeleteOptions['propagation']): string[] {
  const isOrphan = propagation === 'Orphan' || (propagation === undefined && finalizers.includes(ORPHAN_FINALIZER))
  const isForeground = propagation === 'Foreground' || (propagation === undefined && !isOrphan && finalizers.includes(FOREGROUND_FINALIZER))
  const wanted = [...(isOrphan ? [ORPHAN_FINALIZER] : []), ...(isForeground ? [FOREGROUND_FINALIZER] : [])]
  const present = finalizers.filter((finalizer) => finalizer === ORPHAN_FINALIZER || finalizer === FOREGROUND_FINALIZER)
  if (present.length === wanted.length && present.every((finalizer) => wanted.includes(finalizer))) return [...finalizers]
  return [...finalizers.filter((finalizer) => !present.includes(finalizer)), ...wanted]
}
