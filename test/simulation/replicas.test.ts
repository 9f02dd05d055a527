/** Two servers over one store: one leads, is stopped or killed at a bad moment, and the other goes on with what it left. */
import { afterEach, expect, test } from 'vitest'
import type { SimulatedServer } from './simulated-server.ts'
import { deployment, job, on, onAll, SmallFleet } from './small-fleet.ts'

let fleet: SmallFleet
afterEach(() => fleet.close())

/** Longer than a Lease lasts, and it takes to try again. */
const TAKEOVER_MS = 30_000
const start = (members: number) => SmallFleet.start(members, (made) => { made.replicas = 2 })
const config = (level: string) => ({ data: { level } })
const leader = (): SimulatedServer => fleet.servers.find(({ leads, isDead, isPaused }) => leads && !isDead && !isPaused)!

test('one leads at a time, and the other takes over', async () => {
  fleet = await start(2)
  expect(fleet.servers.map(({ leads }) => leads)).toEqual([true, false])
  await fleet.create('ConfigMap', 'default/a', { template: config('1'), placement: onAll })
  const [first, second] = fleet.servers as [SimulatedServer, SimulatedServer], { length } = fleet.requests
  expect(new Set(fleet.requests.map(({ server }) => server))).toEqual(new Set([first]))
  first.pause()
  await fleet.advance(TAKEOVER_MS)
  await fleet.edit('ConfigMap', 'default/a', { template: config('2') })
  first.resume()
  await fleet.advance(TAKEOVER_MS)
  expect([first.leads, second.leads]).toEqual([false, true])
  expect(fleet.requests.slice(length).map(({ server, cluster, method }) => [server === second, cluster, method])).toEqual([[true, 'm1', 'PATCH'], [true, 'm2', 'PATCH']])
})

test('a takeover writes nothing where nothing changed', async () => {
  fleet = await start(3)
  await fleet.create('ConfigMap', 'default/a', { template: config('1'), placement: onAll })
  await fleet.create('Deployment', 'default/web', { template: deployment(6), placement: { clusterAffinity: {}, replicaScheduling: { replicaSchedulingType: 'Divided' } } })
  await fleet.edit('ConfigMap', 'default/a', { placement: on('m1', 'm2') })
  const { length } = fleet.requests, { commits } = fleet
  for (let time = 0; time < 3; time++) {
    const stopped = leader()
    stopped.pause()
    await fleet.advance(TAKEOVER_MS)
    stopped.resume()
  }
  await fleet.advance(TAKEOVER_MS)
  expect({ requests: fleet.requests.slice(length), commits: fleet.commits - commits }).toEqual({ requests: [], commits: 0 })
})

test('what had been decided, and not told of, is told of by the next', async () => {
  fleet = await start(1)
  // The template, and the decision about it.
  fleet.killAfter = { commits: 2 }
  await fleet.create('ConfigMap', 'default/a', { template: config('1'), placement: on() }, TAKEOVER_MS)
  expect(fleet.servers.filter(({ isDead }) => isDead)).toHaveLength(1)
  expect(await fleet.condition('ConfigMap', 'default/a', 'Propagated')).toBe('False NoTargets')
})

test('a tombstone that one wrote is worked off by the next', async () => {
  fleet = await start(2)
  await fleet.create('ConfigMap', 'default/a', { template: config('1'), placement: onAll })
  await fleet.cutOff('m2', true)
  await fleet.drop('ConfigMap', 'default/a', 'Background', 360_000)
  expect([await fleet.template('ConfigMap', 'default/a'), await fleet.having('ConfigMap', 'default/a')]).toEqual([undefined, ['m2']])
  leader().kill()
  await fleet.advance(TAKEOVER_MS)
  await fleet.cutOff('m2', false)
  expect(await fleet.having('ConfigMap', 'default/a')).toEqual([])
})

test('a copy in a cluster that comes back while nobody leads is found by the next who does', async () => {
  fleet = await start(2)
  await fleet.create('ConfigMap', 'default/a', { template: config('1'), placement: onAll })
  await fleet.removeMember('m2')
  await fleet.edit('ConfigMap', 'default/a', { placement: on('m1') })
  leader().kill()
  await fleet.addMember('m2')
  await fleet.advance(TAKEOVER_MS)
  expect(await fleet.having('ConfigMap', 'default/a')).toEqual(['m1'])
})

test('what one sees while it does not lead is looked at once it leads again', async () => {
  fleet = await start(2)
  for (const key of ['default/a', 'default/b']) await fleet.create('ConfigMap', key, { template: config('1'), placement: onAll })
  const from = fleet.clock.now()
  await fleet.edit('ConfigMap', 'default/a', { placement: on('m1') })
  // One that knows nothing of the copy that was.
  leader().kill()
  await fleet.start()
  await fleet.advance(TAKEOVER_MS)
  const first = leader()
  first.pause()
  await fleet.advance(TAKEOVER_MS)
  first.resume()
  await fleet.advance(5000)
  leader().kill()
  await fleet.stub('m2').restore(fleet.clock.now() - from, true)
  await fleet.advance(5000)
  expect([first.leads, await fleet.having('ConfigMap', 'default/a')]).toEqual([false, ['m1', 'm2']])
  await fleet.advance(60_000)
  expect([first.leads, await fleet.having('ConfigMap', 'default/a')]).toEqual([true, ['m1']])
})

test('policies and quotas that are written while nobody leads are told of by the next who does', async () => {
  fleet = await start(1)
  leader().kill()
  await fleet.policy('PropagationPolicy', 'shop/all', { resourceSelectors: [{ apiVersion: 'v1', kind: 'ConfigMap' }], placement: onAll })
  await fleet.policy('FederatedResourceQuota', 'shop/team', { overall: { pods: '10' }, staticAssignments: [{ clusterName: 'm1', hard: { pods: '10' } }] })
  expect(fleet.servers.filter(({ leads, isDead }) => leads && !isDead)).toEqual([])
  await fleet.advance(TAKEOVER_MS)
  const statuses = await Promise.all(['PropagationPolicy', 'FederatedResourceQuota'].map(async (kind) => Array.from((await fleet.policies(kind).reader.list({}, fleet.server.signal)).entries, (entry) => entry.parse()['status'])))
  expect(statuses).toEqual([[{ observedGeneration: 1, claimed: 0 }], [expect.objectContaining({ overall: { pods: '10' } })]])
  expect((await fleet.template('ResourceQuota', 'shop/team'))?.spec.template).toMatchObject({ kind: 'ResourceQuota' })
})

test('what one remembers of copies is old when it leads again: a Job that ran meanwhile does not run twice', async () => {
  fleet = await start(2)
  await fleet.create('Job', 'default/report', { template: job(), placement: onAll }, 10_000)
  await fleet.edit('Job', 'default/report', { placement: on('m1') })
  const first = leader()
  first.pause()
  await fleet.advance(TAKEOVER_MS)
  await fleet.edit('Job', 'default/report', { placement: onAll }, 20_000)
  expect(await fleet.having('Job', 'default/report')).toEqual(['m1', 'm2'])
  await fleet.stub('m2').remove('jobs', 'default/report')
  await fleet.advance(5000)
  first.resume()
  leader().kill()
  await fleet.advance(60_000)
  expect([leader() === first, await fleet.having('Job', 'default/report')]).toEqual([true, ['m1']])
})

/** With a store that, once told to, lets the next write to a template wait: of whoever leads, which stops there. */
async function startHolding(members: number): Promise<{ readonly stopAtWrite: (act: () => Promise<unknown>) => Promise<SimulatedServer>; readonly goOn: () => void }> {
  const held = Promise.withResolvers<void>()
  let isHolding = false
  fleet = await SmallFleet.start(members, (made) => {
    made.replicas = 2
    const { store } = made, commit = store.commit.bind(store)
    store.commit = async (key, ...rest) => {
      if (isHolding && key.startsWith('/types.federation/')) {
        isHolding = false
        await held.promise
      }
      return commit(key, ...rest)
    }
  })
  const stopAtWrite = async (act: () => Promise<unknown>) => {
    isHolding = true
    await act()
    const stopped = leader()
    stopped.pause()
    return stopped
  }
  return { stopAtWrite, goOn: held.resolve }
}
const schedule = async () => (await fleet.template('ConfigMap', 'default/a'))!.status!.schedule!

test('a decision that one still had in hand is corrected by the next, which had found nothing to write', async () => {
  const { stopAtWrite, goOn } = await startHolding(3)
  await fleet.create('ConfigMap', 'default/a', { template: config('1'), placement: { clusterSelector: { matchLabels: { env: 'dev' } } } })
  const first = await stopAtWrite(async () => {
    fleet.label('m1', { env: 'dev' })
    await fleet.advance(1000)
  })
  fleet.label('m1', { env: 'prod' })
  await fleet.advance(TAKEOVER_MS)
  expect(leader()).not.toBe(first)
  goOn()
  await fleet.advance(TAKEOVER_MS)
  expect((await schedule()).targets).toEqual([{ cluster: 'm2' }, { cluster: 'm3' }])
  expect(await fleet.having('ConfigMap', 'default/a')).toEqual(['m2', 'm3'])
})

test('who was stopped in the middle of a decision decides no more when he goes on', async () => {
  const policy = (name: string) => fleet.policy('PropagationPolicy', 'default/all', { resourceSelectors: [{ apiVersion: 'v1', kind: 'ConfigMap' }], placement: { clusterAffinity: { clusterNames: [name] } } })
  const { stopAtWrite, goOn } = await startHolding(3)
  await policy('m1')
  await fleet.create('ConfigMap', 'default/a', { template: config('1') })
  const first = await stopAtWrite(() => policy('m2'))
  await policy('m3')
  await fleet.advance(TAKEOVER_MS)
  const decided = await schedule()
  expect([leader() === first, decided.targets]).toEqual([false, [{ cluster: 'm3' }]])
  goOn()
  first.resume()
  await fleet.advance(TAKEOVER_MS)
  expect(await schedule()).toEqual(decided)
  expect(await fleet.having('ConfigMap', 'default/a')).toEqual(['m3'])
})
