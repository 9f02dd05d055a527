/** One template against all that decides about it: which policy claims it, where it goes, and what its status says of that. Pure. */
import type { Placement } from '../../apis/cluster.federation/v1alpha1/placement.ts'
import type { PropagationPolicySpec } from '../../apis/policy.federation/v1alpha1/propagation-policy.ts'
import type { FederatedObject, FederatedStatus, PolicyReference, Schedule as StoredSchedule, ScheduledTarget } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import { type Condition, nextCondition } from '../../apis/meta/v1/condition.ts'
import type { KubeObject } from '../../machinery/meta/core.ts'
import { equalJson } from '../../machinery/meta/json-value.ts'
import { StatusError } from '../../machinery/meta/status-error.ts'
import type { AnyPolicy } from '../claim/any-policy.ts'
import { match, type Claim } from '../claim/match.ts'
import { componentsOf, isDivisible, replicasOf } from '../interpreter/replicas.ts'
import type { Requirements } from '../interpreter/pod-template.ts'
import { RESCHEDULE_ANNOTATION } from '../template/marks.ts'
import { isNamespaces } from '../template/namespace-template.ts'
import type { TargetKind } from '../template/target-kind.ts'
import { effectivePlacement } from './effective-placement.ts'
import { defaultFailover } from './evict/failover-options.ts'
import { scheduleEvicting, type Evicting, type EvictingInput } from './evict/schedule-evicting.ts'
import type { ReplicaPreference } from './placement-request.ts'
import { type ReschedulingFacts, reschedulingRule } from './rescheduling/rescheduling-facts.ts'
import type { ClusterFacts, TemplateFacts } from './snapshot.ts'
import { type Allowance, withinQuota } from './within-quota.ts'
import { parseV1Annotations } from './v1-annotations.ts'
import { groupNames, type GroupNames, type WorkloadPeers } from './workload-groups.ts'

/** A policy with what placing needs of it. */
export type PlacingPolicy = AnyPolicy & { readonly metadata: { readonly generation?: number }; readonly spec: AnyPolicy['spec'] & Pick<PropagationPolicySpec, 'placement' | 'dependentOverrides' | 'propagateDeps' | 'conflictResolution' | 'suspension' | 'preserveResourcesOnDeletion' | 'rollout' | 'rescheduling' | 'schedulePriority' | 'failover'> }

export interface PlaceInput {
  readonly federated: FederatedObject
  /** The object that the template stands for. */
  readonly native: KubeObject
  readonly target: TargetKind
  /** Those that may select the template. */
  readonly policies: readonly PlacingPolicy[]
  readonly preference: ReplicaPreference | undefined
  /** Of the cluster sets that admit the template's namespace. */
  readonly clusters: readonly ClusterFacts[]
  /** Clusters that a FederatedNamespace of the template's namespace is placed in; absent: there is none. */
  readonly namespaceClusters?: ReadonlySet<string> | undefined
  /** defaultPlacement of these sets. */
  readonly fallback: Placement | undefined
  /** Where workloads need it that take along what they need. */
  readonly required: { readonly clusters: ReadonlySet<string>; readonly dependents: number }
  /** Whether an override policy of that name exists, for a policy of this namespace (undefined: of the whole cluster). */
  readonly hasOverride: (namespace: string | undefined, name: string) => boolean
  /** How failing clusters are left; absent: as the flags say by default, and no more of them. */
  readonly leaving?: Pick<EvictingInput, 'options' | 'mayLeave'>
  /** Replicas that are in a cluster, and those of them that have found no node for a while; undefined: all have, as far as is known. */
  readonly stuckIn?: (cluster: string) => { readonly replicas: number; readonly unschedulable: number } | undefined
  /** Where others of these groups are. */
  readonly peers: (groups: GroupNames) => WorkloadPeers
  /** The value of a PriorityClass; undefined: it is not known. */
  readonly priorityOf: (className: string) => number | undefined
  /** Replicas that quotas of the namespace allow; absent: there is none. */
  readonly allowance?: Allowance
  readonly now: number
}

/** What status says from now on, and what is worth telling people. */
export interface Placed {
  readonly policy: PolicyReference | undefined
  readonly schedule: StoredSchedule
  readonly scheduled: Condition
  readonly claim: Claim
  /** Of clusters that are left, or should be; absent: nothing was decided. */
  readonly leaving?: Pick<Evicting, 'cancelled' | 'held'>
  /** When to look again whatever happens. */
  readonly againMs?: number
  /** The groups that its placement puts it in. */
  readonly groups: GroupNames
  /** What its replicas ask of a cluster. */
  readonly needs: Partial<TemplateFacts>
}

export function place(input: PlaceInput): Placed {
  const { federated, policies } = input, { metadata, status } = federated, { labels } = input.native.metadata, before = status?.schedule
  const claim = match({
    template: {
      apiVersion: input.native.apiVersion ?? '', kind: input.target.kind, name: metadata.name ?? '', ...(metadata.namespace !== undefined && { namespace: metadata.namespace }), ...(labels && { labels }),
      ...(metadata.generation !== undefined && { generation: metadata.generation }), ...(before?.observedGeneration !== undefined && { observedGeneration: before.observedGeneration }),
    },
    policies, ...(status?.policy && { current: status.policy as PolicyReference & { kind: 'PropagationPolicy' } }),
  })
  const policy = policies.find((one) => claim.policy !== undefined && one.metadata.name === claim.policy.name && one.metadata.namespace === claim.policy.namespace)
  // A claim that was lost is remembered: what stays because of it must stay the next time too.
  const reference: PolicyReference | undefined = claim.policy ? { ...claim.policy, ...(claim.isPending ? generationOf(status?.policy) : generationOf(policy?.metadata)), ...(policy?.spec.preserveResourcesOnDeletion && { preserveResourcesOnDeletion: true }) } : claim.keepTargets ? status?.policy : undefined
  return { policy: reference, claim, ...withRequired(input, decide(input, claim, policy)) }
}

/** Adds the clusters where something needs the template and nothing else puts it. */
function withRequired({ federated, required, clusters, now }: PlaceInput, decided: Decided): Decided {
  const before = federated.status?.schedule, chosen = new Set(decided.schedule.targets?.map(({ cluster }) => cluster)), joined = new Set(clusters.map(({ cluster }) => cluster.metadata.name ?? ''))
  const added = [...required.clusters].filter((cluster) => joined.has(cluster) && !chosen.has(cluster)).map((cluster) => ({ cluster, required: true }))
  if (added.length === 0) return decided
  const targets = [...(decided.schedule.targets ?? []), ...added].toSorted((a, b) => (a.cluster < b.cluster ? -1 : 1)), message = `${required.dependents} ${required.dependents === 1 ? 'workload needs' : 'workloads need'} it in ${added.map(({ cluster }) => cluster).join(', ')}`
  const rejected = decided.schedule.rejected?.filter(({ cluster }) => !required.clusters.has(cluster))
  return {
    ...decided,
    schedule: { ...decided.schedule, targets, ...(rejected && { rejected }), ...counted(targets, before) },
    scheduled: decided.scheduled.reason === 'NoPolicy' ? condition(federated, 'True', 'Required', message, now) : { ...decided.scheduled, message: `${decided.scheduled.message}; ${message}` },
  }
}

type Decided = Pick<Placed, 'schedule' | 'scheduled' | 'groups' | 'needs' | 'againMs' | 'leaving'>

/** Decisions are counted by what they change for members. */
const counted = (targets: readonly ScheduledTarget[], before: StoredSchedule | undefined) => ({ decision: (before?.decision ?? 0) + (equalJson(targets.map(unexplained), (before?.targets ?? []).map(unexplained)) ? 0 : 1) })
const unexplained = ({ message: _message, ...target }: ScheduledTarget) => target

const generationOf = (of: { readonly generation?: number } | undefined) => (of?.generation === undefined ? {} : { generation: of.generation })

function decide(input: PlaceInput, claim: Claim, policy: PlacingPolicy | undefined): Decided {
  const { federated, native, target, clusters, preference, fallback, namespaceClusters } = input, { spec, status, metadata } = federated, before = status?.schedule
  const annotations = parseV1Annotations(target.kind, native.metadata.annotations ?? {})
  const source = effectivePlacement({
    ...(spec.placement && { inline: spec.placement }), ...(annotations.placement && { annotations: annotations.placement }), ...(policy && !claim.isPending && { policy: policy.spec }), ...(preference && { preference }),
    ...(fallback && { fallback }),
  })
  const isHeld = spec.placement === undefined && (claim.isPending || claim.keepTargets)
  const here = new Set(clusters.map(({ cluster }) => cluster.metadata.name)), own = before?.targets?.filter(({ cluster, required }) => !required && here.has(cluster)) ?? [], missing = source && policy && !spec.placement ? missingOverrides(policy, input.hasOverride) : []
  const groups = groupNames({ namespace: metadata.namespace, labels: native.metadata.labels }, source?.by === 'placement' ? source.placement.workloadAffinity : undefined), { needs = {}, unreadable } = readNeeds(native, target)
  const keep = (reason: string, message: string): Decided => ({ groups, needs, schedule: { ...before, ...observed(metadata.generation), targets: own, ...counted(own, before), ...(before?.evictions && { evictions: before.evictions.filter(({ cluster }) => status?.clusters?.some(({ name }) => name === cluster)) }) }, scheduled: condition(federated, claim.isPending && own.length > 0 ? 'True' : 'False', reason, message, input.now) })
  if (isHeld || !source) return keep(claim.outcome === 'Lost' ? 'PolicyLost' : claim.isPending ? 'PolicyPending' : 'NoPolicy', claim.message)
  if (unreadable !== undefined) return keep('TemplateInvalid', unreadable)
  if (missing.length > 0) return keep('OverridesMissing', `the policy waits for override policies that are not there: ${missing.join(', ')}`)
  const facts = reschedulingFacts(input, policy, own), evicting = scheduleEvicting({
    template: { apiVersion: native.apiVersion ?? '', kind: target.kind, name: metadata.name ?? '', uid: metadata.uid ?? '', ...(metadata.namespace !== undefined && { namespace: metadata.namespace }), ...needs },
    peers: input.peers(groups),
    source, clusters, ...(preference && { preference }), ...(namespaceClusters && { namespaceClusters }),
    ...(before?.fingerprint !== undefined && { previous: { targets: own, fingerprint: before.fingerprint, ...(before.affinity !== undefined && { affinity: before.affinity }) } }),
  }, {
    ...(input.leaving ?? NOBODY_LEAVES), standing: before?.evictions ?? [], copies: status?.clusters ?? [], isSame: before?.observedGeneration === metadata.generation, failover: policy?.spec.failover, isBound: isBound(input, policy), now: input.now,
  }, (snapshot) => withinQuota(snapshot, facts, input.allowance))
  const { made: { schedule: { scheduled, unplaced }, rescheduling, againMs, refused }, held, lookAgainAt } = evicting, isShort = scheduled.status === 'False' || unplaced !== undefined
  const again = [...(againMs === undefined ? [] : [againMs]), ...(lookAgainAt === undefined ? [] : [Math.max(0, lookAgainAt - input.now)]), ...(isShort ? [SHORT_MS] : [])]
  if (refused !== undefined) return keep('QuotaExceeded', refused)
  const message = [`${scheduled.message}${priorityProblem(policy, input.priorityOf)}`, ...held.slice(0, HELD_NAMED).map(({ cluster, message: why }) => `${cluster}: ${why}`)].join('; ')
  return {
    groups, needs, schedule: { ...stored(evicting, before, metadata.generation, preference !== undefined), ...(rescheduling && { rescheduling }) }, scheduled: condition(federated, scheduled.status, scheduled.reason, message, input.now),
    leaving: evicting, ...(again.length > 0 && { againMs: Math.min(...again) }),
  }
}

/** What has no place may have one later: room comes without a word. */
const SHORT_MS = 30_000
const NOBODY_LEAVES: NonNullable<PlaceInput['leaving']> = { options: defaultFailover, mayLeave: () => false }
/** At most so many clusters that should be left are named in the condition. */
const HELD_NAMED = 3

/** A namespace is no workload: what is in it goes by itself. Shares of a Job that have begun stay (safety rule 6) unless the policy says that they may move. What is suspended is neither sent nor removed. */
function isBound({ federated: { spec }, target }: PlaceInput, policy: PlacingPolicy | undefined): boolean {
  return isNamespaces(target) || (target.kind === 'Job' && target.group === 'batch' && !policy?.spec.failover?.cluster) || spec.suspend === true || policy?.spec.suspension?.dispatching === true
}

function reschedulingFacts({ federated: { status }, native, stuckIn, now }: PlaceInput, policy: PlacingPolicy | undefined, targets: readonly { readonly cluster: string }[]): ReschedulingFacts {
  const { rescheduling: spec } = policy?.spec ?? {}, before = status?.schedule?.rescheduling, requested = native.metadata.annotations?.[RESCHEDULE_ANNOTATION]
  const stuck = new Map(targets.flatMap(({ cluster }) => { const seen = stuckIn?.(cluster); return seen ? [[cluster, seen] as const] : [] }))
  return { ...(spec && { rule: reschedulingRule(spec) }), ...(before && { before }), ...(requested !== undefined && { requested }), stuck, now }
}

function priorityProblem(policy: PlacingPolicy | undefined, priorityOf: PlaceInput['priorityOf']): string {
  const { priorityClassName: name } = policy?.spec.schedulePriority ?? {}
  return name === undefined || priorityOf(name) !== undefined ? '' : `; the PriorityClass ${name} is not known, and counts as 0`
}

/** What the schema of a custom kind lets pass may say nothing that can be placed. */
function readNeeds(native: KubeObject, target: TargetKind): { readonly needs?: Partial<TemplateFacts>; readonly unreadable?: string } {
  try { return { needs: needsOf(native, target) } } catch (error) {
    if (!(error instanceof StatusError)) throw error
    return { unreadable: error.message }
  }
}

/** A workload of several components whose replicas cannot be divided is placed as a whole. */
function needsOf(native: KubeObject, { scale }: TargetKind): Partial<TemplateFacts> {
  const components = isDivisible(native) ? [] : componentsOf(native), found = components.length > 0 ? undefined : replicasOf(native, { scale })
  const needed = (requirements: Requirements | undefined) => ({ ...(requirements?.resourceRequest && { request: requirements.resourceRequest }), ...(requirements?.nodeClaim && { nodeClaim: requirements.nodeClaim }) })
  if (components.length > 0) return { components: components.map(({ replicas, requirements }) => ({ replicas, ...needed(requirements) })) }
  return found ? { replicas: found.replicas, ...needed(found.requirements) } : {}
}

const observed = (generation: number | undefined) => (generation === undefined ? {} : { observedGeneration: generation })

function missingOverrides({ metadata: { namespace }, spec: { dependentOverrides = [] } }: PlacingPolicy, hasOverride: PlaceInput['hasOverride']): string[] { return dependentOverrides.filter((name) => !hasOverride(namespace, name)) }

/** More are counted in the condition, and not listed. */
const REJECTED_MAX = 50

function stored({ made: { schedule: { algorithm, targets, rejected, unplaced, affinity, fingerprint } }, evictions, labels }: Evicting, before: StoredSchedule | undefined, generation: number | undefined, hasTotal: boolean): StoredSchedule {
  // Every copy has the template's own number: saying it again would take it from whoever scales in a member.
  const bare = algorithm === 'Duplicated' && !hasTotal ? targets.map(({ cluster, message }) => ({ cluster, ...(message !== undefined && { message }) })) : targets
  const kept = bare.map((target): ScheduledTarget => {
    const preservedLabels = labels.get(target.cluster) ?? before?.targets?.find(({ cluster }) => cluster === target.cluster)?.preservedLabels
    return { ...target, ...(preservedLabels && { preservedLabels }) }
  })
  return {
    ...observed(generation), ...counted(kept, before), algorithm, ...(affinity !== undefined && { affinity }), fingerprint, targets: kept, ...(rejected.length > 0 && { rejected: rejected.slice(0, REJECTED_MAX).map((one) => ({ ...one })) }),
    ...(unplaced !== undefined && { unplaced }), ...(evictions.length > 0 && { evictions: [...evictions] }),
  }
}

const condition = (federated: FederatedObject, status: 'True' | 'False', reason: string, message: string, now: number): Condition => nextCondition(federated, { type: 'Scheduled', status, reason, message }, now)

/** The status with what was decided. A cluster that is no target any more is remembered until its copy is gone. The same object where nothing changed. */
export function withPlacement(status: FederatedStatus | undefined, { policy, schedule: made, scheduled }: Placed): FederatedStatus {
  const targets = new Set(made.targets?.map(({ cluster }) => cluster)), known = new Set(status?.clusters?.map(({ name }) => name))
  const left = (status?.schedule?.targets ?? []).filter(({ cluster }) => !targets.has(cluster) && !known.has(cluster)).map(({ cluster }) => ({ name: cluster, state: 'WaitingForRemoval' }))
  const { policy: _policy, ...rest } = status ?? {}, conditions = [scheduled, ...(status?.conditions?.filter(({ type }) => type !== 'Scheduled') ?? [])]
  const next: FederatedStatus = { ...rest, ...(policy && { policy }), schedule: made, conditions, ...(left.length > 0 && { clusters: [...(status?.clusters ?? []), ...left] }) }
  return status && equalJson(next, status) ? status : next
}
