/** Replays Karmada's filters, and states the reasons. */
import { expect, test } from 'vitest'
import type { Cluster } from '../../../apis/cluster.federation/v1alpha1/cluster.ts'
import type { Placement, Toleration } from '../../../apis/cluster.federation/v1alpha1/placement.ts'
import type { Taint } from '../../../apis/cluster.federation/v1alpha1/taint.ts'
import { loadCases } from '../../../../test/cases/scheduling/load-cases.ts'
import { placementRequest } from '../placement-request.ts'
import type { ClusterFacts } from '../snapshot.ts'
import { affinityIndex } from '../trigger.ts'
import type { WorkloadPeers } from '../workload-groups.ts'
import { reject } from './filters.ts'
import { tolerates } from './taints.ts'

const apiEnablements = [{ groupVersion: 'v1', resources: [] }, { groupVersion: 'apps/v1', resources: [{ name: 'deployments', kind: 'Deployment' }, { name: 'deployments/scale', kind: 'Scale' }] }]

type Given = Partial<Cluster['spec']> & { name?: string; labels?: Record<string, string> }
const clusterOf = ({ name = 'cluster1', labels = {}, ...spec }: Given, status: Cluster['status'] = { apiEnablements }): Cluster => ({ metadata: { name, labels }, spec: { syncMode: 'Push', ...spec }, ...(status && { status }) })

function rejection(facts: Partial<ClusterFacts> & { cluster: Cluster }, placement: Placement, { isTarget = false, observedAffinity = '', kind = 'Deployment', namespaceClusters, evicted, peers = {} }: { isTarget?: boolean; observedAffinity?: string; kind?: string; namespaceClusters?: ReadonlySet<string>; evicted?: string | undefined; peers?: WorkloadPeers } = {}) {
  const { terms, tolerations, spread } = placementRequest({ by: 'placement', placement })
  return reject({ state: { state: 'ready' }, ...facts, isTarget, kind: `apps/v1 ${kind}`, term: terms[affinityIndex(terms, observedAffinity)]!, tolerations, spread, peers, namespaceClusters, evicted })
}

interface TaintCase { name: string; op: string; cluster: { name: string; taints: Taint[] }; targets: string[]; tolerations: Toleration[]; taints: Taint[]; expect: boolean | { all: boolean; used: Toleration[] } }
const taintCases = loadCases<TaintCase>('taints.json')

test.each(taintCases.filter(({ op }) => op === 'filter').map((one) => [one.name, one] as const))('%s', (_, { cluster, targets, tolerations, expect: expected }) => {
  expect(rejection({ cluster: clusterOf(cluster) }, { clusterTolerations: tolerations }, { isTarget: targets.includes(cluster.name) }) === undefined).toBe(expected)
})

test.each(taintCases.filter(({ op }) => op === 'match-tolerations').map((one) => [one.name, one] as const))('%s', (_, { taints, tolerations, expect: expected }) => {
  const used = taints.map((taint) => tolerations.find((toleration) => tolerates(toleration, taint))), all = !used.includes(undefined)
  expect({ all, used: all ? used : [] }).toEqual(expected)
})

interface SelectorCase { name: string; op: string; cluster: Given; placement: Placement; observedAffinity: string; evictionTasksFrom: string[]; constraints: { field: 'region' | 'zone' | 'provider' }[]; expect: boolean }
const selectorCases = loadCases<SelectorCase>('selectors.json')

test.each(selectorCases.filter(({ op }) => op === 'filter-affinity').map((one) => [one.name, one] as const))('%s', (_, { cluster, placement, observedAffinity, expect: expected }) => {
  expect(rejection({ cluster: clusterOf(cluster) }, placement, { observedAffinity }) === undefined).toBe(expected)
})

test.each(selectorCases.filter(({ op }) => op === 'filter-spread').map((one) => [one.name, one] as const))('%s', (_, { cluster, constraints, expect: expected }) => {
  expect(rejection({ cluster: clusterOf(cluster) }, { spreadConstraints: constraints.map(({ field }) => ({ spreadByField: field })) }) === undefined).toBe(expected)
})

test.each(selectorCases.filter(({ op }) => op === 'filter-evicted').map((one) => [one.name, one] as const))('%s', (_, { cluster, evictionTasksFrom, expect: expected }) => {
  expect(rejection({ cluster: clusterOf(cluster) }, {}, { evicted: evictionTasksFrom.find((name) => name === cluster.name) }) === undefined).toBe(expected)
})

const taints: Taint[] = [{ key: 'maintenance', value: 'disk', effect: 'NoSchedule' }, { key: 'spot', effect: 'NoExecute' }, { key: 'slow', effect: 'PreferNoSchedule' }]

test.each<[string, Parameters<typeof rejection>, { reason: string; message: string } | undefined]>([
  ['nothing against it', [{ cluster: clusterOf({}) }, {}], undefined],
  ['leaving', [{ cluster: { ...clusterOf({}), metadata: { name: 'a', deletionTimestamp: '2026-01-01T00:00:00Z' } } }, {}, { isTarget: true }], { reason: 'Leaving', message: 'leaves the fleet since 2026-01-01T00:00:00Z' }],
  ['not selected', [{ cluster: clusterOf({}) }, { clusterAffinity: { exclude: ['cluster1'] } }, { isTarget: true }], { reason: 'NotSelected', message: 'is not selected by the placement' }],
  ['not selected by an alternative', [{ cluster: clusterOf({}) }, { clusterAffinities: [{ affinityName: 'first', clusterNames: ['b'] }] }], { reason: 'NotSelected', message: 'is not selected by the affinity first' }],
  ['selected by overflow', [{ cluster: clusterOf({}) }, { clusterAffinities: [{ affinityName: 'first', clusterNames: ['b'], overflowAffinities: [{ affinityName: 'second', clusterNames: ['cluster1'] }] }] }], undefined],
  ['outside of the namespace', [{ cluster: clusterOf({}) }, {}, { isTarget: true, namespaceClusters: new Set(['b', 'c']) }], { reason: 'NamespaceNotPlaced', message: 'is none of the 2 clusters that the FederatedNamespace is placed in' }],
  ['inside of the namespace', [{ cluster: clusterOf({}) }, {}, { namespaceClusters: new Set(['cluster1']) }], undefined],
  ['left', [{ cluster: clusterOf({}) }, {}, { evicted: 'its taint spot:NoExecute is not tolerated' }], { reason: 'Evicted', message: 'is being left: its taint spot:NoExecute is not tolerated' }],
  ['never reached', [{ cluster: clusterOf({}), state: { state: 'connecting' } }, {}], { reason: 'NotConnected', message: 'was not reached yet' }],
  ['refused', [{ cluster: clusterOf({}), state: { state: 'refused', reason: 'another cluster answers' } }, {}], { reason: 'Refused', message: 'is refused: another cluster answers' }],
  ['unreachable', [{ cluster: clusterOf({}), state: { state: 'unreachable', since: 0, reason: 'timeout' } }, {}], { reason: 'Unreachable', message: 'has not answered since 1970-01-01T00:00:00Z: timeout' }],
  ['unreachable, but a target', [{ cluster: clusterOf({}), state: { state: 'unreachable', since: 0, reason: 'timeout' } }, {}, { isTarget: true }], undefined],
  ['refused, but a target', [{ cluster: clusterOf({}), state: { state: 'refused', reason: 'x' } }, {}, { isTarget: true }], undefined],
  ['a kind that it does not serve', [{ cluster: clusterOf({}) }, {}, { kind: 'StatefulSet' }], { reason: 'KindNotServed', message: 'does not serve apps/v1 StatefulSet among its 2 group versions' }],
  ['a subresource is no kind that is served', [{ cluster: clusterOf({}) }, {}, { kind: 'Scale' }], { reason: 'KindNotServed', message: 'does not serve apps/v1 Scale among its 2 group versions' }],
  ['a kind that a target does not serve for now', [{ cluster: clusterOf({}) }, {}, { kind: 'StatefulSet', isTarget: true }], undefined],
  ['nothing discovered yet', [{ cluster: clusterOf({}, {}) }, {}], { reason: 'KindNotServed', message: 'is not known to serve apps/v1 Deployment: its APIs were not discovered yet' }],
  ['taints', [{ cluster: clusterOf({ taints }) }, {}], { reason: 'TaintNotTolerated', message: 'has 2 of 3 taints that are not tolerated: maintenance=disk:NoSchedule, spot:NoExecute' }],
  ['a taint', [{ cluster: clusterOf({ taints }) }, { clusterTolerations: [{ key: 'maintenance', value: 'disk' }] }], { reason: 'TaintNotTolerated', message: 'has 1 of 3 taints that is not tolerated: spot:NoExecute' }],
  ['all taints tolerated', [{ cluster: clusterOf({ taints }) }, { clusterTolerations: [{ operator: 'Exists' }] }], undefined],
  ['tainted, but a target', [{ cluster: clusterOf({ taints }) }, {}, { isTarget: true }], undefined],
  ['no label to spread by', [{ cluster: clusterOf({}) }, { spreadConstraints: [{ spreadByLabel: 'rack' }] }], { reason: 'NoSpreadProperty', message: 'has no label rack to spread by' }],
  ['a group that is elsewhere', [{ cluster: clusterOf({}) }, {}, { peers: { affinity: { group: 'app=web', placed: 3, clusters: new Map([['cluster1', 2], ['b', 3]]) } } }], { reason: 'WorkloadAffinity', message: 'has 2 of the 3 placed workloads of group app=web, which are to be together' }],
  ['a group that is here', [{ cluster: clusterOf({}) }, {}, { peers: { affinity: { group: 'app=web', placed: 2, clusters: new Map([['cluster1', 2]]) } } }], undefined],
  ['the first of a group', [{ cluster: clusterOf({}) }, {}, { peers: { affinity: { group: 'app=web', placed: 0, clusters: new Map() }, antiAffinity: { group: 'tier=db', placed: 0, clusters: new Map() } } }], undefined],
  ['another one of a group that is to be apart', [{ cluster: clusterOf({}) }, {}, { peers: { antiAffinity: { group: 'tier=db', placed: 2, clusters: new Map([['cluster1', 1], ['b', 1]]) } } }], { reason: 'WorkloadAntiAffinity', message: 'has 1 of the 2 placed workloads of group tier=db, which are to be apart' }],
  ['groups, but a target', [{ cluster: clusterOf({}) }, {}, { isTarget: true, peers: { affinity: { group: 'app=web', placed: 1, clusters: new Map([['b', 1]]) }, antiAffinity: { group: 'tier=db', placed: 1, clusters: new Map([['cluster1', 1]]) } } }], undefined],
  ['no zone to spread by', [{ cluster: clusterOf({ zones: [] }) }, { spreadConstraints: [{ spreadByField: 'cluster' }, { spreadByField: 'zone' }] }], { reason: 'NoSpreadProperty', message: 'has no zone to spread by' }],
])('%s', (_, given, expected) => { expect(rejection(...given)).toEqual(expected) })

test.each<[Toleration, boolean]>([
  [{ key: 'k', value: 'v' }, true], [{ key: 'k', operator: '', value: 'v' }, true], [{ key: 'k', value: 'w' }, false], [{ key: 'k', operator: 'Exists' }, true], [{ key: 'k', operator: 'Exists', effect: 'NoExecute' }, false],
  [{ operator: 'Exists' }, true], [{ value: 'v' }, false], [{ key: 'k', operator: 'Lt', value: 'v' }, false],
])('toleration %j: %s', (toleration, expected) => { expect(tolerates(toleration, { key: 'k', value: 'v', effect: 'NoSchedule' })).toBe(expected) })
