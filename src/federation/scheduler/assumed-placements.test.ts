import { expect, test } from 'vitest'
import { AssumedPlacements } from './assumed-placements.ts'
import type { ClusterFacts } from './snapshot.ts'

function assumed() {
  let now = 0
  return { of: new AssumedPlacements({ now: () => now }), pass: (ms: number) => { now += ms } }
}
const needs = { replicas: 9, request: { cpu: '1' } }

test('what a cluster is to have more is assumed there until it is seen, and a little longer', () => {
  const { of, pass } = assumed()
  of.decided('web', needs, [{ cluster: 'a', replicas: 2 }, { cluster: 'c', replicas: 1 }], [{ cluster: 'a', replicas: 5 }, { cluster: 'b', replicas: 1 }])
  of.decided('db', { request: { cpu: '2' } }, [], [{ cluster: 'a', replicas: 1 }])
  expect([of.in('a'), of.in('b'), of.in('c')]).toEqual([[{ replicas: 3, request: { cpu: '1' } }, { replicas: 1, request: { cpu: '2' } }], [{ replicas: 1, request: { cpu: '1' } }], undefined])
  of.seen('web', 'a', 4, 0)
  of.seen('web', 'a', 5, 1000)
  expect(of.in('a')).toHaveLength(2)
  pass(1000)
  expect(of.in('a')).toEqual([{ replicas: 1, request: { cpu: '2' } }])
  of.forget('db')
  expect([of.in('a'), of.isEmpty]).toEqual([undefined, false])
  pass(300_000)
  expect([of.in('b'), of.isEmpty]).toEqual([undefined, true])
})

test('what is still to come is assumed, however often it is decided; elsewhere no more', () => {
  const { of } = assumed(), a = (replicas: number) => [{ cluster: 'a', replicas }]
  of.decided('web', needs, a(1), a(5))
  of.decided('web', needs, a(1), a(5))
  of.decided('web', needs, a(5), a(7))
  expect(of.in('a')).toEqual([{ replicas: 6, request: { cpu: '1' } }])
  of.decided('web', needs, a(7), a(1))
  expect(of.in('a')).toBeUndefined()
  of.decided('web', needs, a(1), a(3))
  of.decided('web', needs, a(3), [{ cluster: 'b', replicas: 3 }])
  expect([of.in('a'), of.in('b')]).toEqual([undefined, [{ replicas: 3, request: { cpu: '1' } }]])
})

test('a copy that has all replicas, and a set of components, is assumed as a whole', () => {
  const { of, pass } = assumed()
  of.decided('web', needs, [], [{ cluster: 'b' }])
  expect(of.in('b')).toEqual([{ replicas: 9, request: { cpu: '1' } }])
  of.decided('job', { components: [{ replicas: 1, request: { cpu: '1' } }, { replicas: 4 }] }, [], [{ cluster: 'a' }])
  expect(of.in('a')).toEqual([{ replicas: 1, request: { cpu: '1' } }, { replicas: 4 }])
  of.seen('job', 'a', 0, 1000)
  pass(1000)
  expect(of.in('a')).toBeUndefined()
})

test('those that need the same are one entry, and the list is the same one until something changes: a crowd costs no more than its sorts', () => {
  const { of, pass } = assumed(), other = { replicas: 9, request: { cpu: '2' } }, crowd = 1000
  for (let at = 0; at < crowd; at++) of.decided(`t${at}`, at % 2 ? other : structuredClone(needs), [], [{ cluster: 'a', replicas: 3 }])
  const list = of.in('a')
  expect(list).toEqual([{ replicas: 1500, request: { cpu: '1' } }, { replicas: 1500, request: { cpu: '2' } }])
  pass(1000)
  expect(of.in('a')).toBe(list)
  for (let at = 0; at < crowd; at += 2) of.seen(`t${at}`, 'a', 3, 500)
  expect(of.in('a')).toBe(list)
  pass(1000)
  expect(of.in('a')).toEqual([{ replicas: 1500, request: { cpu: '2' } }])
})

test('what is known of clusters comes with what is assumed there, as the same object until something changes', () => {
  const { of } = assumed(), facts = (name: string): ClusterFacts => ({ cluster: { metadata: { name }, spec: { syncMode: 'Push' } }, state: { state: 'ready' } }), base = [facts('a'), facts('b')]
  expect(of.over(base)).toBe(base)
  of.decided('web', needs, [], [{ cluster: 'b', replicas: 2 }])
  const [a, b] = of.over(base)
  expect([a, b?.assumed]).toEqual([base[0], [{ replicas: 2, request: { cpu: '1' } }]])
  expect(of.over(base)[1]).toBe(b)
  const renewed = facts('b')
  expect(of.over([renewed])).toEqual([{ ...renewed, assumed: b!.assumed }])
  of.decided('db', needs, [], [{ cluster: 'b', replicas: 1 }])
  expect(of.over(base)[1]?.assumed).toEqual([{ replicas: 3, request: { cpu: '1' } }])
})
