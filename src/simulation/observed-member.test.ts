import { afterEach, expect, test } from 'vitest'
import { Backoff } from '../lib/backoff.ts'
import { silentLogger } from '../lib/logger.ts'
import { Cache } from '../machinery/cache/cache.ts'
import { reflect } from '../machinery/cache/reflect.ts'
import { RemoteReader } from '../machinery/client/remote-reader.ts'
import type { KubeObject } from '../machinery/meta/core.ts'
import type { Faults } from './faults.ts'
import { SimulatedClock } from './simulated-clock.ts'
import { createSimulatedMember } from './simulated-member.ts'

let stop = new AbortController()
afterEach(() => { stop.abort(); stop = new AbortController() })

const config = (number: number): KubeObject => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'default', name: `config-${String(number).padStart(3, '0')}` }, data: { number: String(number) } })

/** A member and a cache that follows it as a server follows its members: requests, bytes, scanner, history. */
async function observed() {
  const clock = new SimulatedClock(), member = await createSimulatedMember({ name: 'member1', nodes: 1, clock, seed: 'observed', logger: silentLogger }, stop.signal)
  await clock.advance(1000)
  const { kind } = member.resources.find((resource) => resource.kind.kind === 'ConfigMap')!, states: string[] = []
  const cache = new Cache(kind, { clock }), backoff = new Backoff({ initialMs: 100, maxMs: 1000, random: () => 0 })
  void reflect(new RemoteReader(kind, member.handler, { clock }), cache, { signal: stop.signal, clock, backoff, onState: ({ state }) => { states.push(state) } })
  await clock.advance(1000)
  const names = async () => [...(await cache.list({ namespace: 'default', at: { position: '1', match: 'notOlder' } }, stop.signal)).entries].map(({ key }) => key.slice('default/'.length)).filter((name) => name.startsWith('config'))
  return { clock, member, cache, names, states }
}

test.each<[fault: string, during: readonly string[], hurt: (faults: Faults) => void]>([
  ['cut streams', ['config-001', 'config-002', 'config-003'], (faults) => faults.cutStreams()],
  ['a silent member', ['config-001', 'config-002'], (faults) => faults.pause()],
  ['a dead member', ['config-001', 'config-002'], (faults) => faults.refuse()],
  ['a slow member', ['config-001', 'config-002', 'config-003'], (faults) => { faults.latencyMs = 300; faults.cutStreams() }],
])('an observer outlives %s', async (_fault, during, hurt) => {
  const { clock, member, names } = await observed()
  await member.create(config(1), config(2))
  await clock.advance(1000)
  expect(await names()).toEqual(['config-001', 'config-002'])
  hurt(member.faults)
  await member.create(config(3))
  await clock.advance(5000)
  expect(await names()).toEqual(during)
  await member.remove('configmaps', 'default/config-001')
  member.faults.heal()
  await clock.advance(5000)
  expect(await names()).toEqual(['config-002', 'config-003'])
})

test('an observer says when it lost a member and when it is back', async () => {
  const { clock, member, states } = await observed()
  member.faults.refuse()
  await clock.advance(5000)
  member.faults.heal()
  await clock.advance(5000)
  expect([...new Set(states)]).toEqual(['synced', 'broken'])
  expect(states.at(-1)).toBe('synced')
})
