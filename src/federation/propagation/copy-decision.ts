/**
 * What is to be done about one template in one cluster. Pure: a table of tests says what follows from what.
 *
 *   wanted?  ── no ──▶ is there a copy of ours? ── yes ─▶ delete it by its uid, or let it go
 *      │                                        ── cannot be known ─▶ wait
 *     yes
 *      └──▶ suspended, not served, cannot be made, cannot be known ─▶ say so
 *           no copy ─▶ create, if nothing of that name is there
 *           a copy  ─▶ as sent, and ours as then? fine : apply it again
 */
import type { ClusterState, FederatedObject } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import type { KubeObject } from '../../machinery/meta/core.ts'
import { isJsonObject } from '../../machinery/meta/json-value.ts'
import { valueAt } from '../interpreter/fields.ts'
import { MANAGED_LABEL, REVISION_ANNOTATION, TEMPLATE_ANNOTATION } from '../template/marks.ts'
import { fingerprintOf, ownershipOf, owns, takersOf } from './fingerprint.ts'
import { revisionOf } from './store-guard.ts'

/** What status says of a cluster, but for what the copy itself reports. */
export type Outcome = Omit<ClusterState, 'name' | 'health' | 'unhealthySince' | 'status'>

/** What this server remembers of a copy. */
export type CopyRecord = Outcome

/** Of the members' watch. `behind`: it has not shown yet what was written last. `starting`: it is about to be known. */
export type Observed = { readonly known: false; readonly reason: string; readonly starting: boolean } | { readonly known: true; readonly copy: KubeObject | undefined; readonly behind: boolean }

/** The object for this cluster, and as it is created: with what is the member's own business from then on; or why there can be none; or undefined: the cluster is to have no copy. */
export type Wanted = { readonly object: KubeObject; readonly whole: KubeObject } | { readonly problem: Outcome } | undefined

export type Step =
  /** Nothing is to be done, or can be now. */
  | { readonly do: 'report'; readonly outcome: Outcome; /** The watch is about to show more. */ readonly soon?: true }
  /** What there is will be known in a moment: until then all stays as it was said to be. */
  | { readonly do: 'wait' }
  /** The cluster has no copy, and is to have none. */
  | { readonly do: 'forget' }
  | { readonly do: 'create'; readonly object: KubeObject }
  | { readonly do: 'apply'; readonly object: KubeObject; readonly uid: string; /** Who changed it; undefined: nobody did, the template has. */ readonly drift?: readonly string[]; /** What is to stay the member's from now on. */ readonly handOver?: KubeObject }
  /** The watch shows nothing: that is no proof. Ask by name. */
  | { readonly do: 'verify'; /** Absent: none is wanted. */ readonly object?: KubeObject; /** It is not made again. */ readonly finished: boolean }
  | { readonly do: 'delete'; readonly uid: string }
  | { readonly do: 'release'; readonly copy: KubeObject }

export interface CopyInput {
  readonly federated: FederatedObject
  readonly wanted: Wanted
  readonly observed: Observed
  readonly record: CopyRecord | undefined
  /** What becomes of a copy that is no longer wanted. */
  readonly orphan: boolean
  /** The member keeps these replicas for itself: names from the object's root; undefined: it does not. */
  readonly retained: readonly string[] | undefined
  /** The copy was seen to have run to its end: a Job. */
  readonly finished: boolean
  /** Why a copy that is not wanted any more is not taken yet. */
  readonly stays: string | undefined
  /** An administrator said that the store is right, though copies are of later decisions. */
  readonly storeIsRight: boolean
  /** Why nothing is sent or removed for now; undefined: it is. */
  readonly suspended: string | undefined
}

export function decideCopy(input: CopyInput): Step {
  const { federated, wanted, observed } = input
  // What is known here is behind: this server's own cache for a moment, or the store for good, and then the guard stops everything.
  if (!input.storeIsRight && observed.known && observed.copy && isAhead(observed.copy, federated)) return { do: 'wait' }
  if (!wanted) return decideRemoval(input)
  // What was not decided about is not carried out.
  if (federated.status?.schedule?.observedGeneration !== federated.metadata.generation) return { do: 'wait' }
  if ('problem' in wanted) return { do: 'report', outcome: { ...kept(input.record), ...wanted.problem } }
  if (input.suspended !== undefined) return { do: 'report', outcome: { ...kept(input.record), state: 'Suspended', message: input.suspended } }
  if (!observed.known) return observed.starting ? { do: 'wait' } : { do: 'report', outcome: { ...kept(input.record), state: 'ClusterNotReady', message: observed.reason } }
  if (observed.behind && input.record?.applied?.startsWith(`${fingerprintOf(wanted.object)}:`)) return { do: 'report', outcome: { ...kept(input.record), state: 'OK', appliedGeneration: federated.metadata.generation ?? 0 }, soon: true }
  return observed.copy ? decideCopyThere(input, wanted.object, observed.copy) : decideCopyMissing(input, wanted)
}

function decideCopyMissing({ federated, record, finished }: CopyInput, { object, whole }: { readonly object: KubeObject; readonly whole: KubeObject }): Step {
  if (record?.uid === undefined) return { do: 'create', object: whole }
  // A Job that has run is not run again because it was tidied away.
  return { do: 'verify', object, finished: finished && record.appliedGeneration === federated.metadata.generation }
}

function decideCopyThere({ federated, record, retained }: CopyInput, object: KubeObject, copy: KubeObject): Step {
  const { uid = '', deletionTimestamp, annotations } = copy.metadata, generation = federated.metadata.generation ?? 0
  if (deletionTimestamp !== undefined) return { do: 'report', outcome: { ...kept(record), state: 'Pending', message: 'the copy there is being deleted; it is made again once it is gone' } }
  const isSame = annotations?.[TEMPLATE_ANNOTATION] === federated.metadata.uid && record?.uid === uid, [sent, ownership] = (record?.applied ?? '').split(':'), isAsSent = isSame && sent === fingerprintOf(object)
  if (isAsSent && ownership === ownershipOf(copy)) return { do: 'report', outcome: { state: 'OK', uid, appliedGeneration: generation, ...(record?.copyGeneration !== undefined && { copyGeneration: record.copyGeneration }), applied: record.applied! } }
  const drift = isAsSent ? takersOf(copy, object) : undefined
  if (drift && federated.spec.drift === 'Report') return { do: 'report', outcome: { ...kept(record), state: 'Drifted', message: driftText(drift) } }
  const handOver = retained && owns(copy, retained) ? fragment(copy, retained) : undefined
  return { do: 'apply', object, uid, ...(drift && { drift }), ...(handOver && { handOver }) }
}

function decideRemoval({ federated, observed, record, orphan, stays, suspended }: CopyInput): Step {
  if (!observed.known) return observed.starting ? { do: 'wait' } : { do: 'report', outcome: { ...kept(record), state: 'WaitingForRemoval', message: observed.reason } }
  if (observed.behind) return { do: 'report', outcome: { ...kept(record), state: 'WaitingForRemoval' }, soon: true }
  const { copy } = observed
  // An answer that was lost may have been that of a write that was made.
  if (!copy) return record ? { do: 'verify', finished: false } : { do: 'forget' }
  // It carries our label, but was not made from this template: from one of before, or by somebody who copied the label too.
  if (copy.metadata.uid !== record?.uid && copy.metadata.annotations?.[TEMPLATE_ANNOTATION] !== federated.metadata.uid) return { do: 'forget' }
  if (orphan) return { do: 'release', copy }
  if (copy.metadata.deletionTimestamp !== undefined) return { do: 'report', outcome: { ...kept(record), state: 'WaitingForRemoval', message: 'the member is deleting it' } }
  if (suspended !== undefined && federated.metadata.deletionTimestamp === undefined) return { do: 'report', outcome: { ...kept(record), state: 'WaitingForRemoval', message: suspended } }
  if (stays !== undefined) return { do: 'report', outcome: { ...kept(record), state: 'WaitingForRemoval', message: stays } }
  return { do: 'delete', uid: copy.metadata.uid ?? '' }
}

/** What decisions about a copy rest on. While it stays, the copy changed in what is the member's: its status, mostly. */
export function decisiveOf(copy: KubeObject): string {
  const { uid, deletionTimestamp, labels, annotations, managedFields = [] } = copy.metadata, managers = managedFields.flatMap((entry) => (isJsonObject(entry) && entry['subresource'] === undefined ? [entry['manager']] : []))
  return JSON.stringify([managers, uid, deletionTimestamp, labels?.[MANAGED_LABEL], annotations?.[TEMPLATE_ANNOTATION], annotations?.[REVISION_ANNOTATION], valueAt(copy, 'spec.replicas'), ownershipOf(copy)])
}

/** Of a template, which decision about it is known. */
export type Decided = Pick<FederatedObject, 'metadata' | 'status'>

/** Whether a copy was made from a later decision about the template than this one. Only copies of this very template tell: of another one of the same name nothing follows. */
export function isAhead(copy: KubeObject, { metadata, status }: Decided): boolean {
  const made = copy.metadata.annotations?.[TEMPLATE_ANNOTATION] === metadata.uid ? revisionOf(copy) : undefined
  return made !== undefined && (made[0] > (status?.schedule?.observedGeneration ?? 0) || made[1] > (status?.schedule?.decision ?? 0))
}

export const driftText = (managers: readonly string[]): string => (managers.length > 0 ? `changed by ${managers.map((name) => JSON.stringify(name)).join(', ')}` : 'fields of it were removed')

/** What stays true whatever is done next. */
function kept(record: CopyRecord | undefined): Partial<Outcome> {
  if (!record) return {}
  const { uid, appliedGeneration, copyGeneration, applied } = record
  return { ...(uid !== undefined && { uid }), ...(appliedGeneration !== undefined && { appliedGeneration }), ...(copyGeneration !== undefined && { copyGeneration }), ...(applied !== undefined && { applied }) }
}

/** What names the object, and one field of it. */
function fragment(copy: KubeObject, path: readonly string[]): KubeObject | undefined {
  const value = path.reduce<unknown>((inner, step) => (isJsonObject(inner) ? inner[step] : undefined), copy)
  if (value === undefined) return undefined
  const { apiVersion, kind, metadata: { name, namespace, uid } } = copy
  return {
    ...(apiVersion !== undefined && { apiVersion }), ...(kind !== undefined && { kind }), metadata: { ...(name !== undefined && { name }), ...(namespace !== undefined && { namespace }), ...(uid !== undefined && { uid }) },
    ...(path.reduceRight<unknown>((inner, step) => ({ [step]: inner }), value) as Record<string, unknown>),
  }
}
