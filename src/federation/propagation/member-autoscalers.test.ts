import { afterEach, expect, test } from 'vitest'
import { systemClock as clock } from '../../lib/clock.ts'
import { silentLogger as logger } from '../../lib/logger.ts'
import type { Handler, KubeObject } from '../../machinery/meta/core.ts'
import { createSimulatedMember } from '../../simulation/simulated-member.ts'
import { discover } from '../member/discovery.ts'
import { Member } from '../member/member.ts'
import { MemberAutoscalers } from './member-autoscalers.ts'

const stops: (() => Promise<void>)[] = []
afterEach(async () => { for (const stop of stops.splice(0)) await stop() })

const WEB = { group: 'apps', kind: 'Deployment', key: 'default/web' }
const autoscaler = (name: string, kind = 'Deployment', target = 'web'): KubeObject => ({ apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name, namespace: 'default' }, spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1beta2', kind, name: target } } })

async function autoscalersOf(wrap: (handler: Handler) => Handler = (handler) => handler) {
  const stop = new AbortController(), { signal } = stop, told: string[] = [], simulated = await createSimulatedMember({ name: 'member1', nodes: 1, clock, seed: 'autoscalers', logger }, signal)
  const member = new Member({ cluster: { metadata: { name: 'member1' }, spec: { syncMode: 'Push' } }, verify: () => Promise.resolve(), onChange: () => undefined, clock, random: Math.random, idleMs: 1000 })
  member.setConnection({ handler: wrap(simulated.handler), upgrade: () => Promise.reject(new Error('none')), drain: () => Promise.resolve(), close: () => Promise.resolve() })
  // Nothing is read any more before what is read ends.
  stops.push(async () => { await member.close(); stop.abort() })
  member.setDiscovery(await discover(simulated.handler, undefined, signal))
  const autoscalers = new MemberAutoscalers({ member, onTarget: ({ kind, key }) => { told.push(`${kind} ${key}`) }, onReady: () => { told.push('ready') }, clock, logger }, signal)
  return { simulated, member, autoscalers, told }
}

test('a workload is scaled as long as any autoscaler names it, in whatever version', async () => {
  const { simulated, autoscalers, told } = await autoscalersOf()
  await simulated.create(autoscaler('one'))
  expect(autoscalers.scales(WEB), 'nothing is known before all has been told').toBeUndefined()
  await expect.poll(() => told).toEqual(['Deployment default/web', 'ready'])
  expect([WEB, { ...WEB, kind: 'StatefulSet' }, { ...WEB, key: 'other/web' }, { ...WEB, group: '' }].map((target) => autoscalers.scales(target))).toEqual([true, false, false, false])
  await simulated.create(autoscaler('two'))
  await simulated.remove('horizontalpodautoscalers', 'default/one')
  await expect.poll(() => told.length).toBe(4)
  expect(autoscalers.scales(WEB)).toBe(true)
  await simulated.change('horizontalpodautoscalers', 'default/two', (object) => ({ ...object, spec: autoscaler('two', 'StatefulSet', 'db')['spec'] }))
  await expect.poll(() => told.slice(4)).toEqual(['Deployment default/web', 'StatefulSet default/db'])
  expect(autoscalers.scales(WEB)).toBe(false)
})

test('where they may not be seen there are none', async () => {
  const asked: string[] = []
  const { autoscalers, told } = await autoscalersOf((handler) => (request, signal) => {
    asked.push(request.path)
    return request.path.includes('horizontalpodautoscalers') ? Promise.resolve({ status: 403, headers: [], body: Buffer.from(JSON.stringify({ kind: 'Status', reason: 'Forbidden', code: 403, message: 'no' })) }) : handler(request, signal)
  })
  expect(asked.filter((path) => path.includes('autoscalers')), 'nobody asks before there is something to scale').toEqual([])
  expect(autoscalers.scales(WEB)).toBeUndefined()
  await expect.poll(() => told).toEqual(['ready'])
  expect(autoscalers.scales(WEB)).toBe(false)
})

test('where the kind is not served there are none, and nobody asks', async () => {
  const { autoscalers, member, told } = await autoscalersOf()
  member.setDiscovery({ ...member.discovery!, kinds: member.discovery!.kinds.filter(({ group }) => group !== 'autoscaling') })
  expect(autoscalers.scales(WEB)).toBe(false)
  expect(told).toEqual([])
})
