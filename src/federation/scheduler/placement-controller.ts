/**
 * Decides where templates go, and stores it: the one writer of status.policy, status.schedule and the condition Scheduled.
 *
 *   templates, policies, preferences ──changed──▶ the templates concerned ─┐
 *   clusters, sets, namespaces ──────changed──▶ all templates ─────────────┴─▶ queue ─▶ place (pure) ─▶ one write of status, where it differs
 */
import type { Rollout } from '../../apis/policy.federation/v1alpha1/rollout.ts'
import type { ReplicaSchedulingPreference } from '../../apis/policy.federation/v1alpha1/replica-scheduling-preference.ts'
import type { FederatedObject, FederatedStatus } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import { aborted } from '../../lib/aborted.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import { Queue } from '../../lib/queue.ts'
import { runController } from '../../machinery/controller/controller.ts'
import { follow } from '../../machinery/controller/follow.ts'
import type { KubeObject, ListerWatcher, Resource } from '../../machinery/meta/core.ts'
import { keyOfObject, scopeOfKey } from '../../machinery/meta/object-key.ts'
import { isSamePolicy, type Claimable, type PolicyReference } from '../claim/any-policy.ts'
import { PolicyIndex } from '../claim/policy-index.ts'
import { valueAt } from '../interpreter/fields.ts'
import type { Member } from '../member/member.ts'
import type { Members } from '../member/members.ts'
import type { Overrides } from '../override/overrides.ts'
import type { Quotas } from '../quota/quotas.ts'
import { isNamespaces } from '../template/namespace-template.ts'
import { unowned } from '../template/native-object.ts'
import { writeStatus } from '../template/server-user.ts'
import { splitTemplateKey, templateKey, type Templates, type TemplateStore } from '../template/templates.ts'
import { AssumedPlacements } from './assumed-placements.ts'
import { Dependents, neededKeys, propagatesDependencies } from './dependents.ts'
import type { Cause } from './evict/cause.ts'
import { EvictionTurns } from './evict/eviction-turns.ts'
import type { FailoverOptions } from './evict/failover-options.ts'
import { FleetHealth } from './evict/fleet-health.ts'
import { clustersInUse } from './evict/standing-evictions.ts'
import { FleetFacts } from './fleet-facts.ts'
import { NamespaceSets } from './namespace-sets.ts'
import { PolicyStatus } from './policy-status.ts'
import { place, withPlacement, type Placed, type PlacingPolicy } from './place.ts'
import type { ReplicaPreference } from './placement-request.ts'
import { PriorityClasses, type PriorityClassSource } from './priority-classes.ts'
import { groupNames, WorkloadGroups } from './workload-groups.ts'

export interface PlacementControllerOptions {
  readonly templates: Templates
  readonly members: Members
  /** Of PropagationPolicies and ClusterPropagationPolicies. */
  readonly policies: readonly Resource[]
  readonly preferences: ListerWatcher
  readonly clusterSets: ListerWatcher
  /** The host's. */
  readonly namespaces: ListerWatcher
  /** Resolves once `members` holds every Cluster there was at the start: with fewer, targets would be given up for nothing. */
  readonly seen: Promise<void>
  /** Override policies, which policies may wait for. */
  readonly overrides: Pick<Overrides, 'of' | 'onChange'>
  readonly priorityClasses: PriorityClassSource
  /** What may be placed in all clusters together. */
  readonly quotas: Pick<Quotas, 'ready' | 'allowance' | 'assume' | 'onChange'>
  /** Only the replica that leads decides. */
  readonly leads: () => boolean
  /** How failing clusters are left. */
  readonly failover: FailoverOptions
  /** Told of templates whose policy changed: it also says how they are carried out, and another server may have stored what follows for their targets. */
  readonly onRules: (template: string) => void
  readonly onPlaced: (store: TemplateStore, federated: FederatedObject, placed: Placed) => void
  readonly concurrency: number
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Logger
}

interface Template extends Claimable { readonly queueKey: string; readonly decision: number | undefined; readonly claim?: PolicyReference }

export class PlacementController {
  readonly #options: PlacementControllerOptions
  readonly #queue: Queue
  readonly #status: PolicyStatus
  readonly #turns: EvictionTurns
  readonly #health: FleetHealth
  readonly #facts: FleetFacts
  readonly #index = new PolicyIndex<Template>()
  readonly #templates = new Map<string, Template>()
  readonly #preferences = new Map<string, ReplicaSchedulingPreference>()
  readonly #sets = new NamespaceSets(() => this.kickAll())
  readonly #dependents = new Dependents()
  readonly #groups = new WorkloadGroups()
  readonly #priorities = new PriorityClasses()
  readonly #assumed: AssumedPlacements
  /** Which decision about a template this server made last. */
  readonly #decided = new Map<string, number>()
  /** Templates whose policy waits for overrides. */
  readonly #waiting = new Set<string>()
  /** Where FederatedNamespaces are placed, by namespace; one that is not decided about yet is nowhere. */
  readonly #namespaceClusters = new Map<string, ReadonlySet<string>>()
  readonly #policiesSeen = Promise.withResolvers<void>()
  #isKnowing = false
  /** Whose pods are watched. */
  readonly #watched = new WeakSet<object>()
  /** Templates that are beyond a quota, and their namespaces. */
  readonly #beyond = new Map<string, string>()

  constructor(options: PlacementControllerOptions) {
    this.#options = options
    this.#queue = new Queue({ clock: options.clock, random: options.random, priority: (key) => this.#priorityOf(key) })
    this.#assumed = new AssumedPlacements(options.clock)
    this.#health = new FleetHealth(options)
    this.#facts = new FleetFacts(options)
    this.#turns = new EvictionTurns({ rateOf: (byHealth) => this.#health.rateOf(byHealth), onTurn: (key) => this.#queue.add(key), clock: options.clock })
    this.#status = new PolicyStatus({ ...options, claimed: (policy) => this.#index.claimedBy(policy).length })
  }

  /** Called when this replica begins to lead: what was seen before was left undone. */
  resume(): void {
    this.kickAll()
    this.#status.kickAll()
  }

  /** Resolves once all policies there were at the start are known: before, what may be done is not. */
  get policiesSeen(): Promise<void> { return this.#policiesSeen.promise }

  /** Decides about every template again. */
  kickAll(): void { for (const key of this.#templates.keys()) this.#queue.addUnhurried(key) }

  async run(signal: AbortSignal): Promise<void> {
    const { templates, members, policies, preferences, clusterSets, namespaces, overrides, seen, concurrency, clock, logger } = this.#options, retry = { clock, logger }
    members.onChange((member) => {
      this.#useMembers(member)
      for (const one of member ? [member] : members.list()) this.#watchPods(one, signal)
    }, signal)
    for (const member of members.list()) this.#watchPods(member, signal)
    // Decisions wait until all that they rest on has been seen once: a policy that is not known yet is no policy that is gone.
    const ofPolicies = policies.map(({ reader }) => follow(reader, (key, object) => this.#usePolicy(reader, key, object), retry, signal)), first = [
      ...ofPolicies,
      follow(preferences, (key, object) => this.#usePreference(key, object as ReplicaSchedulingPreference | undefined), retry, signal),
      ...this.#sets.follow({ clusterSets, namespaces }, retry, signal),
    ]
    void Promise.all(ofPolicies.map(({ ready }) => ready)).then(() => this.#policiesSeen.resolve())
    this.#options.quotas.onChange((namespace) => { for (const [key, of] of this.#beyond) if (of === namespace) this.#queue.add(key) })
    await Promise.race([Promise.all([seen, this.#options.quotas.ready, ...first.map(({ ready }) => ready)]), aborted(signal)])
    this.#isKnowing = true
    const following = [...first.map(({ done }) => done), this.#priorities.follow({ ...this.#options.priorityClasses, onChange: () => this.#kickPrioritized() }, retry, signal)]
    const known: Promise<void>[] = []
    templates.onKind((store) => {
      const { ready, done } = follow(store.cache, (key, object) => this.#useTemplate(store, key, object as FederatedObject | undefined), { ...retry, parse: store.parse }, AbortSignal.any([signal, store.signal]))
      known.push(ready)
      following.push(done)
    }, signal)
    // What needs a template, and what bounds it, must be known before that is placed.
    await Promise.all(known)
    overrides.onChange(() => { for (const key of this.#waiting) this.#queue.add(key) })
    templates.onSwitch(({ id, whyOff }) => { if (whyOff() === undefined) for (const key of this.#templates.keys()) if (key.startsWith(templateKey(id, ''))) this.#queue.add(key) }, signal)
    await Promise.all([this.#status.run(signal), this.#turns.run(signal), runController({ name: 'placement', queue: this.#queue, sources: [], reconcile: (key, inner) => this.#reconcile(key, inner), concurrency, logger }, signal)])
    await Promise.all(following)
  }

  #useMembers(member: Member | undefined): void {
    if (!this.#facts.isNews(member)) return
    this.#health.rateOf(true)
    this.kickAll()
  }

  #useTemplate(store: TemplateStore, key: string, federated: FederatedObject | undefined): void {
    const queueKey = templateKey(store.id, key), known = this.#templates.get(queueKey)
    if (isNamespaces(store.target)) this.#useNamespace(key.slice(0, key.indexOf('/')), federated)
    if (!federated) {
      if (known) this.#index.removeTemplate(known)
      if (known?.claim) this.#status.kick(known.claim)
      this.#templates.delete(queueKey)
      this.#decided.delete(queueKey)
      this.#waiting.delete(queueKey)
      this.#beyond.delete(queueKey)
      this.#assumed.forget(queueKey)
      for (const one of [...this.#dependents.remove(queueKey), ...this.#groups.remove(queueKey)]) this.#queue.add(one)
      this.#turns.forget(queueKey)
      return
    }
    const { metadata, status } = federated, claim = status?.policy as PolicyReference | undefined, template: Template = { queueKey, decision: status?.schedule?.decision, ...claimable(store, federated), ...(claim && { claim }) }
    this.#templates.set(queueKey, template)
    this.#index.setTemplate(template, claim)
    if (!known || !isSame(known.claim, claim)) for (const one of [known?.claim, claim]) if (one) this.#status.kick(one)
    const policy = this.#useNeeds(queueKey, store, federated)
    if (!this.#assumed.isEmpty) this.#seen(queueKey, federated)
    // Where copies fail, or clusters are left, what becomes of the copies decides.
    const isWatched = status?.schedule?.evictions !== undefined || (policy?.spec.failover?.application !== undefined && status?.clusters?.some(({ unhealthySince }) => unhealthySince !== undefined))
    // A server that led before may have had a decision in hand that rests on what is no longer so.
    const isOthers = known !== undefined && status?.schedule?.decision !== known.decision && status?.schedule?.decision !== this.#decided.get(queueKey)
    if (isWatched || isOthers || status?.schedule?.observedGeneration !== metadata.generation) this.#queue.add(queueKey)
    // It was decided about before this server saw it: that may be out of date.
    else if (!known) this.#queue.addUnhurried(queueKey)
  }

  /** What a template needs, and keeps near or far, as it and its policy say. Answers the policy. */
  #useNeeds(queueKey: string, store: TemplateStore, federated: FederatedObject): PlacingPolicy | undefined {
    const { metadata, status } = federated
    const policy = this.policyOf(federated), native = unowned(federated, store.target), needed = propagatesDependencies(federated, policy?.spec) ? neededKeys(native, (group, kind, at) => this.#keyOf(group, kind, at)) : []
    for (const one of this.#dependents.set(queueKey, needed, clustersInUse(status?.schedule?.targets ?? [], status?.schedule?.evictions ?? [], status?.clusters ?? []))) this.#queue.add(one)
    const placement = federated.spec.placement ?? policy?.spec.placement, targets = status?.schedule?.targets ?? []
    for (const one of this.#groups.set(queueKey, groupNames({ namespace: metadata.namespace, labels: native.metadata.labels }, placement?.workloadAffinity), targets.map(({ cluster }) => cluster))) this.#queue.add(one)
    return policy
  }

  /** The policy that claims a template, as it is now. */
  policyOf({ status }: FederatedObject): PlacingPolicy | undefined { return status?.policy && this.#policy(status.policy as PolicyReference) }
  #policy(reference: PolicyReference): PlacingPolicy | undefined { return this.#index.policy(reference) }

  /** Of its policy; of one that is not claimed yet, the highest of those that may claim it. */
  #priorityOf(key: string): number {
    const template = this.#templates.get(key), claimed = template?.claim && this.#policy(template.claim), policies: readonly PlacingPolicy[] = claimed ? [claimed] : template && !template.claim ? this.#index.policiesFor(template) : []
    return Math.max(0, ...policies.map(({ spec: { schedulePriority } }) => (schedulePriority && this.#priorities.valueOf(schedulePriority.priorityClassName)) ?? 0))
  }

  #kickPrioritized(): void {
    for (const { queueKey, claim } of this.#templates.values()) if (claim && this.#policy(claim)?.spec.schedulePriority) this.#queue.add(queueKey)
  }

  /** What is decided holds for other decisions at once, long before it is stored and seen. */
  #assume(key: string, { status }: FederatedObject, { groups, needs, schedule }: Placed): void {
    const targets = schedule.targets ?? []
    this.#assumed.decided(key, needs, status?.schedule?.targets ?? [], targets)
    for (const waiting of this.#groups.set(key, groups, targets.map(({ cluster }) => cluster))) this.#queue.add(waiting)
  }

  /** Room that copies have taken is known of soon where nodes are followed, and with the next report elsewhere. */
  #seen(key: string, { status }: FederatedObject): void {
    for (const { name, state, status: of } of status?.clusters ?? []) {
      const { replicas = 0, active = 0 } = (of ?? {}) as { replicas?: number; active?: number }
      if (state === 'OK') this.#assumed.seen(key, name, Math.max(replicas, active), this.#options.members.get(name)?.nodes ? FOLLOWED_MS : REPORTED_MS)
    }
  }

  /** How the policy that claims a template orders its changes; undefined: not at all. `unknown`: policies are not known yet. `gone`: it is no more. */
  rolloutOf(federated: FederatedObject): Rollout | 'unknown' | 'gone' | undefined {
    if (!federated.status?.policy) return undefined
    if (!this.#isKnowing) return 'unknown'
    const policy = this.policyOf(federated)
    return policy ? policy.spec.rollout : 'gone'
  }

  /** Whether changes of a template go in waves; until that is known they do. */
  isStaged(federated: FederatedObject): boolean {
    const rule = this.rolloutOf(federated)
    return federated.status?.rollout !== undefined || (rule !== undefined && rule !== 'gone')
  }

  /** Templates by kind are few: built-in kinds, and those that are configured. */
  #keyOf(group: string, kind: string, key: string): string | undefined {
    const store = this.#options.templates.list().find(({ target }) => target.group === group && target.kind === kind)
    return store && templateKey(store.id, key)
  }

  /** What lies in a namespace goes nowhere that the namespace does not go. */
  #useNamespace(namespace: string, federated: FederatedObject | undefined): void {
    const before = this.#namespaceClusters.get(namespace), clusters = federated && new Set((federated.status?.schedule?.targets ?? []).map(({ cluster }) => cluster))
    if (before?.size === clusters?.size && [...(clusters ?? [])].every((cluster) => before?.has(cluster))) return
    if (clusters) this.#namespaceClusters.set(namespace, clusters)
    else this.#namespaceClusters.delete(namespace)
    for (const template of this.#templates.values()) if (template.namespace === namespace) this.#queue.add(template.queueKey)
  }

  #usePolicy(reader: ListerWatcher, key: string, policy: KubeObject | undefined): void {
    const reference = { kind: reader.kind.namespaced ? 'PropagationPolicy' as const : 'ClusterPropagationPolicy' as const, ...scopeOfKey(key) }
    if (policy) this.#status.kick(reference)
    for (const { queueKey } of policy ? this.#index.setPolicy(policy as unknown as PlacingPolicy) : this.#index.removePolicy(reference)) {
      const { id, key: objectKey } = splitTemplateKey(queueKey), store = this.#options.templates.get(id), federated = store?.get(objectKey)
      if (store && federated) this.#useNeeds(queueKey, store, federated)
      this.#queue.add(queueKey)
      this.#options.onRules(queueKey)
    }
  }

  #usePreference(key: string, preference: ReplicaSchedulingPreference | undefined): void {
    const before = this.#preferences.get(key)
    if (preference) this.#preferences.set(key, preference)
    else this.#preferences.delete(key)
    for (const id of new Set([before, preference].flatMap((one) => (one ? [PREFERRED[one.spec.targetKind]] : [])))) this.#queue.add(templateKey(id, key))
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<{ readonly requeueAfterMs?: number }> {
    const { templates, leads, clock } = this.#options, { id, key: objectKey } = splitTemplateKey(key), store = templates.get(id), federated = store?.get(objectKey)
    if (!store || store.whyOff() !== undefined || !federated || !leads() || federated.metadata.deletionTimestamp !== undefined) {
      // What is not decided about must not hold up those behind it.
      this.#turns.forget(key)
      return {}
    }
    const granted = new Set<string>(), asked = new Set<string>(), ask = ({ cluster, byHealth }: Cause) => { asked.add(cluster); return this.#turns.take(key, byHealth) && granted.add(cluster) !== undefined }
    const placed = this.#place(store, federated, clock.now(), ask), again = placed.againMs === undefined ? {} : { requeueAfterMs: placed.againMs }
    if (asked.size === granted.size) this.#turns.forget(key)
    if (placed.scheduled.reason === 'QuotaExceeded') this.#beyond.set(key, federated.metadata.namespace ?? '')
    else this.#beyond.delete(key)
    if (placed.scheduled.reason === 'OverridesMissing') this.#waiting.add(key)
    else this.#waiting.delete(key)
    if (withPlacement(federated.status, placed) === federated.status) return again
    let written: Placed | undefined
    const isWritten = await writeStatus(store.resource, objectKey, (current) => {
      const fresh = current as FederatedObject
      // The write may have waited for long, and another server have begun to lead.
      if (!leads()) return fresh.status
      written = fresh.metadata.resourceVersion === federated.metadata.resourceVersion && !this.#isBounded(store, fresh, placed) ? placed : this.#place(store, fresh, clock.now(), ({ cluster }) => granted.has(cluster))
      this.#assume(key, fresh, written)
      if (written.schedule.decision !== undefined) this.#decided.set(key, written.schedule.decision)
      this.#options.quotas.assume(store, { ...fresh, status: { ...fresh.status, schedule: written.schedule } })
      return withPlacement(fresh.status, written)
    }, signal)
    if (isWritten && written) this.#options.onPlaced(store, federated, written)
    return again
  }

  /** Others may have been given room, or a place, in the meantime that this decision counted on. */
  #isBounded(store: TemplateStore, federated: FederatedObject, { schedule: { algorithm }, groups }: Placed): boolean {
    return algorithm === 'DynamicWeight' || algorithm === 'Aggregated' || groups.affinity !== undefined || groups.antiAffinity !== undefined || this.#options.quotas.allowance(store, federated) !== undefined
  }

  /** Once a pod has found no node for long enough, where it belongs to is looked at. */
  #watchPods({ unschedulable }: Member, signal: AbortSignal): void {
    if (this.#watched.has(unschedulable)) return
    this.#watched.add(unschedulable)
    unschedulable.onChange(({ group, kind, key }) => {
      const queueKey = this.#keyOf(group, kind, key)
      if (queueKey !== undefined && this.#templates.has(queueKey)) this.#queue.add(queueKey, STUCK_MS + SETTLE_MS)
    }, signal)
  }

  #stuckIn({ target: { group, kind } }: TemplateStore, { metadata, status }: FederatedObject, cluster: string, now: number): { readonly replicas: number; readonly unschedulable: number } | undefined {
    const limit = status?.schedule?.rescheduling?.limits?.find((one) => one.cluster === cluster)
    const unschedulable = this.#options.members.get(cluster)?.unschedulable.of({ group, kind, key: keyOfObject({ metadata }) }, now - STUCK_MS, limit && Date.parse(limit.since)) ?? 0
    // A Job's shares do not move once they have begun; of what counts its pods in another way nothing can be said.
    const replicas = unschedulable > 0 && kind !== 'Job' ? valueAt(status?.clusters?.find(({ name }) => name === cluster)?.status, 'replicas') : undefined
    return typeof replicas === 'number' ? { replicas, unschedulable } : undefined
  }

  /** The status that a template would get if it were stored as it is here. */
  preview(store: TemplateStore, federated: FederatedObject, { beyondQuota = false } = {}): FederatedStatus { return withPlacement(federated.status, this.#place(store, federated, this.#options.clock.now(), () => false, beyondQuota)) }

  #place(store: TemplateStore, federated: FederatedObject, now: number, mayLeave: (cause: Cause) => boolean, beyondQuota = false): Placed {
    const allowance = beyondQuota ? undefined : this.#options.quotas.allowance(store, federated)
    const { target } = store, key = templateKey(store.id, keyOfObject(federated)), native = unowned(federated, target), template = claimable(store, federated), sets = this.#sets.of(federated.metadata.namespace)
    const preference = this.#preferenceOf(store, federated), { overrides } = this.#options, namespaceClusters = isNamespaces(target) ? undefined : this.#namespaceClusters.get(federated.metadata.namespace ?? '')
    return place({
      federated, native, target, policies: this.#index.policiesFor(template), preference, namespaceClusters, clusters: this.#assumed.over(this.#facts.of(sets)), fallback: sets.find(({ spec }) => spec?.defaultPlacement)?.spec?.defaultPlacement, stuckIn: (cluster) => this.#stuckIn(store, federated, cluster, now),
      leaving: { options: this.#options.failover, mayLeave }, ...(allowance && { allowance }), now, required: this.#dependents.of(key), peers: (groups) => this.#groups.peers(key, groups), priorityOf: (name) => this.#priorities.valueOf(name), hasOverride: (namespace, name) => overrides.of(namespace).some(({ metadata }) => metadata.name === name && metadata.namespace === namespace),
    })
  }

  #preferenceOf({ id }: TemplateStore, federated: FederatedObject): ReplicaPreference | undefined {
    const found = this.#preferences.get(keyOfObject(federated))
    return found && PREFERRED[found.spec.targetKind] === id ? found.spec : undefined
  }

  /** Names of the clusters that objects of a namespace may be sent to; undefined: cluster-scoped ones. None until the sets are known. */
  clustersFor(namespace: string | undefined): readonly string[] { return this.#facts.of(this.#sets.of(namespace)).map(({ cluster }) => cluster.metadata.name ?? '') }
}

const FOLLOWED_MS = 2000, REPORTED_MS = 60_000
/** For so long a pod may look for a node before it counts as one that finds none (KubeFed's limit); what came of the last move has been seen by then. */
const STUCK_MS = 60_000, SETTLE_MS = 2000
const isSame = (a: PolicyReference | undefined, b: PolicyReference | undefined) => (a && b ? isSamePolicy(a, b) : a === b)

/** A template as policies see it. */
function claimable({ target: { group, version, kind } }: TemplateStore, { metadata: { name = '', namespace }, spec }: FederatedObject): Claimable {
  const labels = spec.template.metadata?.labels
  return { apiVersion: group ? `${group}/${version}` : version, kind, name, ...(namespace !== undefined && { namespace }), ...(labels && { labels }) }
}

const PREFERRED = { FederatedDeployment: 'deployments.apps', FederatedReplicaSet: 'replicasets.apps' } as const
