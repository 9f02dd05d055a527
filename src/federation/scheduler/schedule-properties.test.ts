/** What holds of every decision, tried on random fleets; a failure names its seed (SEED=… repeats it, SNAPSHOTS=… tries more). */
import { expect, test } from 'vitest'
import { Seeded } from '../../../test/suites/seeded.ts'
import type { ReplicaSchedulingStrategy, SpreadConstraint } from '../../apis/cluster.federation/v1alpha1/placement.ts'
import { estimateReplicas } from './estimate.ts'
import type { NodeRoom } from '../member/node-room.ts'
import type { HubPlacement } from './placement-request.ts'
import { groupsOf } from './select/group-clusters.ts'
import { reschedule } from './rescheduling/reschedule.ts'
import type { ReschedulingFacts, ReschedulingTrigger } from './rescheduling/rescheduling-facts.ts'
import { type Schedule, schedule } from './schedule.ts'
import type { ClusterFacts, SchedulingSnapshot } from './snapshot.ts'
import { withinQuota } from './within-quota.ts'
import type { GroupPeers, WorkloadPeers } from './workload-groups.ts'

const apiEnablements = [{ groupVersion: 'apps/v1', resources: [{ name: 'deployments', kind: 'Deployment' }] }], ROUNDS = Number(process.env['SNAPSHOTS'] ?? 10_000), TIME = { timeout: 60_000 + 30 * ROUNDS }

function anyCluster(random: Seeded, name: string): ClusterFacts {
  const state = random.pick([{ state: 'ready' }, { state: 'ready' }, { state: 'ready' }, { state: 'unreachable', since: 0, reason: 'timeout' }, { state: 'refused', reason: 'uid' }] as const), spec = { syncMode: 'Push' as const, ...(random.chance(0.8) && { region: `r${random.int(3)}` }), ...(random.chance(0.8) && { zones: random.chance(0.2) ? ['z0', 'z1'] : [`z${random.int(4)}`] }), ...(random.chance(0.9) && { provider: `p${random.int(2)}` }), ...(random.chance(0.1) && { taints: [{ key: 'k', effect: 'NoSchedule' as const }] }) }
  const pods = random.int(30), nodes = random.chance(0.3) && Array.from({ length: random.int(4) }, (_, i): NodeRoom => ({ name: `n${i}`, labels: {}, taints: [], isReady: random.chance(0.9), isUnschedulable: random.chance(0.1), free: new Map([['pods', BigInt(random.int(12)) * 1_000_000_000n]]) }))
  return {
    cluster: { metadata: { name, labels: { env: random.pick(['prod', 'dev']), rack: `k${random.int(3)}` } }, spec, status: { apiEnablements: random.chance(0.9) ? apiEnablements : [], ...(random.chance(0.95) && { resourceSummary: { allocatable: { pods } } }) } }, state,
    ...(random.chance(0.2) && { capacity: random.int(20) }), ...(nodes && { nodes }), ...(random.chance(0.1) && { assumed: [{ replicas: random.int(9) }] }),
  }
}

function anyStrategy(random: Seeded): ReplicaSchedulingStrategy | undefined {
  const keepEmpty = random.chance(0.3), anyName = () => `c${random.int(6)}`
  return random.pick<() => ReplicaSchedulingStrategy | undefined>([
    () => undefined,
    () => ({ replicaSchedulingType: 'Duplicated' }),
    () => ({ keepEmpty }),
    () => ({ keepEmpty, weightPreference: { staticWeightList: [1, 2].map(() => ({ targetCluster: { clusterNames: [anyName(), anyName()] }, weight: 1 + random.int(4) })) } }),
    () => ({ keepEmpty, weightPreference: { dynamicWeight: 'AvailableReplicas' } }),
    () => ({ replicaDivisionPreference: 'Aggregated' }),
    () => ({ keepEmpty, rebalance: random.chance(0.5), clusterPreferences: { [anyName()]: { minReplicas: random.int(3), maxReplicas: 3 + random.int(9), weight: random.int(3) }, ...(random.chance(0.7) && { '*': { weight: 1 } }) } }),
  ])()
}

/** In any number of sorts. */
function anySpread(random: Seeded): SpreadConstraint[] {
  const limits = () => { const minGroups = 1 + random.int(2); return { minGroups, ...(random.chance(0.6) && { maxGroups: minGroups + random.int(3) }) } }
  const sorts: SpreadConstraint[] = [{ spreadByField: 'region' }, { spreadByField: 'zone' }, { spreadByField: 'provider' }, { spreadByLabel: 'rack' }]
  return [{ spreadByField: 'cluster', minGroups: 1, maxGroups: 1 + random.int(4) }, ...sorts.filter(() => random.chance(0.3)).map((sort) => ({ ...sort, ...limits() }))]
}

/** Others of its groups: where they are, and how many of them. */
function anyPeers(random: Seeded): WorkloadPeers {
  const peers = (): GroupPeers => { const placed = random.int(4); return { group: 'app=web', placed, clusters: new Map(NAMES.filter(() => placed > 0 && random.chance(0.4)).map((name) => [name, 1 + random.int(placed)])) } }
  return { ...(random.chance(0.1) && { affinity: peers() }), ...(random.chance(0.1) && { antiAffinity: peers() }) }
}

/** Overflow, alternatives, or one affinity. */
function anyAffinity(random: Seeded, isDivided: boolean): Pick<HubPlacement, 'clusterAffinity' | 'clusterAffinities' | 'clusters'> {
  const prod = { labelSelector: { matchLabels: { env: 'prod' } } }
  return random.pick<() => Pick<HubPlacement, 'clusterAffinity' | 'clusterAffinities' | 'clusters'>>([
    () => (isDivided ? { clusterAffinities: [{ affinityName: 'own', clusterNames: ['c0', 'c1', 'c2'], overflowAffinities: [{ affinityName: 'more', ...prod }, { affinityName: 'rest', exclude: ['c5'] }] }] } : {}),
    () => ({ clusterAffinities: [{ affinityName: 'first', clusterNames: ['c0', 'c1'] }, { affinityName: 'second', ...prod }] }),
    () => ({ clusters: NAMES.filter(() => random.chance(0.5)).map((name) => ({ name })) }),
    () => ({ clusterAffinity: prod }), () => ({ clusterAffinity: { exclude: ['c0'] } }), () => ({ clusterAffinity: {} }), () => ({}), () => ({}),
  ])()
}

const NAMES = ['c0', 'c1', 'c2', 'c3', 'c4', 'c5']

function anySnapshot(random: Seeded): SchedulingSnapshot {
  const replicaScheduling = anyStrategy(random), placement: HubPlacement = {
    ...anyAffinity(random, replicaScheduling !== undefined && replicaScheduling.replicaSchedulingType !== 'Duplicated'), ...(replicaScheduling && { replicaScheduling }), partial: random.chance(0.3),
    ...(random.chance(0.3) && { clusterTolerations: [{ key: 'k', operator: 'Exists' as const }] }), ...(random.chance(0.4) && { spreadConstraints: anySpread(random) }),
  }
  return {
    template: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web', uid: `${random.int(1000)}`, ...(random.chance(0.9) && { replicas: random.int(40) }) }, source: { by: 'placement', placement }, clusters: Array.from({ length: random.int(7) }, (_, i) => anyCluster(random, `c${i}`)),
    ...(random.chance(0.1) && { preference: { totalReplicas: random.int(40), rebalance: random.chance(0.5), ...(random.chance(0.5) && { clusters: { [random.pick(NAMES)]: { maxReplicas: random.int(9), weight: 1 }, '*': { weight: random.int(3) } } }) } }),
    ...(random.chance(0.1) && { namespaceClusters: new Set(NAMES.filter(() => random.chance(0.7))) }), ...(random.chance(0.1) && { evicted: new Map([[random.pick(NAMES), 'it fails']]) }), peers: anyPeers(random),
  }
}

/** As it is stored: a copy that has the template's own number says none. */
const continued = (snapshot: SchedulingSnapshot, { algorithm, targets, fingerprint, affinity }: Schedule): SchedulingSnapshot => ({ ...snapshot, previous: { targets: algorithm === 'Duplicated' && !snapshot.preference ? targets.map(({ cluster }) => ({ cluster })) : targets, fingerprint, ...(affinity !== undefined && { affinity }) } })
/** What was decided takes its room, as soon as it runs. */
const occupied = ({ clusters }: SchedulingSnapshot, { targets }: Schedule): readonly ClusterFacts[] => clusters.map((facts) => { const { replicas = 0, waiting = 0 } = targets.find(({ cluster }) => cluster === facts.cluster.metadata.name) ?? {}; return { ...facts, assumed: [...(facts.assumed ?? []), { replicas: replicas - waiting }] } })
const placed = ({ targets }: Schedule) => targets.reduce((sum, { replicas = 0, waiting = 0 }) => sum + replicas - waiting, 0)
const running = ({ targets }: Schedule) => JSON.stringify(targets.map(({ cluster, replicas = 0, waiting = 0 }) => [cluster, replicas - waiting]))
const placementOf = ({ source }: SchedulingSnapshot) => (source.by === 'placement' ? source.placement : {})

/** What is decided for the first time keeps within the room that is known. */
const fitsRoom = ({ clusters, template }: SchedulingSnapshot, { targets }: Schedule) => template.replicas === undefined || targets.every(({ cluster: name, replicas = 0, waiting = 0 }) => replicas - waiting <= estimateReplicas(clusters.find(({ cluster }) => cluster.metadata.name === name)!, template))

/** Empty: nothing is wrong. */
function mistakes(snapshot: SchedulingSnapshot, decision: Schedule): string[] {
  const { template, preference, clusters } = snapshot, replicas = preference?.totalReplicas ?? template.replicas, { algorithm, targets, rejected, unplaced = 0, scheduled } = decision, names = clusters.map(({ cluster }) => cluster.metadata.name), wrong: string[] = [], placement = placementOf(snapshot)
  const say = (isWrong: boolean, text: string) => { if (isWrong) wrong.push(text) }
  if (placement.clusters?.length === 0) return targets.length === 0 && scheduled.reason === 'Nowhere' ? [] : ['it goes somewhere']
  say(scheduled.status === 'True' && algorithm !== 'Duplicated' && replicas !== undefined && placed(decision) + unplaced !== replicas, 'the total is wrong')
  say(algorithm === 'Duplicated' && targets.some((target) => target.replicas !== replicas), 'a duplicate differs')
  say(new Set(targets.map(({ cluster }) => cluster)).size !== targets.length || targets.some(({ cluster }, i) => i > 0 && cluster < targets[i - 1]!.cluster), 'targets are not in order')
  say(names.some((name) => targets.some(({ cluster }) => cluster === name) === rejected.some(({ cluster }) => cluster === name)), 'a cluster is neither target nor rejected, or both')
  say(rejected.some(({ message }) => message === '' || message.endsWith('.')), 'a rejection has no message')
  for (const [name, { maxReplicas = Infinity }] of Object.entries(preference ? preference.clusters ?? {} : placement.replicaScheduling?.clusterPreferences ?? {})) say(targets.some((target) => target.cluster === name && (target.replicas ?? 0) - (target.waiting ?? 0) > maxReplicas), `${name} is above its maximum`)
  const isIgnored = scheduled.message.includes('spread constraints do not apply'), isSpread = scheduled.status === 'True' && !isIgnored && (algorithm === 'Duplicated' || algorithm === 'DynamicWeight' || algorithm === 'Aggregated'), chosen = clusters.filter(({ cluster }) => targets.some((target) => target.cluster === cluster.metadata.name))
  for (const constraint of isSpread ? (placement.spreadConstraints ?? []) : []) {
    const { minGroups = 1, maxGroups = Infinity, spreadByField, spreadByLabel } = constraint, groups = chosen.map(({ cluster }) => (spreadByField === 'cluster' ? [cluster.metadata.name!] : groupsOf(cluster, constraint))), single = new Set(groups.filter((names) => names.length === 1).flat())
    say(single.size > maxGroups, `more groups by ${spreadByField ?? spreadByLabel} than the spread allows`)
    // A chosen cluster whose share is 0 is no target.
    say(algorithm === 'Duplicated' && new Set(groups.flat()).size < minGroups, `fewer groups by ${spreadByField ?? spreadByLabel} than the spread needs`)
  }
  say(scheduled.status === 'True' && !isSpread && (placement.spreadConstraints ?? []).length > 0 && !isIgnored, 'spread constraints are passed over in silence')
  say(targets.some(({ message, replicas }) => !message && replicas !== undefined), 'a share is not explained')
  say(scheduled.status === 'True' && (algorithm === 'DynamicWeight' || algorithm === 'Aggregated' || placement.clusterAffinities?.[0]?.overflowAffinities !== undefined) && !fitsRoom(snapshot, decision), 'a cluster has more than there is room for')
  say(scheduled.status === 'True' && targets.length === 0, 'success without a target')
  wrong.push(...targets.flatMap(({ cluster: name }) => misplaced(snapshot, name).map((why) => `${name}: ${why}`)))
  return wrong
}

/** What speaks against a cluster that was chosen for the first time, looked at without the filters. */
function misplaced({ clusters, namespaceClusters, evicted, peers: { affinity, antiAffinity } = {}, source }: SchedulingSnapshot, name: string): string[] {
  const { cluster: { spec, status }, state } = clusters.find(({ cluster }) => cluster.metadata.name === name)!, tolerates = source.by === 'placement' && source.placement.clusterTolerations !== undefined, wrong = (is: boolean, why: string) => (is ? [why] : [])
  return [
    ...wrong(state.state !== 'ready', 'does not answer'), ...wrong(status?.apiEnablements?.length === 0, 'does not serve the kind'), ...wrong(spec.taints !== undefined && !tolerates, 'has a taint'), ...wrong(namespaceClusters?.has(name) === false, 'has not the namespace'),
    ...wrong(evicted?.has(name) ?? false, 'is being left'), ...wrong(affinity !== undefined && affinity.placed > 0 && affinity.clusters.get(name) !== affinity.placed, 'is not where its group is'), ...wrong((antiAffinity?.clusters.get(name) ?? 0) > 0, 'is where another one of its group is'),
  ]
}

test('every decision is complete, within its bounds, the same each time, and the same whatever the order of clusters', TIME, () => {
  const random = new Seeded(), wrong: unknown[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const snapshot = anySnapshot(random), decision = schedule(snapshot), found = mistakes(snapshot, decision)
    if (JSON.stringify(schedule({ ...snapshot, clusters: snapshot.clusters.toReversed() })) !== JSON.stringify(decision)) found.push('the order of clusters matters')
    if (found.length > 0) wrong.push({ seed: random.seed, round, found, snapshot, decision })
  }
  expect(wrong.slice(0, 2)).toEqual([])
})

test('nothing moves without a trigger: the same snapshot again changes nothing, nor does a divided template move when clusters come, fill up or stop answering', TIME, () => {
  const random = new Seeded(), wrong: unknown[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const snapshot = anySnapshot(random), first = schedule(snapshot)
    // What had no place is tried again each time.
    if (first.scheduled.status === 'False' || first.scheduled.reason === 'Nowhere' || (first.unplaced && first.algorithm !== 'Preferences')) continue
    const inUse = { ...snapshot, clusters: occupied(snapshot, first) }, again = schedule(continued(inUse, first)), third = schedule(continued(inUse, again)), targets = JSON.stringify(first.targets)
    // The planner of preferences asks for fewer replicas that wait once it sees those that run; what runs stays.
    if (running(again) !== running(first) || JSON.stringify(third.targets) !== JSON.stringify(again.targets) || (first.algorithm !== 'Preferences' && JSON.stringify(again.targets) !== targets)) wrong.push({ seed: random.seed, round, what: 'again', snapshot, first, again })
    if (first.algorithm === 'Duplicated' || first.algorithm === 'Preferences' || snapshot.template.replicas === undefined) continue
    const others = [...snapshot.clusters.map((facts) => ({ ...anyCluster(random, facts.cluster.metadata.name!) })), anyCluster(random, 'new')], moved = schedule({ ...continued(snapshot, first), clusters: others })
    if (JSON.stringify(moved.targets) !== targets || moved.trigger) wrong.push({ seed: random.seed, round, what: 'moved', snapshot, first, moved })
  }
  expect(wrong.slice(0, 2)).toEqual([])
})

test('another cluster never gives those that were there more, and scaling a steady division up takes from none', TIME, () => {
  const random = new Seeded(), wrong: unknown[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const snapshot = anySnapshot(random), { spreadConstraints: _, ...placement } = placementOf(snapshot), without = { ...snapshot, source: { by: 'placement', placement } } as const, first = schedule(without)
    if (first.scheduled.status === 'False' || snapshot.template.replicas === undefined) continue
    const of = ({ targets }: Schedule, name: string) => { const target = targets.find(({ cluster }) => cluster === name); return (target?.replicas ?? 0) - (target?.waiting ?? 0) }
    const crowded = schedule({ ...without, clusters: [...without.clusters, anyCluster(random, 'z')] }), scaled = schedule({ ...continued(without, first), clusters: occupied(without, first), template: { ...without.template, replicas: snapshot.template.replicas + 1 } })
    // Where the alternative in use has no room any more, another one is used, and nothing stays.
    const isOther = ({ affinity }: Schedule) => affinity !== first.affinity
    // Few clusters are the aim of Aggregated, and the planner of preferences rounds up in favour of the first: 13 over three are 5, 5, 3, over four 4, 4, 4, 1.
    if (first.algorithm !== 'Aggregated' && first.algorithm !== 'Preferences' && !isOther(crowded) && first.targets.some(({ cluster }) => of(crowded, cluster) > of(first, cluster))) wrong.push({ seed: random.seed, round, what: 'crowded', without, first, crowded })
    if (first.algorithm !== 'Preferences' && !isOther(scaled) && first.targets.some(({ cluster }) => of(scaled, cluster) < of(first, cluster))) wrong.push({ seed: random.seed, round, what: 'scaled', without, first, scaled })
  }
  expect(wrong.slice(0, 2)).toEqual([])
})

const STILL: ReschedulingFacts = { stuck: new Map(), now: Date.UTC(2030, 0, 1) }

test('a quota is not exceeded by what is placed, and takes nothing that was', TIME, () => {
  const random = new Seeded(), wrong: unknown[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const snapshot = anySnapshot(random), total = snapshot.preference?.totalReplicas ?? snapshot.template.replicas ?? 1, allowance = { replicas: random.int(60), why: 'the quota' }, all = ({ targets }: Schedule) => targets.reduce((sum, { replicas }) => sum + (replicas ?? total), 0)
    const first = withinQuota(snapshot, STILL, allowance), { schedule: made } = first, say = (what: string, more: object = {}) => wrong.push({ seed: random.seed, round, what, snapshot, allowance, made, ...more })
    if (first.refused === undefined && all(made) > allowance.replicas) say('more than the quota allows')
    if (first.refused !== undefined || made.scheduled.status === 'False' || made.scheduled.reason === 'Nowhere') continue
    if (made.algorithm !== 'Duplicated' && all(made) + (made.unplaced ?? 0) < total) say('replicas that are not placed are not told of')
    const tight = { replicas: random.int(allowance.replicas + 1), why: 'less' }, again = withinQuota(continued({ ...snapshot, clusters: occupied(snapshot, made) }, made), STILL, tight)
    if (again.refused === undefined && (all(again.schedule) > Math.max(tight.replicas, all(made)) || running(again.schedule) !== running(made) && placed(again.schedule) < Math.min(placed(made), total))) say('a quota that shrinks moves something', { tight, again })
  }
  expect(wrong.slice(0, 2)).toEqual([])
})

test('no more replicas move by themselves than the budget says, none without a trigger, and none twice within the interval', TIME, () => {
  const random = new Seeded(), wrong: unknown[] = [], counts = ({ targets }: Pick<Schedule, 'targets'>) => new Map(targets.map(({ cluster, replicas = 0 }) => [cluster, replicas])), MOVING = new Set(['Unschedulable', 'CapacityReturned', 'ClusterJoined', 'ClusterLabelsChanged', 'Remaining'])
  let moves = 0
  for (let round = 0; round < ROUNDS; round++) {
    const snapshot = anySnapshot(random), triggers = new Set<ReschedulingTrigger>((['ClusterJoined', 'ClusterLabelsChanged', 'CapacityReturned', 'Unschedulable'] as const).filter(() => random.chance(0.5))), rule = { triggers, minIntervalMs: 60_000, maxMoves: random.int(5) }
    const first = reschedule(snapshot, { ...STILL, rule })
    if (first.schedule.scheduled.status === 'False' || first.schedule.algorithm === 'Duplicated' || first.schedule.algorithm === 'Preferences') continue
    const stuck = new Map(first.schedule.targets.filter(() => random.chance(0.3)).map(({ cluster, replicas = 0 }) => [cluster, { replicas, unschedulable: random.int(replicas + 1) }])), relabelled = snapshot.clusters.map((facts) => (random.chance(0.3) ? { ...facts, cluster: { ...facts.cluster, metadata: { ...facts.cluster.metadata, labels: anyCluster(random, '').cluster.metadata.labels! } } } : facts))
    const next = { ...continued(snapshot, first.schedule), clusters: [...relabelled, ...(random.chance(0.5) ? [anyCluster(random, 'new')] : [])] }, later = { rule, ...(first.rescheduling && { before: first.rescheduling }), stuck, now: STILL.now + 120_000 }, second = reschedule(next, later)
    const was = counts(first.schedule), moved = second.schedule.targets.reduce((sum, { cluster, replicas = 0 }) => sum + Math.max(0, replicas - (was.get(cluster) ?? 0)), 0), { trigger } = second.schedule, say = (what: string) => wrong.push({ seed: random.seed, round, what, next, later, first, second })
    // Replicas that had no place before do not move by getting one.
    if (MOVING.has(trigger ?? '') && moved > rule.maxMoves + (first.schedule.unplaced ?? 0)) say('more move than the budget allows')
    if (trigger === undefined && moved > 0) say('replicas move without a trigger')
    if (trigger !== undefined && MOVING.has(trigger) && trigger !== 'Remaining' && !(triggers as ReadonlySet<string>).has(trigger)) say('a trigger that nobody asked for')
    const { rescheduling: before } = second, third = reschedule(continued(next, second.schedule), { ...later, ...(before && { before }), now: later.now + 30_000 })
    if (MOVING.has(trigger ?? '') && second.schedule.scheduled.status === 'True' && MOVING.has(third.schedule.trigger ?? '')) say('it moves again at once')
    moves += moved
  }
  expect(wrong.slice(0, 2)).toEqual([])
  expect(moves).toBeGreaterThan(ROUNDS / 10)
})
