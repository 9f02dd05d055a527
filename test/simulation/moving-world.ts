/** One divided template, its clusters and its copies, without any server: decisions are made by `place`, and carried out as members' workers do, by `stays`. */
import type { Placement } from '../../src/apis/cluster.federation/v1alpha1/placement.ts'
import type { Taint } from '../../src/apis/cluster.federation/v1alpha1/taint.ts'
import type { Failover } from '../../src/apis/policy.federation/v1alpha1/failover.ts'
import type { Rescheduling } from '../../src/apis/policy.federation/v1alpha1/propagation-policy.ts'
import type { ClusterState, FederatedStatus } from '../../src/apis/types.federation/v1alpha1/federated-object.ts'
import { type OtherTarget, stays } from '../../src/federation/propagation/moves.ts'
import { defaultFailover } from '../../src/federation/scheduler/evict/failover-options.ts'
import { place, type Placed, type PlacingPolicy, withPlacement } from '../../src/federation/scheduler/place.ts'
import type { ClusterFacts } from '../../src/federation/scheduler/snapshot.ts'
import { builtInTargets } from '../../src/federation/template/target-kind.ts'
import { timestamp } from '../../src/machinery/meta/timestamp.ts'
import type { Seeded } from '../suites/seeded.ts'

interface Member { isUp: boolean; taints: Taint[]; room: number; labels: Record<string, string>; readySince: number; createdAt: number }
/** `decision`: that was carried out last; `staysSince`: since when it has more than it is to have. */
interface Copy { asked: number; ready: number; decision: number; staysSince?: number | undefined }

const DEPLOYMENT = builtInTargets.find(({ kind }) => kind === 'Deployment')!, START = Date.UTC(2030, 0, 1), PATIENCE_MS = 600_000
const apiEnablements = [{ groupVersion: 'apps/v1', resources: [{ name: 'deployments', kind: 'Deployment' }] }]

export class MovingWorld {
  now = START
  readonly replicas: number
  readonly members = new Map<string, Member>()
  readonly copies = new Map<string, Copy>()
  readonly policy: { readonly placement: Placement; readonly failover?: Failover; readonly rescheduling?: Rescheduling }
  status: FederatedStatus | undefined
  /** What was done, for whoever reads a failure. */
  readonly told: string[] = []
  readonly mistakes: string[] = []
  readonly #random: Seeded

  constructor(random: Seeded) {
    this.#random = random
    this.replicas = 1 + random.int(20)
    for (let at = 0; at < 2 + random.int(4); at++) this.#join(`m${at}`)
    const triggers = (['ClusterJoined', 'ClusterLabelsChanged', 'CapacityReturned', 'Unschedulable'] as const).filter(() => random.chance(0.4))
    this.policy = {
      placement: {
        replicaScheduling: random.chance(0.5) ? { replicaDivisionPreference: 'Aggregated' } : { weightPreference: { dynamicWeight: 'AvailableReplicas' } }, partial: random.chance(0.3),
        ...(random.chance(0.3) && { spreadConstraints: [{ spreadByField: 'cluster', minGroups: 1, maxGroups: 1 + random.int(3) }] }),
      },
      ...(random.chance(0.6) && { failover: { cluster: { purgeMode: 'Gracefully' } } }), ...(triggers.length > 0 && { rescheduling: { triggers, ...(random.chance(0.5) && { maxMoves: 1 + random.int(4) }) } }),
    }
  }

  /** Something happens to a cluster, time passes, it is decided and carried out, and pods become ready. */
  step(): void {
    const random = this.#random
    if (random.chance(0.25)) this.#happen()
    this.now += 1000 * (1 + random.int(90))
    const placed = this.#decide()
    this.#checkDecision(placed)
    this.status = withPlacement(this.status, placed)
    for (const name of [...this.members.keys()].toSorted(() => random.next() - 0.5)) this.#carryOut(name)
    for (const [name, copy] of this.copies) if (this.members.get(name)!.isUp && random.chance(0.6)) copy.ready = Math.min(copy.asked, copy.ready + 1 + random.int(8))
    this.#report()
  }

  get serving(): number { return [...this.copies].reduce((sum, [name, { ready }]) => sum + (this.members.get(name)?.isUp ? ready : 0), 0) }

  #join(name: string): void { this.members.set(name, { isUp: true, taints: [], room: 5 + this.#random.int(30), labels: {}, readySince: this.now, createdAt: this.now }) }

  #happen(): void {
    const random = this.#random, name = random.pick([...this.members.keys()]), member = this.members.get(name)!, drained = { key: 'maintenance', effect: 'NoExecute' as const, timeAdded: timestamp(this.now) }, down = { key: 'cluster.federation/not-ready', effect: 'NoExecute' as const, timeAdded: timestamp(this.now) }
    const what = random.pick(['drain', 'undrain', 'power', 'room', 'label', 'join'] as const)
    if (what === 'drain') member.taints = [...member.taints, drained]
    if (what === 'undrain') member.taints = member.taints.filter(({ key }) => key !== drained.key)
    if (what === 'room') member.room = random.int(40)
    if (what === 'label') member.labels = { rack: `${random.int(3)}` }
    if (what === 'join' && this.members.size < 7) this.#join(`m${this.members.size}`)
    if (what === 'power') {
      member.isUp = !member.isUp
      member.taints = member.isUp ? member.taints.filter(({ key }) => key !== down.key) : [...member.taints, down]
      if (member.isUp) member.readySince = this.now
    }
    this.told.push(`${this.now - START}: ${what} ${name}`)
  }

  #facts(): ClusterFacts[] {
    return [...this.members].map(([name, { isUp, taints, room, labels, readySince, createdAt }]) => ({
      cluster: {
        metadata: { name, labels, creationTimestamp: timestamp(createdAt) }, spec: { syncMode: 'Push' as const, taints },
        status: { apiEnablements, resourceSummary: { allocatable: { pods: Math.max(0, room - (this.copies.get(name)?.asked ?? 0)) } }, conditions: [{ type: 'Ready', status: isUp ? 'True' as const : 'False' as const, reason: '', message: '', lastTransitionTime: timestamp(readySince) }] },
      },
      state: isUp ? { state: 'ready' } : { state: 'unreachable', since: 0, reason: 'timeout' },
    }))
  }

  #decide(): Placed {
    const policy = { metadata: { namespace: 'shop', name: 'p', generation: 1 }, spec: { resourceSelectors: [{ apiVersion: 'apps/v1', kind: 'Deployment' }], ...this.policy } } as PlacingPolicy
    return place({
      federated: { metadata: { namespace: 'shop', name: 'web', uid: 'u', generation: 1 }, spec: { template: {} }, ...(this.status && { status: this.status }) }, native: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { namespace: 'shop', name: 'web' }, spec: { replicas: this.replicas } }, target: DEPLOYMENT,
      policies: [policy], preference: undefined, clusters: this.#facts(), fallback: undefined, required: { clusters: new Set(), dependents: 0 }, hasOverride: () => true, peers: () => ({}), priorityOf: () => undefined, leaving: { options: defaultFailover, mayLeave: () => this.#random.chance(0.5) }, now: this.now,
    })
  }

  /** What was decided before is given up for a decision as good as that, or not at all. */
  #checkDecision({ schedule: { targets = [], unplaced = 0 }, scheduled }: Placed): void {
    const before = this.status?.schedule, had = sum(before?.targets ?? []), placed = sum(targets)
    if (scheduled.status === 'True' && placed + unplaced !== this.replicas) this.mistakes.push(`${placed} are placed and ${unplaced} are not, of ${this.replicas}`)
    if (placed < Math.min(had, this.replicas)) this.mistakes.push(`of ${had} that were placed ${placed} are: ${scheduled.message}`)
    for (const { cluster, replicas = 0 } of targets) {
      const old = before?.targets?.find((one) => one.cluster === cluster)?.replicas ?? 0
      if (!this.members.get(cluster)!.isUp && replicas > old) this.mistakes.push(`${cluster} is down, and gets ${replicas} instead of ${old}`)
    }
  }

  #carryOut(name: string): void {
    if (!this.members.get(name)!.isUp) return
    const { targets = [], evictions = [], decision = 0 } = this.status?.schedule ?? {}, wanted = targets.find(({ cluster }) => cluster === name)?.replicas ?? 0, isTarget = targets.some(({ cluster }) => cluster === name), copy = this.copies.get(name)
    if (!copy) {
      if (isTarget) this.copies.set(name, { asked: wanted, ready: 0, decision })
      return
    }
    const isLess = !isTarget || copy.asked > wanted, before = this.serving, eviction = evictions.find(({ cluster }) => cluster === name), since = eviction ? Date.parse(eviction.creationTimestamp) : copy.staysSince ?? this.now
    const others = targets.filter(({ cluster }) => cluster !== name).map(({ cluster }): OtherTarget => {
      const there = this.copies.get(cluster)
      return { cluster, reachable: this.members.get(cluster)!.isUp, settled: there?.decision === decision, health: there && (there.ready === there.asked ? 'Healthy' : 'Unhealthy'), missing: there ? there.asked - there.ready : 0 }
    })
    const why = isLess ? stays(others, this.now - since, eviction && { purgeMode: eviction.purgeMode, patienceMs: (eviction.gracePeriodSeconds ?? 0) * 1000, serves: copy.ready > 0 }) : undefined
    copy.staysSince = why === undefined ? undefined : since
    copy.decision = decision
    if (why !== undefined) return
    copy.asked = wanted
    copy.ready = Math.min(copy.ready, wanted)
    if (!isTarget) this.copies.delete(name)
    // What is in a cluster that died meanwhile is not waited for.
    const lost = sum(targets.filter(({ cluster }) => !this.members.get(cluster)!.isUp))
    if (this.serving + lost < Math.min(before, sum(targets)) && this.now - since < PATIENCE_MS) this.mistakes.push(`${name} is left with ${isTarget ? wanted : 'nothing'}: ${before} were ready, ${this.serving} are, of ${this.replicas}`)
    if (before > 0 && this.serving === 0 && wanted === 0) this.mistakes.push(`${name} was the last that worked`)
  }

  /** What is known of copies; of those that cannot be seen it stays. */
  #report(): void {
    const known = new Map(this.status?.clusters?.map((one) => [one.name, one]))
    for (const [name, { asked, ready }] of this.copies) if (this.members.get(name)!.isUp) known.set(name, { name, state: 'OK', health: ready === asked ? 'Healthy' : 'Unhealthy', status: { replicas: asked } })
    const targets = new Set(this.status?.schedule?.targets?.map(({ cluster }) => cluster)), clusters = [...known.values()].filter(({ name }): boolean => this.copies.has(name) || targets.has(name)) satisfies ClusterState[]
    this.status = { ...this.status, clusters }
  }
}

const sum = (of: readonly { readonly replicas?: number }[]) => of.reduce((total, { replicas = 0 }) => total + replicas, 0)
