/** Decisions of the scheduler, beside what Karmada's reaches by its own reports: about 20 bindings a second, one worker with up to three writes each (karmada#6943). A decision here is the computation alone; its one write is measured by `cache`. */
import type { HubPlacement } from '../../src/federation/scheduler/placement-request.ts'
import { schedule } from '../../src/federation/scheduler/schedule.ts'
import type { ClusterFacts, SchedulingSnapshot } from '../../src/federation/scheduler/snapshot.ts'
import type { BenchRow } from './cache.ts'

const KARMADA = { name: 'Karmada, as published', value: 20 }, ROUNDS = 5, MIN_MS = 200
const PLACEMENTS: Readonly<Record<string, HubPlacement>> = {
  Duplicated: { clusterAffinity: { labelSelector: { matchLabels: { env: 'prod' } } }, clusterTolerations: [{ key: 'spot', operator: 'Exists' }] },
  'static weights': { replicaScheduling: { weightPreference: { staticWeightList: [{ targetCluster: { labelSelector: { matchLabels: { env: 'prod' } } }, weight: 3 }, { targetCluster: {}, weight: 1 }] } } },
  'dynamic weights': { replicaScheduling: { weightPreference: { dynamicWeight: 'AvailableReplicas' } } },
  'Aggregated, spread over regions': { replicaScheduling: { replicaDivisionPreference: 'Aggregated' }, spreadConstraints: [{ spreadByField: 'region', minGroups: 2, maxGroups: 3 }, { spreadByField: 'cluster', minGroups: 3, maxGroups: 20 }] },
  'preferences (Federation v1)': { replicaScheduling: { clusterPreferences: { 'cluster-1': { minReplicas: 5, maxReplicas: 20, weight: 3 }, '*': { weight: 1 } } } },
}

export const run = (): Promise<BenchRow[]> => Promise.resolve([
  ...[10, 100, 1000].map((clusters): BenchRow => ({ name: `all sorts of placements, ${clusters} clusters`, value: rate(snapshots(clusters, Object.values(PLACEMENTS))), unit: 'decisions/s of a core', than: KARMADA })),
  ...Object.entries(PLACEMENTS).map(([name, placement]): BenchRow => ({ name: `${name}, 100 clusters`, value: rate(snapshots(100, [placement])), unit: 'decisions/s of a core', than: KARMADA })),
])

/** One new template for each placement, and the same templates being scaled. */
function snapshots(count: number, placements: readonly HubPlacement[]): SchedulingSnapshot[] {
  const clusters = Array.from({ length: count }, (_, i) => cluster(i))
  return placements.flatMap((placement, i) => {
    const first: SchedulingSnapshot = { template: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: `web-${i}`, uid: `${i}`.padStart(36, '0'), replicas: 100, request: { cpu: '250m', memory: '512Mi' } }, source: { by: 'placement', placement }, clusters }
    const { targets, fingerprint } = schedule(first)
    return [first, { ...first, template: { ...first.template, replicas: 120 }, previous: { targets, fingerprint } }]
  })
}

/** Every tenth has a taint, some are in other environments, all serve thirty kinds. */
const cluster = (i: number): ClusterFacts => ({
  state: { state: 'ready' },
  cluster: {
    metadata: { name: `cluster-${i}`, labels: { env: i % 4 === 3 ? 'dev' : 'prod' } },
    spec: { syncMode: 'Push', region: `region-${i % 8}`, zones: [`zone-${i % 24}`], provider: 'aws', ...(i % 10 === 9 && { taints: [{ key: 'spot', effect: 'NoSchedule' as const }] }) },
    status: {
      apiEnablements: ['v1', 'apps/v1', 'batch/v1'].map((groupVersion) => ({ groupVersion, resources: Array.from({ length: 10 }, (_, n) => ({ name: n === 0 ? 'deployments' : `kinds${n}`, kind: n === 0 ? 'Deployment' : `Kind${n}` })) })),
      resourceSummary: { allocatable: { cpu: `${40 + (i % 50)}`, memory: `${160 + i}Gi`, pods: '1100' }, allocated: { cpu: '12500m', memory: '48Gi', pods: '300' }, allocating: { cpu: '500m', pods: '2' } },
    },
  },
})

/** By the processor's time, so that what else runs does not count; the best of some rounds. */
function rate(given: readonly SchedulingSnapshot[]): number {
  return Math.max(...Array.from({ length: ROUNDS }, () => {
    const begin = performance.now(), before = process.cpuUsage()
    let decided = 0
    for (; performance.now() - begin < MIN_MS; decided += given.length) for (const snapshot of given) schedule(snapshot)
    const { user, system } = process.cpuUsage(before)
    return decided / ((user + system) / 1e6)
  }))
}
