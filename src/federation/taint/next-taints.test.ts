/** Replays Karmada's changes of taints, and states the rules. */
import { describe, expect, test } from 'vitest'
import type { Cluster } from '../../apis/cluster.federation/v1alpha1/cluster.ts'
import type { Taint } from '../../apis/cluster.federation/v1alpha1/taint.ts'
import type { ClusterTaintPolicy, ClusterTaintPolicySpec } from '../../apis/policy.federation/v1alpha1/cluster-taint-policy.ts'
import { loadCases } from '../../../test/cases/scheduling/load-cases.ts'
import { changeTaints, isSameTaint } from './health-taints.ts'
import { nextTaints } from './next-taints.ts'

interface TaintCase { name: string; op: string; taints: Taint[]; taint: Taint; add: Taint[]; remove: Taint[]; expect: Taint[] | boolean }
const cases = loadCases<TaintCase>('taints.json')

test.each(cases.filter(({ op }) => op === 'set-taints').map((one) => [one.name, one] as const))('%s', (_, { taints, add, remove, expect: expected }) => { expect(changeTaints(taints, { add, remove })).toEqual(expected) })
test.each(cases.filter(({ op }) => op === 'has-taint').map((one) => [one.name, one] as const))('%s', (_, { taints, taint, expect: expected }) => { expect(taints.some((one) => isSameTaint(one, taint))).toBe(expected) })

const MINUTE = 60_000, SINCE = Date.UTC(2030, 0, 1), TIMEOUT = 5 * MINUTE, at = (ms: number) => new Date(ms).toISOString()
type Status = 'True' | 'False' | 'Unknown'
const cluster = (ready: Status | undefined, taints?: readonly Taint[], more: Readonly<Record<string, Status>> = {}): Cluster => ({
  metadata: { name: 'm1', labels: { env: 'prod' } }, spec: { syncMode: 'Push', ...(taints && { taints: [...taints] }) },
  status: { conditions: Object.entries({ ...(ready && { Ready: ready }), ...more }).map(([type, status]) => ({ type, status, reason: 'X', message: '', lastTransitionTime: at(SINCE) })) },
})
const text = (taints: readonly Taint[]) => taints.map(({ key, value, effect }) => `${key.replace('cluster.federation/', '')}${value ? `=${value}` : ''}:${effect}`).join(' ')
const taint = (written: string): Taint => { const [key, effect] = written.split(':') as [string, Taint['effect']]; return { key: key === 'not-ready' || key === 'unreachable' ? `cluster.federation/${key}` : key, effect } }
const taintsOf = (written: string) => (written ? written.split(' ').map(taint) : [])

describe('health', () => {
  test.each<[string, Status | undefined, string, number, string, number | undefined]>([
    ['ready', 'True', '', 0, '', undefined],
    ['nothing known yet', undefined, '', 60, '', undefined],
    ['not ready', 'False', '', 0, 'not-ready:NoSchedule', 5],
    ['for less than the timeout', 'False', 'not-ready:NoSchedule', 4.9, 'not-ready:NoSchedule', 5],
    ['for the timeout', 'False', 'not-ready:NoSchedule', 5, 'not-ready:NoSchedule not-ready:NoExecute', undefined],
    ['nobody knows', 'Unknown', '', 0, 'unreachable:NoSchedule', 5],
    ['one outage', 'Unknown', 'not-ready:NoSchedule not-ready:NoExecute', 0, 'unreachable:NoSchedule unreachable:NoExecute', undefined],
    ['the same, the other way', 'False', 'unreachable:NoSchedule unreachable:NoExecute', 0, 'not-ready:NoSchedule not-ready:NoExecute', undefined],
    ['back', 'True', 'mine:NoSchedule not-ready:NoSchedule not-ready:NoExecute', 60, 'mine:NoSchedule', undefined],
    ['cordoned by hand', 'True', 'cluster.federation/unschedulable:NoSchedule', 0, 'unschedulable:NoSchedule', undefined],
    ['drained by hand', 'False', 'maintenance:NoExecute', 1, 'maintenance:NoExecute not-ready:NoSchedule', 5],
  ])('%s', (_name, ready, before, minutes, after, lookAgainAfter) => {
    const { taints, isChanged, lookAgainAt } = nextTaints(cluster(ready, taintsOf(before)), [], SINCE + minutes * MINUTE, TIMEOUT)
    expect([text(taints), isChanged, lookAgainAt]).toEqual([after, text(taintsOf(before)) !== after, lookAgainAfter === undefined ? undefined : SINCE + lookAgainAfter * MINUTE])
  })

  test('a timeout of 0 drives nothing out, and takes back what did', () => {
    const { taints, lookAgainAt } = nextTaints(cluster('False', taintsOf('not-ready:NoExecute')), [], SINCE + 60 * MINUTE, 0)
    expect([text(taints), lookAgainAt]).toEqual(['not-ready:NoSchedule', undefined])
  })
})

describe('policies', () => {
  const policy = (name: string, created: number, spec: Partial<ClusterTaintPolicySpec>): ClusterTaintPolicy => ({ metadata: { name, creationTimestamp: at(SINCE + created) }, spec: { taints: [{ key: 'dns', value: 'down', effect: 'NoExecute' }], ...spec } })
  const dnsDown = { conditionType: 'DNS', operator: 'In' as const, statusValues: ['False' as const] }, dnsUp = { conditionType: 'DNS', operator: 'NotIn' as const, statusValues: ['False' as const, 'Unknown' as const] }
  const of = (taints: string, dns: Status | undefined, ...policies: ClusterTaintPolicy[]) => text(nextTaints(cluster('True', taintsOf(taints), dns && { DNS: dns }), policies, SINCE, TIMEOUT).taints)

  test.each<[string, string, Status | undefined, Partial<ClusterTaintPolicySpec>, string]>([
    ['added where all hold', '', 'False', { addOnConditions: [dnsDown, { conditionType: 'Ready', operator: 'In', statusValues: ['True'] }] }, 'dns=down:NoExecute'],
    ['not where one does not', '', 'False', { addOnConditions: [dnsDown, { conditionType: 'Ready', operator: 'NotIn', statusValues: ['True'] }] }, ''],
    ['never without conditions', '', 'False', {}, ''],
    ['never with none', 'dns:NoExecute', 'True', { addOnConditions: [], removeOnConditions: [] }, 'dns:NoExecute'],
    ['NotIn does not hold for a condition that is not there', 'dns:NoExecute', undefined, { removeOnConditions: [dnsUp] }, 'dns:NoExecute'],
    ['taken away', 'a:NoSchedule dns:NoExecute', 'True', { addOnConditions: [dnsDown], removeOnConditions: [dnsUp] }, 'a:NoSchedule'],
    ['neither: as it was', 'dns:NoExecute', 'Unknown', { addOnConditions: [dnsDown], removeOnConditions: [dnsUp] }, 'dns:NoExecute'],
    ['one that is there stays as it is, whatever its value', 'dns:NoExecute', 'False', { addOnConditions: [dnsDown] }, 'dns:NoExecute'],
    ['added before taken away', '', 'False', { addOnConditions: [dnsDown], removeOnConditions: [dnsDown] }, ''],
    ['another cluster is meant', '', 'False', { addOnConditions: [dnsDown], targetClusters: { clusterNames: ['m2'] } }, ''],
    ['this one is meant', '', 'False', { addOnConditions: [dnsDown], targetClusters: { labelSelector: { matchLabels: { env: 'prod' } } } }, 'dns=down:NoExecute'],
  ])('%s', (_name, before, dns, spec, after) => { expect(of(before, dns, policy('p', 0, spec))).toBe(after) })

  test('what is added and taken away in the same breath is no change to write', () => {
    const { taints, isChanged } = nextTaints(cluster('True', taintsOf('a:NoSchedule'), { DNS: 'False' }), [policy('p', 0, { addOnConditions: [dnsDown], removeOnConditions: [dnsDown] })], SINCE, TIMEOUT)
    expect([text(taints), isChanged]).toEqual(['a:NoSchedule', false])
  })
  test('the younger of two has the last word, whatever their order', () => {
    const adds = policy('a', 2, { addOnConditions: [dnsDown] }), removes = policy('z', 1, { removeOnConditions: [dnsDown] })
    expect([of('', 'False', adds, removes), of('', 'False', removes, adds)]).toEqual(['dns=down:NoExecute', 'dns=down:NoExecute'])
    expect(of('', 'False', adds, policy('z', 3, { removeOnConditions: [dnsDown] }))).toBe('')
  })
})
