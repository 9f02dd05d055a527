/** Replays Karmada's divisions and KubeFed's placements through whole decisions. */
import { expect, test } from 'vitest'
import type { ReplicaSchedulingStrategy } from '../../apis/cluster.federation/v1alpha1/placement.ts'
import { loadCases } from '../../../test/cases/scheduling/load-cases.ts'
import { type HubPlacement, placementRequest } from './placement-request.ts'
import { schedule } from './schedule.ts'
import type { ClusterFacts, SchedulingSnapshot } from './snapshot.ts'

interface Candidate { name: string; weight?: number; allocatable?: number; tier?: number }
interface DivisionCase { name: string; strategy: 'static' | 'dynamic' | 'aggregated' | 'duplicated'; mode: 'steady' | 'fresh'; replicas: number; previous: Record<string, number>; candidates: Candidate[]; workload?: boolean; weightRules?: { clusters: string[]; weight: number }[]; expect?: Record<string, number>; error?: string }

const apiEnablements = [{ groupVersion: 'apps/v1', resources: [{ name: 'deployments', kind: 'Deployment' }] }]
const facts = ({ name, allocatable = 0 }: Candidate): ClusterFacts => ({ state: { state: 'ready' }, cluster: { metadata: { name, labels: {} }, spec: { syncMode: 'Push' }, status: { apiEnablements, resourceSummary: { allocatable: { pods: allocatable } } } } })

function strategyOf({ strategy, candidates, weightRules = candidates.filter(({ weight }) => weight).map(({ name, weight = 0 }) => ({ clusters: [name], weight })) }: DivisionCase): ReplicaSchedulingStrategy {
  switch (strategy) {
    case 'duplicated': return { replicaSchedulingType: 'Duplicated' }
    case 'static': return { replicaSchedulingType: 'Divided', replicaDivisionPreference: 'Weighted', weightPreference: { staticWeightList: weightRules.map(({ clusters, weight }) => ({ targetCluster: { clusterNames: clusters }, weight })) } }
    case 'dynamic': return { replicaSchedulingType: 'Divided', replicaDivisionPreference: 'Weighted', weightPreference: { dynamicWeight: 'AvailableReplicas' } }
    default: return { replicaSchedulingType: 'Divided', replicaDivisionPreference: 'Aggregated' }
  }
}

/** Candidates of a tier above 0 are its overflow. */
function placementOf(one: DivisionCase): HubPlacement {
  const inTier = (tier: number) => one.candidates.filter((it) => (it.tier ?? 0) === tier).map(({ name }) => name), tiers = [...new Set(one.candidates.map(({ tier = 0 }) => tier))].filter((tier) => tier > 0)
  return { replicaScheduling: strategyOf(one), ...(tiers.length > 0 && { clusterAffinities: [{ affinityName: 'first', clusterNames: inTier(0), overflowAffinities: tiers.map((tier) => ({ affinityName: `tier${tier}`, clusterNames: inTier(tier) })) }] }) }
}

const ERRORS: Readonly<Record<string, string>> = { unschedulable: 'Unschedulable', 'no-clusters': 'NoClusterFits' }

test.each(loadCases<DivisionCase>('division.json').map((one) => [one.name, one] as const))('%s', (_, one) => {
  const placement = placementOf(one), source = { by: 'placement', placement } as const, previous = Object.entries(one.previous).map(([cluster, replicas]) => ({ cluster, replicas }))
  const snapshot: SchedulingSnapshot = {
    template: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'default', name: 'web', uid: '', ...(one.workload !== false && { replicas: one.replicas }) }, source, clusters: one.candidates.map(facts), fresh: one.mode === 'fresh',
    ...(previous.length > 0 && { previous: { targets: previous, fingerprint: placementRequest(source).terms[0]!.fingerprint } }),
  }
  const { targets, scheduled } = schedule(snapshot)
  // No cluster at all is an error of the whole decision, not of its last step.
  const expected = one.error ?? (one.candidates.length === 0 ? 'no-clusters' : undefined)
  expect(scheduled.status === 'True' ? Object.fromEntries(targets.map(({ cluster, replicas = 0 }) => [cluster, replicas])) : scheduled.reason).toEqual(expected ? ERRORS[expected] : one.expect)
})

interface PlacementCase { name: string; op: string; clusters: { name: string; labels: Record<string, string> }[]; placement: { clusters?: string[]; clusterSelector?: { matchLabels: Record<string, string> } }; expect: string[] }
const kubefed = loadCases<PlacementCase>('selectors.json').filter(({ op }) => op === 'kubefed-placement')

/** A placement that says nothing is no placement: `effectivePlacement` passes it over. */
test.each(kubefed.filter(({ placement }) => Object.keys(placement).length > 0).map((one) => [one.name, one] as const))('%s', (_, { clusters, placement, expect: expected }) => {
  const { clusters: names, ...rest } = placement, given: HubPlacement = { ...rest, ...(names && { clusters: names.map((name) => ({ name })) }) }
  const { targets, algorithm } = schedule({ template: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: '', replicas: 3 }, source: { by: 'placement', placement: given }, clusters: clusters.map(({ name, labels }) => ({ ...facts({ name }), cluster: { ...facts({ name }).cluster, metadata: { name, labels } } })) })
  expect([algorithm, targets]).toEqual(['Duplicated', expected.map((cluster) => ({ cluster, replicas: 3, message: 'gets all 3 replicas' }))])
})
