/**
 * Folding: the copies of one object in many clusters, shown as one. Pure, and the same whatever order the copies come in.
 *
 *   member1  spec.replicas 2, status.readyReplicas 2, image web:1 ┐     metadata and body of member1, spec.replicas 5, status.readyReplicas 4,
 *   member2  spec.replicas 3, status.readyReplicas 2, image web:2 ┘ ⇒   clusters: member1,member2   differs: member2
 */
import type { KubeObject, ObjectMeta } from '../../machinery/meta/core.ts'
import type { JsonObject } from '../../machinery/meta/json-value.ts'
import { isJsonObject } from '../../machinery/meta/json-value.ts'
import { equalExcept, exceptions } from './equal-except.ts'
import type { Aggregate, FieldPath, FoldRule } from './fold-rule.ts'
import type { GroupKind } from './interpretation-of.ts'
import { foldRule } from './interpretation-of.ts'
import type { Given } from './given.ts'
import { CLUSTERS_ANNOTATION, DIFFERS_ANNOTATION } from './marks.ts'
import { latestTime } from './merge-conditions.ts'
import { mergeMembers, sum } from './merge-values.ts'

/** `cluster` is '' for the host, which comes first and is not named in annotations. */
export interface Copy { readonly cluster: string; readonly object: KubeObject }

/**
 * An object that no template backs: metadata and body of the first cluster by name, the counts of the body and the status taken together.
 * `copies`: at least one. `scalable`: the kind has a scale subresource. The result has no resourceVersion and shares parts with the copies.
 */
export function fold(kind: GroupKind, copies: readonly Copy[], { uid, scalable = false }: { readonly uid: string; readonly scalable?: boolean }): KubeObject {
  const sorted = byCluster(copies), first = sorted[0]!.object, rule = foldRule(kind, scalable)
  const folded: KubeObject = { ...first, metadata: foldMetadata(sorted, differing(sorted, rule), uid) }
  for (const path of rule.summed ?? []) addUp(folded, sorted, path)
  const status = foldStatus(rule, sorted, { generation: first.metadata.generation })
  if (status) folded['status'] = status
  return folded
}

interface FoldOptions {
  /** The folded object's. */
  readonly generation: number | undefined
  /** What observedGeneration says while one copy has not caught up; by default: one less. */
  readonly behind?: number
  /** Whether a copy has caught up, from the generation that it reports; by default: with its own. */
  readonly hasObserved?: (copy: Copy, observed: number) => boolean
  /** What the copies were made from has a rule of its own for its status. */
  readonly aggregate?: Aggregate | undefined
}

/** The status of all copies together; undefined where none has one. Its observedGeneration is `generation` only if every copy has caught up. */
export function foldStatus(rule: FoldRule, copies: readonly Copy[], { generation, behind = (generation ?? 0) - 1, hasObserved = isOwn, aggregate }: FoldOptions): JsonObject | undefined {
  const sorted = byCluster(copies), reporting = sorted.filter(({ object }) => isJsonObject(object['status']))
  if (reporting.length === 0 && (sorted.length === 0 || !aggregate)) return undefined
  const only = sorted.length === 1 ? sorted[0]!.object : undefined
  if (only && hasObserved === isOwn && generation === only.metadata.generation) return only['status'] as JsonObject
  const silent = sorted.length - reporting.length, given = reporting.map(({ cluster, object }) => ({ cluster, value: object['status'] as JsonObject })), copyOf = new Map(sorted.map((copy) => [copy.cluster, copy]))
  const observed = (reports: readonly Given[], expected: number) => {
    if (generation === undefined) return reports[0]!.value
    return reports.length === expected && reports.every(({ cluster, value }) => hasObserved(copyOf.get(cluster)!, Number(value))) ? generation : behind
  }
  if (aggregate) return aggregate(given, { silent, observed: (reports) => observed(reports, sorted.length) })
  const merged = mergeMembers(sorted.map(({ cluster, object }) => ({ cluster, value: isJsonObject(object['status']) ? object['status'] : {} })), {
    clusters: sorted.map(({ cluster }) => cluster), alarms: rule.alarmsOnly ? 'all' : 'named', observed,
  })
  for (const [field, value] of Object.entries(rule.status?.(given, merged, silent) ?? {})) {
    if (value === undefined) delete merged[field]
    else merged[field] = value
  }
  return merged
}

const isOwn = ({ object }: Copy, observed: number) => observed >= (object.metadata.generation ?? 0)

function byCluster(copies: readonly Copy[]): readonly Copy[] {
  const isSorted = copies.every(({ cluster }, i) => i === 0 || copies[i - 1]!.cluster <= cluster)
  return isSorted ? copies : copies.toSorted((a, b) => (a.cluster < b.cluster ? -1 : 1))
}

/** Finalizers and managedFields are promises between a member and its own clients. A deletion of some copies is not the deletion of the object. */
function foldMetadata(copies: readonly Copy[], differing: readonly string[], uid: string): ObjectMeta {
  const { managedFields: _, finalizers: __, resourceVersion: ___, deletionTimestamp, deletionGracePeriodSeconds, annotations, ...rest } = copies[0]!.object.metadata
  const clusters = copies.flatMap(({ cluster }) => (cluster ? [cluster] : []))
  const isDeleted = deletionTimestamp !== undefined && copies.every(({ object }) => object.metadata.deletionTimestamp !== undefined)
  return {
    ...rest, uid,
    ...(isDeleted && { deletionTimestamp: latestTime(copies.map(({ object }) => object.metadata.deletionTimestamp)) as string, ...(deletionGracePeriodSeconds !== undefined && { deletionGracePeriodSeconds }) }),
    annotations: { ...annotations, [CLUSTERS_ANNOTATION]: clusters.join(','), ...(differing.length > 0 && { [DIFFERS_ANNOTATION]: differing.join(',') }) },
  }
}

const NOT_BODY: readonly FieldPath[] = [['apiVersion'], ['kind'], ['metadata'], ['status']]

function differing(copies: readonly Copy[], { summed = [], own = [] }: FoldRule): string[] {
  if (copies.length < 2) return []
  const first = copies[0]!.object, except = exceptions([...NOT_BODY, ...summed, ...own])
  return copies.flatMap(({ cluster, object }) => (equalExcept(first, object, except) ? [] : [cluster]))
}

/** Sets the sum in `folded`, copying what is on the way. */
function addUp(folded: KubeObject, copies: readonly Copy[], path: FieldPath): void {
  const values = copies.map(({ object }) => path.reduce<unknown>((value, member) => (isJsonObject(value) ? value[member] : undefined), object))
  if (copies.length < 2 || !values.every((value) => typeof value === 'number' || JSON.isRawJSON(value))) return
  let at: JsonObject = folded
  for (const member of path.slice(0, -1)) at = at[member] = { ...(at[member] as JsonObject) }
  at[path.at(-1)!] = sum(values)
}
