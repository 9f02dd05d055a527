/** Two servers over one store: one leads, is stopped or killed at a bad moment, and the other goes on with what it left. */
import { afterEach, expect, test } from 'vitest'
import { aborted } from '../../src/lib/aborted.ts'
import { StatusError } from '../../src/machinery/meta/status-error.ts'
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

interface Holding {
  /** Whoever leads stops in the middle of the next write to a template, one of these where they are named, which `act` brings about. It is made when told to go on; what else it writes to templates is lost. */
  readonly stopAtWrite: (act: () => Promise<unknown>, plural?: string) => Promise<SimulatedServer>
  readonly goOn: () => void
  /** Servers that start from now on are told nothing of changes of policies, until they are. */
  readonly lag: () => void
  readonly catchUp: () => void
}

/** With a store that lets writes, and what it tells of policies, wait. */
async function startHolding(members: number): Promise<Holding> {
  const held = Promise.withResolvers<void>(), told = Promise.withResolvers<void>()
  let holding: string | undefined, isHeld = false, isLagging = false
  fleet = await SmallFleet.start(members, (made) => {
    made.replicas = 2
    const { store } = made, commit = store.commit.bind(store), watch = store.watch.bind(store)
    store.watch = async function* (prefix, ...rest) {
      const isLate = isLagging && prefix.startsWith('/policy.federation/')
      for await (const lines of watch(prefix, ...rest)) {
        if (isLate) await told.promise
        yield lines
      }
    }
    store.commit = async (key, ...rest) => {
      if (holding !== undefined && key.startsWith('/types.federation/')) {
        if (isHeld || !key.includes(holding)) throw StatusError.unavailable('the store does not answer')
        isHeld = true
        await held.promise
      }
      return commit(key, ...rest)
    }
  })
  const stopAtWrite = async (act: () => Promise<unknown>, plural = '') => {
    holding = plural
    await act()
    const stopped = leader()
    stopped.pause()
    holding = undefined
    return stopped
  }
  return { stopAtWrite, goOn: held.resolve, lag: () => { isLagging = true }, catchUp: told.resolve }
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

/** Policy `web` changes, and what one server decided by it is stored when another leads that has not seen the change yet: it has the decision before the policy. The Deployment goes to m1. */
async function decideBeforeSeen(before: object, after: object, create: () => Promise<void>): Promise<void> {
  const { stopAtWrite, goOn, lag, catchUp } = await startHolding(1), rules = (more: object) => fleet.policy('PropagationPolicy', 'default/web', { resourceSelectors: [{ apiVersion: 'apps/v1', kind: 'Deployment' }], placement: { clusterAffinity: { clusterNames: ['m1'] } }, ...more })
  await rules(before)
  await create()
  fleet.servers[1]!.kill()
  lag()
  await fleet.start()
  await fleet.advance(5000)
  // What it sends to members meanwhile is lost, too.
  fleet.onRequest = ({ server: { signal } }) => aborted(signal)
  const first = await stopAtWrite(() => rules(after), 'deployments')
  fleet.onRequest = () => undefined
  await fleet.advance(TAKEOVER_MS)
  expect(leader()).not.toBe(first)
  goOn()
  await fleet.advance(5000)
  expect((await fleet.template('Deployment', 'default/web'))?.status?.policy?.generation).toBe(2)
  catchUp()
  await fleet.advance(TAKEOVER_MS)
}

test('how a template is carried out follows its policy, though what was decided by that was seen first', async () => {
  await decideBeforeSeen({ suspension: { dispatching: true } }, {}, () => fleet.create('Deployment', 'default/web', { template: deployment(1) }))
  expect([await fleet.states('Deployment', 'default/web'), await fleet.having('Deployment', 'default/web')]).toEqual([{ m1: 'OK' }, ['m1']])
})

test('so does what it takes along', async () => {
  const { spec } = deployment(1), volumes = [{ name: 'config', configMap: { name: 'a' } }]
  await decideBeforeSeen({}, { propagateDeps: true }, async () => {
    await fleet.create('ConfigMap', 'default/a', { template: config('1') })
    await fleet.create('Deployment', 'default/web', { template: { spec: { ...spec, template: { ...spec.template, spec: { ...spec.template.spec, volumes } } } } })
  })
  expect(await fleet.having('ConfigMap', 'default/a')).toEqual(['m1'])
})
