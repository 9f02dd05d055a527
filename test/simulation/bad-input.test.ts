/** What nobody should write: the one who did is told, by a condition or a state with its cluster, and all others go on. */
import { afterEach, expect, test } from 'vitest'
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
