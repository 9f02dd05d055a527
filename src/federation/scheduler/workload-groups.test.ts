import { expect, test } from 'vitest'
import { Seeded } from '../../../test/suites/seeded.ts'
import { type GroupNames, groupNames, WorkloadGroups } from './workload-groups.ts'

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

test('what is kept of groups is what looking at all of their members says', () => {
  const random = new Seeded(), groups = new WorkloadGroups(), all = new Map<string, { names: GroupNames; clusters: string[] }>(), roles = ['affinity', 'antiAffinity'] as const
  for (let step = 0; step < 2000; step++) {
    const template = `t${random.int(6)}`, names: GroupNames = { ...(random.chance(0.7) && { affinity: `n/app=${random.int(2)}` }), ...(random.chance(0.4) && { antiAffinity: `n/tier=${random.int(2)}` }) }, clusters = ['a', 'b', 'c'].filter(() => random.chance(0.4))
    if (random.chance(0.2)) { groups.remove(template); all.delete(template) } else { groups.set(template, names, clusters); all.set(template, { names, clusters }) }
    const asking = `t${random.int(6)}`, asked: GroupNames = { affinity: 'n/app=0', antiAffinity: 'n/tier=1' }
    const expected = Object.fromEntries(roles.map((role) => {
      const peers = [...all].filter(([key, one]) => key !== asking && one.names[role] === asked[role] && one.clusters.length > 0), counts = new Map<string, number>()
      for (const [, one] of peers) for (const cluster of one.clusters) counts.set(cluster, (counts.get(cluster) ?? 0) + 1)
      return [role, { group: asked[role]!.slice(2), placed: peers.length, clusters: counts }]
    }))
    expect({ seed: random.seed, step, peers: groups.peers(asking, asked) }).toEqual({ seed: random.seed, step, peers: expected })
  }
})
