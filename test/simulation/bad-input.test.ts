/** What nobody should write: the one who did is told, by a condition or a state with its cluster, and all others go on. */
import { afterEach, expect, test } from 'vitest'
import type { KubeObject } from '../../src/machinery/meta/core.ts'
import { deployment, onAll, SmallFleet } from './small-fleet.ts'

let fleet: SmallFleet
afterEach(() => fleet.close())

const divided = { clusterAffinity: {}, replicaScheduling: { replicaSchedulingType: 'Divided' as const } }
const conditionOf = async (name: string, type: string) => { const found = (await fleet.template('Deployment', `shop/${name}`))?.status?.conditions?.find((condition) => condition.type === type); return found && `${found.status} ${found.reason}: ${found.message}` }

test('a number of replicas that is none leaves what is there, and stops neither others nor their quota', async () => {
  fleet = await SmallFleet.start(2)
  await fleet.create('Deployment', 'shop/bad', { template: deployment(4), placement: divided })
  await fleet.edit('Deployment', 'shop/bad', { template: deployment(-5) })
  expect([await conditionOf('bad', 'Scheduled'), await fleet.states('Deployment', 'shop/bad')]).toEqual(['False TemplateInvalid: Deployment "bad" asks for -5 replicas', { m1: 'OK', m2: 'OK' }])
  await fleet.policy('FederatedResourceQuota', 'shop/team', { overall: { pods: '10' } })
  // A server that has never seen it otherwise.
  await fleet.restart()
  await fleet.advance(5000)
  await fleet.create('Deployment', 'shop/good', { template: deployment(2), placement: onAll })
  expect(await fleet.states('Deployment', 'shop/good')).toEqual({ m1: 'OK', m2: 'OK' })
  await expect(fleet.edit('Deployment', 'shop/bad', { template: deployment(-6) })).rejects.toThrow('Deployment "bad" asks for -6 replicas')
  await fleet.edit('Deployment', 'shop/bad', { template: deployment(6) })
  expect(await conditionOf('bad', 'Scheduled')).toBe('True Success: placed in 2 of 2 clusters')
  await expect(fleet.edit('Deployment', 'shop/good', { template: deployment(3) })).rejects.toThrow('exceeded quota: team')
})

/** What somebody does to the copy in m1, 100 ms after each time that it is written. Answers how often the server wrote in ten minutes: to m1, and to its store. */
async function fight(act: () => Promise<unknown>): Promise<{ readonly writes: number; readonly commits: number }> {
  const { requests: { length }, commits, server: { signal } } = fleet
  fleet.onRequest = ({ cluster, method }) => { if (cluster === 'm1' && method === 'PATCH') void fleet.clock.sleep(100, signal).then(act) }
  await act()
  await fleet.advance(600_000)
  return { writes: fleet.requests.length - length, commits: fleet.commits - commits }
}
const changed = (change: (object: KubeObject) => KubeObject) => () => fleet.stub('m1').change('configmaps', 'shop/a', change, { manager: 'their-controller' })

test.each<readonly [what: string, act: () => Promise<unknown>, told: string]>([
  ['changes a copy', changed((object) => ({ ...object, data: { level: 'theirs' } })), 'Drifted: changed by "their-controller", again each time that it was put back: that is done with growing pauses now'],
  ['deletes a copy', () => fleet.stub('m1').remove('configmaps', 'shop/a'), 'Pending: deleted, or its label taken off, again each time that it was put right: that is done with growing pauses now'],
  ['takes the label off a copy', changed((object) => ({ ...object, metadata: { ...object.metadata, labels: {} } })), 'Pending: deleted, or its label taken off, again each time that it was put right: that is done with growing pauses now'],
])('who %s again and again is told of, and not answered as fast as he can', async (_what, act, told) => {
  fleet = await SmallFleet.start(2)
  await fleet.create('ConfigMap', 'shop/a', { template: { data: { level: 'ours' } }, placement: onAll })
  const { writes, commits } = await fight(act)
  expect(await fleet.states('ConfigMap', 'shop/a')).toEqual({ m1: told, m2: 'OK' })
  expect(writes).toBeLessThan(25)
  expect(commits).toBeLessThan(60)
  // Once he stops it is put right, and soon.
  fleet.onRequest = () => undefined
  await fleet.advance(60_000)
  expect(await fleet.states('ConfigMap', 'shop/a')).toEqual({ m1: 'OK', m2: 'OK' })
  expect((await fleet.copy('m1', 'ConfigMap', 'shop/a'))?.['data']).toEqual({ level: 'ours' })
})
