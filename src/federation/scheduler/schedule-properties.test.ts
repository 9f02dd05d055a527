/** What holds of every decision, tried on random fleets; a failure names its seed (SEED=… repeats it). */
import { expect, test } from 'vitest'
import { Seeded } from '../../../test/suites/seeded.ts'
import type { ReplicaSchedulingStrategy } from '../../apis/cluster.federation/v1alpha1/placement.ts'
import type { HubPlacement } from './placement-request.ts'
import { type Schedule, schedule } from './schedule.ts'
import type { ClusterFacts, SchedulingSnapshot } from './snapshot.ts'

const apiEnablements = [{ groupVersion: 'apps/v1', resources: [{ name: 'deployments', kind: 'Deployment' }] }], ROUNDS = 1500

function anyCluster(random: Seeded, name: string): ClusterFacts {
  const state = random.pick([{ state: 'ready' }, { state: 'ready' }, { state: 'ready' }, { state: 'unreachable', since: 0, reason: 'timeout' }, { state: 'refused', reason: 'uid' }] as const), spec = { syncMode: 'Push' as const, ...(random.chance(0.8) && { region: `r${random.int(3)}` }), ...(random.chance(0.1) && { taints: [{ key: 'k', effect: 'NoSchedule' as const }] }) }
  return { cluster: { metadata: { name, labels: { env: random.pick(['prod', 'dev']) } }, spec, status: { apiEnablements: random.chance(0.9) ? apiEnablements : [], resourceSummary: { allocatable: { pods: random.int(30) } } } }, state, ...(random.chance(0.2) && { capacity: random.int(20) }) }
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

function anySnapshot(random: Seeded): SchedulingSnapshot {
  const replicaScheduling = anyStrategy(random)
  const placement: HubPlacement = {
    ...(replicaScheduling && { replicaScheduling }), partial: random.chance(0.3),
    ...(random.chance(0.5) && { clusterAffinity: random.pick([{ labelSelector: { matchLabels: { env: 'prod' } } }, { exclude: ['c0'] }, {}]) }),
    ...(random.chance(0.3) && { spreadConstraints: [{ spreadByField: 'cluster', minGroups: 1, maxGroups: 1 + random.int(4) }, ...(random.chance(0.5) ? [{ spreadByField: 'region' as const, minGroups: 1 + random.int(2) }] : [])] }),
  }
  return { template: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web', uid: `${random.int(1000)}`, ...(random.chance(0.9) && { replicas: random.int(40) }) }, source: { by: 'placement', placement }, clusters: Array.from({ length: random.int(7) }, (_, i) => anyCluster(random, `c${i}`)) }
}

const continued = (snapshot: SchedulingSnapshot, { targets, fingerprint, affinity }: Schedule): SchedulingSnapshot => ({ ...snapshot, previous: { targets, fingerprint, ...(affinity !== undefined && { affinity }) } })
const placed = ({ targets }: Schedule) => targets.reduce((sum, { replicas = 0, waiting = 0 }) => sum + replicas - waiting, 0)
const running = ({ targets }: Schedule) => JSON.stringify(targets.map(({ cluster, replicas = 0, waiting = 0 }) => [cluster, replicas - waiting]))
const placementOf = ({ source }: SchedulingSnapshot) => (source.by === 'placement' ? source.placement : {})

/** Empty: nothing is wrong. */
function mistakes(snapshot: SchedulingSnapshot, decision: Schedule): string[] {
  const { template: { replicas }, clusters } = snapshot, { algorithm, targets, rejected, unplaced = 0, scheduled } = decision, names = clusters.map(({ cluster }) => cluster.metadata.name), wrong: string[] = [], placement = placementOf(snapshot)
  const say = (isWrong: boolean, text: string) => { if (isWrong) wrong.push(text) }
  say(scheduled.status === 'True' && algorithm !== 'Duplicated' && replicas !== undefined && placed(decision) + unplaced !== replicas, 'the total is wrong')
  say(algorithm === 'Duplicated' && targets.some((target) => target.replicas !== replicas), 'a duplicate differs')
  say(new Set(targets.map(({ cluster }) => cluster)).size !== targets.length || targets.some(({ cluster }, i) => i > 0 && cluster < targets[i - 1]!.cluster), 'targets are not in order')
  say(names.some((name) => targets.some(({ cluster }) => cluster === name) === rejected.some(({ cluster }) => cluster === name)), 'a cluster is neither target nor rejected, or both')
  say(rejected.some(({ message }) => message === '' || message.endsWith('.')), 'a rejection has no message')
  for (const [name, { maxReplicas = Infinity }] of Object.entries(placement.replicaScheduling?.clusterPreferences ?? {})) say(targets.some((target) => target.cluster === name && (target.replicas ?? 0) - (target.waiting ?? 0) > maxReplicas), `${name} is above its maximum`)
  const { maxGroups = 0 } = placement.spreadConstraints?.[0] ?? {}
  say(maxGroups > 0 && targets.length > maxGroups && !scheduled.message.includes('spread constraints do not apply'), 'more clusters than the spread allows, and it is not said')
  say(scheduled.status === 'True' && targets.length === 0, 'success without a target')
  return wrong
}

test('every decision is complete, within its bounds, the same each time, and the same whatever the order of clusters', () => {
  const random = new Seeded(), wrong: unknown[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const snapshot = anySnapshot(random), decision = schedule(snapshot), found = mistakes(snapshot, decision)
    if (JSON.stringify(schedule({ ...snapshot, clusters: snapshot.clusters.toReversed() })) !== JSON.stringify(decision)) found.push('the order of clusters matters')
    if (found.length > 0) wrong.push({ seed: random.seed, round, found, snapshot, decision })
  }
  expect(wrong.slice(0, 2)).toEqual([])
})

test('nothing moves without a trigger: the same snapshot again changes nothing, nor does a divided template move when clusters come, fill up or stop answering', () => {
  const random = new Seeded(), wrong: unknown[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const snapshot = anySnapshot(random), first = schedule(snapshot)
    // What had no place is tried again each time.
    if (first.scheduled.status === 'False' || (first.unplaced && first.algorithm !== 'Preferences')) continue
    const again = schedule(continued(snapshot, first)), third = schedule(continued(snapshot, again)), targets = JSON.stringify(first.targets)
    // The planner of preferences asks for fewer replicas that wait once it sees those that run; what runs stays.
    if (running(again) !== running(first) || JSON.stringify(third.targets) !== JSON.stringify(again.targets) || (first.algorithm !== 'Preferences' && JSON.stringify(again.targets) !== targets)) wrong.push({ seed: random.seed, round, what: 'again', snapshot, first, again })
    if (first.algorithm === 'Duplicated' || first.algorithm === 'Preferences' || snapshot.template.replicas === undefined) continue
    const others = [...snapshot.clusters.map((facts) => ({ ...anyCluster(random, facts.cluster.metadata.name!) })), anyCluster(random, 'new')], moved = schedule({ ...continued(snapshot, first), clusters: others })
    if (JSON.stringify(moved.targets) !== targets || moved.trigger) wrong.push({ seed: random.seed, round, what: 'moved', snapshot, first, moved })
  }
  expect(wrong.slice(0, 2)).toEqual([])
})

test('another cluster never gives those that were there more, and scaling a steady division up takes from none', () => {
  const random = new Seeded(), wrong: unknown[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const snapshot = anySnapshot(random), { spreadConstraints: _, ...placement } = placementOf(snapshot), without = { ...snapshot, source: { by: 'placement', placement } } as const, first = schedule(without)
    if (first.scheduled.status === 'False' || snapshot.template.replicas === undefined) continue
    const of = ({ targets }: Schedule, name: string) => { const target = targets.find(({ cluster }) => cluster === name); return (target?.replicas ?? 0) - (target?.waiting ?? 0) }
    const crowded = schedule({ ...without, clusters: [...without.clusters, anyCluster(random, 'z')] }), scaled = schedule({ ...continued(without, first), template: { ...without.template, replicas: snapshot.template.replicas + 1 } })
    // Few clusters are the aim of Aggregated, and the planner of preferences rounds up in favour of the first: 13 over three are 5, 5, 3, over four 4, 4, 4, 1.
    if (first.algorithm !== 'Aggregated' && first.algorithm !== 'Preferences' && first.targets.some(({ cluster }) => of(crowded, cluster) > of(first, cluster))) wrong.push({ seed: random.seed, round, what: 'crowded', without, first, crowded })
    if (first.algorithm !== 'Preferences' && first.targets.some(({ cluster }) => of(scaled, cluster) < of(first, cluster))) wrong.push({ seed: random.seed, round, what: 'scaled', without, first, scaled })
  }
  expect(wrong.slice(0, 2)).toEqual([])
})
