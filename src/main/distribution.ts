/** What distributes templates: the kinds there are, and the stages from a template to its copies. */
import { DEFAULT_CLUSTER_SET } from '../apis/cluster.federation/v1alpha1/cluster-set.ts'
import type { FederatedObject } from '../apis/types.federation/v1alpha1/federated-object.ts'
import { withReplicas } from '../federation/interpreter/replicas.ts'
import { prunedForPropagation } from '../federation/interpreter/prune.ts'
import { applyOverrides } from '../federation/override/apply-overrides.ts'
import { Overrides } from '../federation/override/overrides.ts'
import type { Members } from '../federation/member/members.ts'
import { CopyLedger } from '../federation/propagation/copy-ledger.ts'
import { DividedBounds } from '../federation/propagation/divided-bounds.ts'
import { isOrphaned } from '../federation/propagation/deletion.ts'
import { jobCompletions } from '../federation/propagation/job-completions.ts'
import { Propagation } from '../federation/propagation/propagation.ts'
import { RemovalBudget } from '../federation/propagation/removal-budget.ts'
import type { Rendering } from '../federation/propagation/render.ts'
import { StoreGuard } from '../federation/propagation/store-guard.ts'
import { templateChecks } from '../federation/propagation/template-checks.ts'
import { Tombstones } from '../federation/propagation/tombstones.ts'
import { ImpliedConfigs } from '../federation/type-config/implied-configs.ts'
import { TypeConfigs } from '../federation/type-config/type-configs.ts'
import { TypeRecords } from '../federation/type-config/type-records.ts'
import { evictionEvents } from '../federation/scheduler/evict/eviction-events.ts'
import { defaultFailover, type FailoverOptions } from '../federation/scheduler/evict/failover-options.ts'
import { placementEvents } from '../federation/scheduler/placement-events.ts'
import { QuotaController } from '../federation/quota/quota-controller.ts'
import { Quotas } from '../federation/quota/quotas.ts'
import { PlacementController } from '../federation/scheduler/placement-controller.ts'
import { RolloutController } from '../federation/rollout/rollout-controller.ts'
import type { PriorityClassSource } from '../federation/scheduler/priority-classes.ts'
import { StatusController } from '../federation/status/status-controller.ts'
import { builtInTargets } from '../federation/template/target-kind.ts'
import { createRecorder, type TemplateEventsOptions } from '../federation/template/template-events.ts'
import { OwnedTemplates } from '../federation/template/owned-templates.ts'
import type { TemplateChecks } from '../federation/template/template-strategy.ts'
import { templateKey, Templates, type PlanTemplate } from '../federation/template/templates.ts'
import type { Leadership } from '../host/leases.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import { follow } from '../machinery/controller/follow.ts'
import type { KubeObject, ListerWatcher, Resource, Storage } from '../machinery/meta/core.ts'
import type { WriterDependencies } from '../machinery/registry/stored-writer.ts'
import { admitToQuotas } from './admit-to-quotas.ts'

export interface DistributionOptions {
  readonly fleetId: string
  readonly storage: Storage
  readonly stored: WriterDependencies & { readonly logger: Logger }
  readonly members: Members
  readonly leadership: Leadership
  /** Resolves once `members` holds every Cluster there was at the start. */
  readonly seen: Promise<void>
  /** The kinds of policy.federation. */
  readonly policies: readonly Resource[]
  readonly clusterSets: ListerWatcher
  /** The server's own. */
  readonly ownNamespace: string
  /** The host's. */
  readonly namespaces: ListerWatcher
  /** The host's; absent: those among the templates count. */
  readonly priorityClasses?: ListerWatcher
  readonly isStandalone: boolean
  readonly events: TemplateEventsOptions
  readonly maxRemovalsPerMinute: number
  /** How failing clusters are left; absent: as the flags say by default. */
  readonly failover?: FailoverOptions
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Logger
}

export interface Distribution {
  readonly templates: Templates
  readonly checks: TemplateChecks
  readonly plan: PlanTemplate
  /** Whether the copies of a template that is being deleted stay. */
  readonly isOrphaned: (federated: FederatedObject) => boolean
  /** Why nothing is written to members; undefined: it is. */
  readonly halted: { readonly why: () => string | undefined; onChange(listener: () => void, signal: AbortSignal): void }
  /** Events that could not be written, since the start. */
  readonly eventsDropped: () => number
  /** Until the signal aborts. */
  readonly run: (signal: AbortSignal) => Promise<void>
}

/** Templates worked on at the same time: per stage, and per member. */
const CONCURRENCY = 8, CONCURRENCY_PER_MEMBER = 8
/** How long a member is waited for that is asked about a template. */
const REVIEW_TIMEOUT_MS = 3000
/** Between two attempts to read the store. */
const RETRY_MS = 1000
/** Says which side is right when the store is behind the members. */
const ACCEPT_STORE = 'cluster.federation/accept-store'

export async function startDistribution(options: DistributionOptions, signal: AbortSignal): Promise<Distribution> {
  const { fleetId, storage, stored, members, leadership, seen, policies, clusterSets, namespaces, clock, random, logger } = options, leads = () => leadership.isLeader
  const checks = templateChecks({ members: (namespace) => placement.clustersFor(namespace).flatMap((name) => members.get(name) ?? []), clock, random, timeoutMs: REVIEW_TIMEOUT_MS, isStaged: (federated) => placement.isStaged(federated), admit: (admitted) => admitToQuotas({ templates, quotas, placement }, admitted) })
  const { record, dropped: eventsDropped } = createRecorder(options.events, signal)
  const templates = new Templates({ storage, stored, checks, plan: (store, federated) => plan(store, federated), ownNamespace: options.ownNamespace }, signal), resource = (kind: string) => policies.find((one) => one.kind.kind === kind)!, reader = (kind: string) => resource(kind).reader
  for (const target of builtInTargets) templates.add(target)
  const quotas = new Quotas({ templates, reader: reader('FederatedResourceQuota'), clock, logger })
  const tombstones = await Tombstones.open(storage, signal)
  const typeConfigs = await TypeConfigs.open({ configs: resource('FederatedTypeConfig'), templates, records: await TypeRecords.open(storage, signal), storage, members, isAwaited: (id) => tombstones.has(templateKey(id, '')), seen, leads, clock, random, logger }, signal)

  const implied = new ImpliedConfigs({ configs: resource('FederatedTypeConfig'), templates, leads, clock, random, logger })

  const ledger = new CopyLedger(), guard = new StoreGuard(logger), overrides = new Overrides(), owned = new OwnedTemplates(templates), bounds = new DividedBounds(templates), propagationPolicies = policies.filter(({ kind: { kind } }) => kind === 'PropagationPolicy' || kind === 'ClusterPropagationPolicy')
  const propagation = new Propagation({
    fleetId, templates, members, ledger, guard, leads, clock, random, logger, tombstones, budget: new RemovalBudget(clock, options.maxRemovalsPerMinute), concurrency: CONCURRENCY_PER_MEMBER, isCollector: options.isStandalone,
    rendering: rendering(overrides, bounds), bounds, owned, onCopy: (template) => { status.kick(template); rollouts.kick(template) }, record,
    retained: ({ target }, federated) => (federated.spec.retainReplicas && target.scale ? target.scale.specReplicasPath.slice(1).split('.') : undefined),
    policyOf: (federated) => placement.policyOf(federated)?.spec,
    namespaceLabels: async (namespace, inner) => { const [entry] = (await namespaces.list({ name: namespace }, inner)).entries; return entry?.labels() ?? {} },
  })
  const placement: PlacementController = new PlacementController({ templates, overrides, members, policies: propagationPolicies, preferences: reader('ReplicaSchedulingPreference'), clusterSets, namespaces, priorityClasses: priorityClasses(options, templates), quotas, seen, leads, failover: options.failover ?? defaultFailover, onRules: (template) => propagation.kick(template), onPlaced: (store, federated, placed) => { for (const event of [...placementEvents(federated, placed), ...evictionEvents(federated, placed)]) record(store, federated, event) }, concurrency: CONCURRENCY, clock, random, logger })
  const status: StatusController = new StatusController({ templates, members, ledger, copyOf: (store, key, cluster) => propagation.copyOf(store, key, cluster), leads, concurrency: CONCURRENCY, clock, random, logger })
  const rollouts = new RolloutController({ templates, members, ledger, copyOf: (store, key, cluster) => propagation.copyOf(store, key, cluster), rolloutOf: (federated) => placement.rolloutOf(federated), record, leads, concurrency: CONCURRENCY, clock, random, logger })
  const plan: PlanTemplate = (store, federated) => {
    const next = placement.preview(store, federated), clusters = propagation.preview(store, { ...federated, status: next })
    return { ...next, ...(clusters.length > 0 && { clusters }) }
  }
  const halted = {
    onChange: (listener: () => void, inner: AbortSignal) => { guard.onChange(listener, inner) },
    why: () => { const { evidence } = guard; return evidence && `the copy of ${evidence.template} in cluster ${evidence.cluster} was made from decision ${evidence.copy}, and the store knows ${evidence.stored} at most: it is an old backup. Nothing is written to any member until the annotation ${ACCEPT_STORE}: "true" on this object says that the store is right` },
  }
  return { templates, checks, plan, halted, eventsDropped, isOrphaned: (federated) => isOrphaned(federated, placement.policyOf(federated)?.spec), run: (inner) => run({ placement, propagation, status, rollouts, quotas, quotaController: new QuotaController({ quotas, resource: resource('FederatedResourceQuota'), templates, leads, clock, random, logger }), typeConfigs, implied, tombstones, overrides, owned, overridePolicies: [reader('OverridePolicy'), reader('ClusterOverridePolicy')], guard, options }, inner) }
}

/** Where values of priority classes come from. */
function priorityClasses({ priorityClasses: source }: DistributionOptions, templates: Templates): PriorityClassSource {
  const number = (value: unknown) => (typeof value === 'number' ? value : undefined)
  if (source) return { source, priority: (object) => number((object as KubeObject & { readonly value?: unknown }).value) }
  return { source: templates.get('priorityclasses.scheduling.k8s.io')!.cache, priority: (object) => number((object as unknown as FederatedObject).spec.template['value']) }
}

interface Stages {
  readonly placement: PlacementController
  readonly propagation: Propagation
  readonly status: StatusController
  readonly rollouts: RolloutController
  readonly quotas: Quotas
  readonly quotaController: QuotaController
  readonly typeConfigs: TypeConfigs
  readonly tombstones: Tombstones
  readonly implied: ImpliedConfigs
  readonly overrides: Overrides
  readonly owned: OwnedTemplates
  readonly overridePolicies: readonly ListerWatcher[]
  readonly guard: StoreGuard
  readonly options: DistributionOptions
}

async function run(stages: Stages, signal: AbortSignal): Promise<void> {
  const { placement, propagation, status, rollouts, quotas, quotaController, typeConfigs, implied, overrides, owned, overridePolicies, guard, options: { leadership, clusterSets, clock, logger } } = stages
  const following = overrides.run(overridePolicies, { clock, logger }, signal)
  const accepting = follow(clusterSets, (key, set) => { if (key === DEFAULT_CLUSTER_SET) guard.accept(set?.metadata.annotations?.[ACCEPT_STORE] === 'true') }, { clock, logger }, signal)
  await following.ready
  overrides.onChange(() => propagation.kickAll())
  leadership.onLead(() => { void takeOver(stages, signal) }, signal)
  const propagating = placement.policiesSeen.then(() => propagation.run(signal))
  await Promise.all([placement.run(signal), propagating, status.run(signal), rollouts.run(signal), quotas.run(signal), quotaController.run(signal), typeConfigs.run(signal), implied.run(signal), owned.run({ clock, logger }, signal), following.done, accepting.done])
}

/** This replica begins to lead. What another one has written since is not all followed: it is read anew, and everything looked at. */
async function takeOver({ placement, propagation, status, quotaController, typeConfigs, implied, tombstones, options: { leadership, clock, logger } }: Stages, signal: AbortSignal): Promise<void> {
  propagation.resume()
  placement.resume()
  status.kickAll()
  quotaController.kickAll()
  implied.kickAll()
  while (!signal.aborted && leadership.isLeader) {
    try {
      await tombstones.read(signal)
      propagation.kickTombstones()
      return typeConfigs.kickAll()
    } catch (error) {
      if (!signal.aborted) logger.warn({ error: String(error) }, 'what is left to be removed from clusters cannot be read; trying again')
      await clock.sleep(RETRY_MS, signal)
    }
  }
}

const rendering = (overrides: Overrides, { following }: DividedBounds): Rendering => ({
  pruned: prunedForPropagation,
  withReplicas: (object, replicas, { scale }, { federated, cluster }) => withReplicas(object, replicas, { ...(scale && { scale }), completions: jobCompletions(object, federated, cluster) }),
  following,
  overridden: (object, federated, cluster) => {
    const made = applyOverrides(object, { cluster, policies: overrides.of(federated.metadata.namespace), inline: federated.spec.overrides })
    return 'object' in made ? made : { error: made.errors.map(({ source, field, message }) => `${source}: ${field}: ${message}`).join('; ') }
  },
})
