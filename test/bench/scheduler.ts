/**
 * Decisions of the scheduler, beside what Karmada's reaches by its own reports: about 20 bindings a second, one worker with up to three writes each (karmada#6943).
 * A decision here is all that the placement controller computes for a template: which policy claims it, where it goes, what its status says of that; its one write is measured by `cache`.
 */
import type { FederatedObject } from '../../src/apis/types.federation/v1alpha1/federated-object.ts'
import type { KubeObject } from '../../src/machinery/meta/core.ts'
import { PolicyIndex } from '../../src/federation/claim/policy-index.ts'
import type { Claimable } from '../../src/federation/claim/any-policy.ts'
import { toNative } from '../../src/federation/template/native-object.ts'
import { builtInTargets } from '../../src/federation/template/target-kind.ts'
import type { NodeRoom } from '../../src/federation/member/node-room.ts'
import { AssumedPlacements } from '../../src/federation/scheduler/assumed-placements.ts'
import { place, type PlacingPolicy, withPlacement } from '../../src/federation/scheduler/place.ts'
import type { HubPlacement } from '../../src/federation/scheduler/placement-request.ts'
import { schedule } from '../../src/federation/scheduler/schedule.ts'
import type { ClusterFacts, SchedulingSnapshot } from '../../src/federation/scheduler/snapshot.ts'
import type { BenchRow } from './cache.ts'

/** Decisions a second; writes a decision. */
const KARMADA = 20, KARMADA_WRITES = 3, ROUNDS = 3, MIN_MS = 200, GRID_MS = 2000
/** Of the speed of Karmada: 2,000 decisions a second at 100 clusters. */
const TARGET = 2000 / KARMADA
const than = (value: number) => ({ name: 'Karmada, as published', value })

const PLACEMENTS: Readonly<Record<string, HubPlacement>> = {
  Duplicated: { clusterAffinity: { labelSelector: { matchLabels: { env: 'prod' } } }, clusterTolerations: [{ key: 'spot', operator: 'Exists' }] },
  'static weights': { replicaScheduling: { weightPreference: { staticWeightList: [{ targetCluster: { labelSelector: { matchLabels: { env: 'prod' } } }, weight: 3 }, { targetCluster: {}, weight: 1 }] } } },
  'dynamic weights': { replicaScheduling: { weightPreference: { dynamicWeight: 'AvailableReplicas' } } },
  'Aggregated, spread over regions': { replicaScheduling: { replicaDivisionPreference: 'Aggregated' }, spreadConstraints: [{ spreadByField: 'region', minGroups: 2, maxGroups: 3 }, { spreadByField: 'cluster', minGroups: 3, maxGroups: 20 }] },
  'preferences (Federation v1)': { replicaScheduling: { clusterPreferences: { 'cluster-1': { minReplicas: 5, maxReplicas: 20, weight: 3 }, '*': { weight: 1 } } } },
}
const SPREAD: HubPlacement = { replicaScheduling: { replicaDivisionPreference: 'Aggregated' }, spreadConstraints: [{ spreadByField: 'region', minGroups: 2, maxGroups: 3 }, { spreadByField: 'zone', minGroups: 3, maxGroups: 6 }, { spreadByLabel: 'env', minGroups: 2 }, { spreadByField: 'cluster', minGroups: 4, maxGroups: 20 }] }

export function run(): Promise<BenchRow[]> {
  const grid = [10, 100, 1000].flatMap((clusters) => [1000, 10_000, 100_000].flatMap((templates): BenchRow[] => {
    const { rate, p99Ms } = decideAll(clusters, templates), name = `${clusters} clusters × ${templates.toLocaleString('en')} templates`
    return [{ name, value: rate, unit: 'decisions/s of a core', than: than(KARMADA), better: 'higher', ...(clusters === 100 && { target: TARGET }) }, { name: `${name}, p99`, value: p99Ms, unit: 'ms', better: 'lower' }]
  }))
  const sorts = Object.entries({ ...PLACEMENTS, 'spread by region, zone, label and cluster': SPREAD }).map(([name, placement]): BenchRow => ({ name: `${name}, 100 clusters`, value: rateOf(snapshots(facts(100), placement)), unit: 'decisions/s of a core', than: than(KARMADA), better: 'higher' }))
  const nodes = { name: 'dynamic weights, 100 clusters of 100 nodes each, counted anew', value: rateOf(snapshots(facts(100), PLACEMENTS['dynamic weights']!), () => facts(100, 100)), unit: 'decisions/s of a core', than: than(KARMADA), better: 'higher' as const }
  return Promise.resolve([...grid, ...sorts, nodes, ...crowds(), ...memberGone()])
}

/** Every tenth has a taint, some are in other environments, all serve thirty kinds. */
function facts(count: number, nodes = 0): readonly ClusterFacts[] {
  return Array.from({ length: count }, (_, i): ClusterFacts => ({
    state: { state: 'ready' },
    cluster: {
      metadata: { name: `cluster-${i}`, labels: { env: i % 4 === 3 ? 'dev' : 'prod' } },
      spec: { syncMode: 'Push', region: `region-${i % 8}`, zones: [`zone-${i % 24}`], provider: 'aws', ...(i % 10 === 9 && { taints: [{ key: 'spot', effect: 'NoSchedule' as const }] }) },
      status: {
        apiEnablements: ['v1', 'apps/v1', 'batch/v1'].map((groupVersion) => ({ groupVersion, resources: Array.from({ length: 10 }, (_kind, n) => ({ name: n === 0 ? 'deployments' : `kinds${n}`, kind: n === 0 ? 'Deployment' : `Kind${n}` })) })),
        resourceSummary: { allocatable: { cpu: `${40 + (i % 50)}`, memory: `${160 + i}Gi`, pods: '1100' }, allocated: { cpu: '12500m', memory: '48Gi', pods: '300' }, allocating: { cpu: '500m', pods: '2' } },
      },
    },
    ...(nodes > 0 && { nodes: Array.from({ length: nodes }, (_node, n) => node(n)) }),
  }))
}

const node = (n: number): NodeRoom => ({ name: `node-${n}`, labels: { 'kubernetes.io/hostname': `node-${n}` }, taints: [], isReady: true, isUnschedulable: false, free: new Map([['cpu', BigInt(1 + (n % 8)) * 1_000_000_000n], ['memory', BigInt(4 + (n % 8)) * 2n ** 30n * 1_000_000_000n], ['pods', 80n * 1_000_000_000n]]) })

/** A new template, and the same one being scaled. */
function snapshots(clusters: readonly ClusterFacts[], placement: HubPlacement): SchedulingSnapshot[] {
  const first: SchedulingSnapshot = { template: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web', uid: '0'.padStart(36, '0'), replicas: 100, request: { cpu: '250m', memory: '512Mi' } }, source: { by: 'placement', placement }, clusters }
  const { targets, fingerprint } = schedule(first)
  return [first, { ...first, template: { ...first.template, replicas: 120 }, previous: { targets, fingerprint } }]
}

/** By the processor's time, so that what else runs does not count; the best of some rounds. `renewed`: clusters of which nothing is known from before, outside of the time. */
function rateOf(given: readonly SchedulingSnapshot[], renewed?: () => readonly ClusterFacts[]): number {
  return Math.max(...Array.from({ length: ROUNDS }, () => {
    let decided = 0, spent = 0
    for (const begin = performance.now(); performance.now() - begin < MIN_MS; decided += given.length) {
      const fresh = renewed ? given.map((snapshot) => ({ ...snapshot, clusters: renewed() })) : given, before = process.cpuUsage()
      for (const snapshot of fresh) schedule(snapshot)
      const { user, system } = process.cpuUsage(before)
      spent += user + system
    }
    return decided / (spent / 1e6)
  }))
}

const target = builtInTargets.find(({ kind }) => kind === 'Deployment')!, HUB = { group: 'types.federation', version: 'v1alpha1' }

/** Templates of fifty namespaces, of which ten policies of each claim one label. */
class Fleet {
  readonly index = new PolicyIndex()
  readonly templates: FederatedObject[]
  clusters: readonly ClusterFacts[]

  constructor(clusters: readonly ClusterFacts[], templates: number) {
    this.clusters = clusters
    const placements = Object.values(PLACEMENTS)
    for (let n = 0; n < 50; n++) for (let p = 0; p < 10; p++) this.index.setPolicy(policy(`ns-${n}`, `app-${p}`, placements[p % placements.length]!))
    this.templates = Array.from({ length: templates }, (_, i): FederatedObject => ({
      metadata: { namespace: `ns-${i % 50}`, name: `web-${i}`, uid: `${i}`.padStart(36, '0'), generation: 1 },
      spec: { template: { metadata: { labels: { app: `app-${Math.floor(i / 50) % 10}` } }, spec: { replicas: 10 + (i % 90), template: { spec: { containers: [{ name: 'web', image: 'web', resources: { requests: { cpu: '250m', memory: '512Mi' } } }] } } } } },
    }))
  }

  /** The template with what is decided; itself where nothing changes. */
  decide(federated: FederatedObject): FederatedObject {
    const native: KubeObject = toNative(federated, target, HUB, ''), { metadata: { namespace = '', name = '' }, status } = federated
    const claimable: Claimable = { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name, ...(native.metadata.labels && { labels: native.metadata.labels }) }
    const placed = place({ federated, native, target, policies: this.index.policiesFor(claimable), preference: undefined, clusters: this.clusters, fallback: undefined, required: { clusters: new Set(), dependents: 0 }, hasOverride: () => true, peers: () => ({}), priorityOf: () => undefined, now: 0 }), next = withPlacement(status, placed)
    return next === status ? federated : { ...federated, status: next }
  }
}

const policy = (namespace: string, app: string, placement: HubPlacement): PlacingPolicy => ({ metadata: { namespace, name: app, generation: 1 }, spec: { resourceSelectors: [{ apiVersion: 'apps/v1', kind: 'Deployment', namespace, labelSelector: { matchLabels: { app } } }], placement } })

/** Each template once, or as many of them, evenly chosen, as there is time for. */
function decideAll(clusters: number, templates: number): { readonly rate: number; readonly p99Ms: number } {
  const fleet = new Fleet(facts(clusters), templates), times: number[] = [], step = 7919, begin = performance.now(), before = process.cpuUsage()
  for (let n = 0, at = 0; n < templates && performance.now() - begin < GRID_MS; n++, at = (at + step) % templates) {
    const from = performance.now()
    fleet.decide(fleet.templates[at]!)
    times.push(performance.now() - from)
  }
  const { user, system } = process.cpuUsage(before)
  return { rate: times.length / ((user + system) / 1e6), p99Ms: times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)]! }
}

/** Templates that come at once, before any cluster shows what the first of them take: that counts for the others, and must not make them slower. */
function crowds(): BenchRow[] {
  return [[1000, 0], [10_000, 0], [1000, 100]].map(([templates = 0, nodes = 0]) => {
    const clusters = facts(100, nodes), assumed = new AssumedPlacements({ now: () => 0 }), source = { by: 'placement', placement: { ...PLACEMENTS['dynamic weights'], partial: true } } as const, before = process.cpuUsage()
    for (let at = 0; at < templates; at++) {
      const needs = { replicas: 10 + (at % 10), request: { cpu: `${1 + (at % 20)}m`, memory: '1Mi' } }
      assumed.decided(`${at}`, needs, [], schedule({ template: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: `web-${at}`, uid: `${at}`, ...needs }, source, clusters: assumed.over(clusters) }).targets)
    }
    const { user, system } = process.cpuUsage(before), name = `${templates.toLocaleString('en')} templates at once, dynamic weights, 100 clusters${nodes > 0 ? ` of ${nodes} nodes each` : ''}: those before count`
    return { name, value: templates / ((user + system) / 1e6), unit: 'decisions/s of a core', than: than(KARMADA), better: 'higher' as const }
  })
}

/** 10,000 templates with targets in a cluster that leaves. */
function memberGone(): BenchRow[] {
  const templates = 10_000, gone = 'cluster-1', fleet = new Fleet(facts(100), templates), placed: FederatedObject[] = []
  for (let at = 0; placed.length < templates; at++) {
    const federated = fleet.templates[at % templates]!, decided = fleet.decide(at < templates ? federated : { ...federated, metadata: { ...federated.metadata, name: `again-${at}` } })
    if (decided.status?.schedule?.targets?.some(({ cluster }) => cluster === gone)) placed.push(decided)
  }
  fleet.clusters = fleet.clusters.filter(({ cluster }) => cluster.metadata.name !== gone)
  const before = process.cpuUsage(), writes = placed.filter((federated) => fleet.decide(federated) !== federated).length, { user, system } = process.cpuUsage(before), name = 'a member of 100 goes away, 10,000 templates on it'
  return [
    { name: `${name}: all moves decided`, value: (user + system) / 1e6, unit: 's of a core', than: than(templates / KARMADA), better: 'lower' },
    { name: `${name}: writes`, value: writes, unit: 'writes', than: than(templates * KARMADA_WRITES), better: 'lower' },
  ]
}
