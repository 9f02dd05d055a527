/** What status says of a template's copies: per cluster, all together, and in one word. Pure. */
import type { ClusterState, FederatedObject, FederatedStatus } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import { type Condition, nextCondition } from '../../apis/meta/v1/condition.ts'
import { listed } from '../../lib/listed.ts'
import type { KubeObject } from '../../machinery/meta/core.ts'
import { equalJson } from '../../machinery/meta/json-value.ts'
import { timestamp } from '../../machinery/meta/timestamp.ts'
import { healthOf, type Health } from '../interpreter/health.ts'
import { reflectedStatus } from '../interpreter/reflected-status.ts'
import type { CopyRecord } from '../propagation/copy-decision.ts'
import { statusOfCopies } from '../template/template-row.ts'

interface FoldInput {
  readonly federated: FederatedObject
  /** The object that the template stands for. */
  readonly native: KubeObject
  /** What this process knows of each copy, by cluster; 'gone': known to have none. */
  readonly records: ReadonlyMap<string, CopyRecord | 'gone'>
  /** What the members' watches show of the copies; undefined: nothing, or nothing that can be relied on. */
  readonly copyOf: (cluster: string) => KubeObject | undefined
  /** Clusters that are joined: of others nothing is said any more. */
  readonly isJoined: (cluster: string) => boolean
  /** Clusters that cannot be reached: how their copies are nobody knows any more. */
  readonly isLost?: (cluster: string) => boolean
  readonly now: number
}

/** The same object where nothing changed. */
export function foldTemplateStatus({ federated, native, records, copyOf, isJoined, isLost = nobody, now }: FoldInput): FederatedStatus {
  if (!federated.status?.schedule) return federated.status ?? {}
  // What is being deleted has no targets left: only copies that are still there are told of.
  const { status } = federated, targets = federated.metadata.deletionTimestamp === undefined ? (status.schedule?.targets?.map(({ cluster }) => cluster) ?? []) : [], before = new Map(status.clusters?.map((state) => [state.name, state]))
  const names = [...new Set([...targets, ...before.keys(), ...records.keys()])].filter((name) => isJoined(name) && (targets.includes(name) || records.get(name) !== 'gone')).toSorted()
  const seen = new Map(names.flatMap((name) => { const copy = copyOf(name); return copy ? [[name, copy] as const] : [] })), clusters = names.map((name) => stateOf(name, { before: before.get(name), record: records.get(name), copy: seen.get(name), isLost: isLost(name), now }))
  const { aggregated: _aggregated, ...rest } = status, aggregated = statusOfCopies({ ...federated, status: { ...status, clusters } }, [...seen].map(([cluster, object]) => ({ cluster, object })), native)
  const conditions = [...(status.conditions ?? []).filter(({ type }) => type !== 'Propagated' && type !== 'Healthy'), propagated(federated, targets, clusters, now), healthy(federated, targets, clusters, now)]
  const next: FederatedStatus = { ...rest, ...(clusters.length > 0 || status.clusters ? { clusters } : {}), ...(aggregated && { aggregated }), conditions }
  return equalJson(next, status) ? status : next
}

const nobody = (): boolean => false

interface CopyKnown { readonly before: ClusterState | undefined; readonly record: CopyRecord | 'gone' | undefined; readonly copy: KubeObject | undefined; readonly isLost: boolean; readonly now: number }

function stateOf(name: string, { before, record, copy, isLost, now }: CopyKnown): ClusterState {
  if (record === 'gone') return { name, state: 'Pending' }
  const known = record ?? (before ? outcomeOf(before) : { state: 'Pending' }), reported = copy ? reflectedStatus(copy).status : before?.status, health: string | undefined = copy ? healthOf(copy) : before?.health
  // An outage is no time in which the copy was seen to fail; a restart of this server changes nothing.
  const unhealthySince = health !== 'Unhealthy' || isLost ? undefined : before?.unhealthySince ?? (copy && timestamp(now))
  return { name, ...known, ...(health !== undefined && { health }), ...(unhealthySince !== undefined && { unhealthySince }), ...(reported !== undefined && { status: reported }) }
}

function outcomeOf({ name: _name, health: _health, unhealthySince: _since, status: _status, ...outcome }: ClusterState): CopyRecord { return outcome }

/** At most so many clusters are named in a condition. */
const NAMED = 5

function propagated(federated: FederatedObject, targets: readonly string[], clusters: readonly ClusterState[], now: number): Condition {
  const generation = federated.metadata.generation ?? 0, isDecided = federated.status?.schedule?.observedGeneration === generation, of = new Map(clusters.map((state) => [state.name, state]))
  const behind = targets.flatMap((name) => { const state = of.get(name); return state?.state === 'OK' && state.appliedGeneration === generation ? [] : [{ name, state: state?.state === 'OK' ? 'Pending' : (state?.state ?? 'Pending'), message: state?.message }] })
  const leaving = clusters.filter(({ name }) => !targets.includes(name))
  if (!isDecided) return condition(federated, 'Propagated', 'False', 'NotDecided', 'where this generation goes has not been decided yet', now)
  if (behind.length === 0 && leaving.length === 0) return condition(federated, 'Propagated', targets.length > 0 ? 'True' : 'False', targets.length > 0 ? 'Propagated' : 'NoTargets', targets.length > 0 ? `${targets.length} of ${targets.length} clusters have it` : 'it goes to no cluster', now)
  const parts = [...behind.map(({ name, state, message }) => `${name}: ${state}${message ? ` (${message})` : ''}`), ...leaving.map(({ name, state, message }) => `${name}: ${state}${message ? ` (${message})` : ''}`)]
  const [first] = [...behind, ...leaving]
  return condition(federated, 'Propagated', 'False', first!.state, `${targets.length - behind.length} of ${targets.length} clusters have it; ${parts.slice(0, NAMED).join('; ')}${parts.length > NAMED ? `; and ${parts.length - NAMED} more` : ''}`, now)
}

function healthy(federated: FederatedObject, targets: readonly string[], clusters: readonly ClusterState[], now: number): Condition {
  // What was healthy when its cluster was last heard of is not known to be.
  const of = new Map(clusters.map(({ name, state, health }) => [name, state === 'ClusterNotReady' ? undefined : (health as Health | undefined)])), not = (health: Health) => targets.filter((name) => (of.get(name) ?? 'Unknown') === health), unhealthy = not('Unhealthy'), unknown = not('Unknown')
  if (targets.length === 0) return condition(federated, 'Healthy', 'Unknown', 'NoTargets', 'it goes to no cluster', now)
  if (unhealthy.length > 0) return condition(federated, 'Healthy', 'False', 'Unhealthy', `not healthy in ${listed(unhealthy, NAMED)}`, now)
  if (unknown.length > 0) return condition(federated, 'Healthy', 'Unknown', 'Unknown', `not known in ${listed(unknown, NAMED)}`, now)
  return condition(federated, 'Healthy', 'True', 'Healthy', '', now)
}

const condition = (federated: FederatedObject, type: string, status: Condition['status'], reason: string, message: string, now: number): Condition => nextCondition(federated, { type, status, reason, message }, now)
