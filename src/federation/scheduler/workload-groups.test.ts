import { expect, test } from 'vitest'
import { groupNames, WorkloadGroups } from './workload-groups.ts'

const affinity = { groupByLabelKey: 'app' }, antiAffinity = { groupByLabelKey: 'tier' }

test.each<[string, Parameters<typeof groupNames>, object]>([
  ['of both sorts', [{ namespace: 'shop', labels: { app: 'web', tier: 'db' } }, { affinity, antiAffinity }], { affinity: 'shop/app=web', antiAffinity: 'shop/tier=db' }],
  ['no label, no group', [{ namespace: 'shop', labels: { tier: '' } }, { affinity, antiAffinity }], { antiAffinity: 'shop/tier=' }],
  ['a name that every object has is no label', [{ namespace: 'shop', labels: {} }, { affinity: { groupByLabelKey: 'constructor' } }], {}],
  ['nothing is asked', [{ labels: { app: 'web' } }, undefined], {}],
])('groups: %s', (_, given, expected) => { expect(groupNames(...given)).toEqual(expected) })

test('peers are counted by cluster, and those that wait are told when something changes', () => {
  const groups = new WorkloadGroups(), web = { affinity: 'shop/app=web' }
  expect(groups.peers('a', web)).toEqual({ affinity: { group: 'app=web', placed: 0, clusters: new Map() } })
  groups.set('a', web, ['m1', 'm2'])
  groups.set('b', { ...web, antiAffinity: 'shop/tier=db' }, ['m2'])
  groups.set('c', web, [])
  groups.set('other', { affinity: 'blog/app=web' }, ['m3'])
  expect(groups.peers('c', web)).toEqual({ affinity: { group: 'app=web', placed: 2, clusters: new Map([['m1', 1], ['m2', 2]]) } })
  expect(groups.peers('b', { antiAffinity: 'shop/tier=db' })).toEqual({ antiAffinity: { group: 'tier=db', placed: 0, clusters: new Map() } })
  expect([groups.set('a', web, ['m1', 'm2']), groups.set('a', web, ['m2']), groups.remove('b')]).toEqual([[], ['c'], ['c']])
  groups.set('a', {}, ['m2'])
  expect(groups.peers('c', web)).toEqual({ affinity: { group: 'app=web', placed: 0, clusters: new Map() } })
})
