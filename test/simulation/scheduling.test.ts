/** Decisions that are made at the same moment know of each other, before any of them is stored. */
import { afterEach, expect, test } from 'vitest'
import { deployment, SmallFleet } from './small-fleet.ts'

let fleet: SmallFleet
afterEach(() => fleet.close())

const selector = [{ apiVersion: 'apps/v1', kind: 'Deployment' }], one = [{ spreadByField: 'cluster', minGroups: 1, maxGroups: 1 }]
const labelled = (labels: Record<string, string>, replicas = 1) => ({ template: { metadata: { labels }, ...deployment(replicas) } })
const targets = async (name: string) => (await fleet.template('Deployment', `default/${name}`))?.status?.schedule?.targets?.map(({ cluster, replicas }) => (replicas === undefined ? cluster : `${cluster}=${replicas}`))
const create = (names: readonly string[], spec: ReturnType<typeof labelled>) => Promise.all(names.map((name) => fleet.create('Deployment', `default/${name}`, spec, 500)))

test('workloads of a group are kept apart, and the one too many comes when there is a place', async () => {
  fleet = await SmallFleet.start(3)
  await fleet.policy('PropagationPolicy', 'default/apart', { resourceSelectors: selector, placement: { spreadConstraints: one, workloadAffinity: { antiAffinity: { groupByLabelKey: 'tier' } } } })
  await create(['a', 'b', 'c', 'd'], labelled({ tier: 'db' }))
  await fleet.advance(5000)
  const placed = Object.fromEntries(await Promise.all(['a', 'b', 'c', 'd'].map(async (name) => [name, await targets(name)] as const))), [waiting, ...none] = Object.entries(placed).filter(([, at]) => at?.length === 0)
  expect([new Set(Object.values(placed).flat()), none]).toEqual([new Set(['m1', 'm2', 'm3']), []])
  expect((await fleet.template('Deployment', `default/${waiting![0]}`))!.status!.schedule!.rejected![0]).toEqual({ cluster: 'm1', reason: 'WorkloadAntiAffinity', message: 'has 1 of the 3 placed workloads of group tier=db, which are to be apart' })
  const first = Object.keys(placed).find((name) => placed[name]?.[0] === 'm2')!
  await fleet.drop('Deployment', `default/${first}`)
  expect(await targets(waiting![0])).toEqual(['m2'])
})

test('workloads of a group are kept together, whichever comes first', async () => {
  fleet = await SmallFleet.start(3)
  await fleet.policy('PropagationPolicy', 'default/together', { resourceSelectors: selector, placement: { spreadConstraints: one, workloadAffinity: { affinity: { groupByLabelKey: 'app' } } } })
  await create(['a', 'b', 'c'], labelled({ app: 'shop' }))
  await fleet.advance(5000)
  const [a, b, c] = await Promise.all(['a', 'b', 'c'].map(targets))
  expect([a?.length, b, c]).toEqual([1, a, a])
})

test('two decisions at once do not give away the same room', async () => {
  fleet = await SmallFleet.start(2)
  await fleet.policy('PropagationPolicy', 'default/few', { resourceSelectors: selector, placement: { replicaScheduling: { replicaSchedulingType: 'Divided', replicaDivisionPreference: 'Aggregated' } } })
  await create(['a', 'b', 'c'], labelled({}, 700))
  await fleet.advance(2000)
  const all = await Promise.all(['a', 'b', 'c'].map(targets))
  // Each member has room for a thousand, so the third does not fit.
  expect([all.flat().length, new Set(all.flat())]).toEqual([2, new Set(['m1=700', 'm2=700'])])
})

test.each([['nowhere', false, []], ['in part', true, ['m1=1000', 'm2=1000']]])('what is placed %s for want of room is placed once there is some, of which nobody tells', async (_, partial, before) => {
  fleet = await SmallFleet.start(2)
  await fleet.policy('PropagationPolicy', 'default/few', { resourceSelectors: selector, placement: { partial, replicaScheduling: { replicaSchedulingType: 'Divided', replicaDivisionPreference: 'Aggregated' } } })
  await create(['a'], labelled({}, 2500))
  await fleet.advance(60_000)
  expect(await targets('a')).toEqual(before)
  const known = fleet.clusters.get('m2')!
  fleet.clusters.set('m2', { ...known, status: { ...known.status, resourceSummary: { allocatable: { pods: 9000 } } } })
  fleet.server.members.get('m2')!.setCluster(fleet.clusters.get('m2')!)
  await fleet.advance(60_000)
  expect((await targets('a'))?.reduce((sum, target) => sum + Number(target.split('=')[1]), 0)).toBe(2500)
})

test('a priority class counts as soon as it is there', async () => {
  fleet = await SmallFleet.start(1)
  await fleet.policy('PropagationPolicy', 'default/urgent', { resourceSelectors: selector, schedulePriority: { priorityClassSource: 'KubePriorityClass', priorityClassName: 'urgent' } })
  await create(['a'], labelled({}))
  const message = async () => (await fleet.template('Deployment', 'default/a'))?.status?.conditions?.find(({ type }) => type === 'Scheduled')?.message
  expect(await message()).toBe('placed in 1 of 1 clusters; the PriorityClass urgent is not known, and counts as 0')
  await fleet.create('PriorityClass', 'urgent', { template: { value: 1000 } })
  expect(await message()).toBe('placed in 1 of 1 clusters')
})
