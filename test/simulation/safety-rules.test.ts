/** The safety rules of the design, §4: each test does what would go wrong without its rule, and looks at what became of the members. */
import { afterEach, describe, expect, test } from 'vitest'
import type { KubeObject } from '../../src/machinery/meta/core.ts'
import { MemoryStorage } from '../../src/machinery/storage/memory-storage.ts'
import { GADGETS, gadgetType } from './gadget.ts'
import { author } from './simulated-fleet.ts'
import { deployment, on, onAll, SmallFleet } from './small-fleet.ts'

let fleet: SmallFleet
afterEach(() => fleet.close())

const config = (level: string) => ({ data: { level } })
const dataOf = (object: KubeObject | undefined) => object?.['data']
const MANAGED = 'cluster.federation/managed', TEMPLATE = 'cluster.federation/template'
const foreign = (level: string, metadata: object = {}): KubeObject => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'default', name: 'a', ...metadata }, ...config(level) })

describe('rule 1: nothing is deleted or changed that is not ours', () => {
  test('an object that is there already stays as it is, and is told of; Overwrite adopts it', async () => {
    fleet = await SmallFleet.start(2)
    const before = await fleet.stub('m1').create(foreign('theirs'))
    await fleet.create('ConfigMap', 'default/a', { template: config('ours'), placement: onAll })
    expect(await fleet.copy('m1', 'ConfigMap', 'default/a')).toEqual(before)
    expect(dataOf(await fleet.copy('m2', 'ConfigMap', 'default/a'))).toEqual({ level: 'ours' })
    expect(await fleet.states('ConfigMap', 'default/a')).toEqual({ m1: 'AlreadyExists: an object of that name is there, made by "kubectl-edit"; remove it, or set spec.conflictResolution: Overwrite to adopt it', m2: 'OK' })
    await fleet.edit('ConfigMap', 'default/a', { conflictResolution: 'Overwrite' })
    expect(await fleet.copy('m1', 'ConfigMap', 'default/a')).toMatchObject({ metadata: { uid: before.metadata.uid }, data: { level: 'ours' } })
  })

  test('deleting a template leaves what was in its way', async () => {
    fleet = await SmallFleet.start(1)
    const before = await fleet.stub('m1').create(foreign('theirs'))
    await fleet.create('ConfigMap', 'default/a', { template: config('ours'), placement: onAll })
    await fleet.drop('ConfigMap', 'default/a')
    expect(await fleet.template('ConfigMap', 'default/a')).toBeUndefined()
    expect(await fleet.copy('m1', 'ConfigMap', 'default/a')).toEqual(before)
  })

  test.each([['edited', () => fleet.edit('ConfigMap', 'default/a', { template: config('new') })], ['deleted', () => fleet.drop('ConfigMap', 'default/a')]])('a copy that somebody replaced by an object of his own, unseen, when the template is %s', async (_name, act) => {
    fleet = await SmallFleet.start(1)
    await fleet.create('ConfigMap', 'default/a', { template: config('ours'), placement: onAll })
    const link = fleet.server.members.get('m1')!
    // Streams fall silent, requests go through: what the watch shows is old.
    fleet.silence('m1')
    await fleet.stub('m1').remove('configmaps', 'default/a')
    const theirs = await fleet.stub('m1').create(foreign('theirs'))
    await act()
    expect(link.state).toEqual({ state: 'ready' })
    expect(await fleet.copy('m1', 'ConfigMap', 'default/a')).toEqual(theirs)
  })

  test('an object with our label that was made from no template of ours is not removed', async () => {
    fleet = await SmallFleet.start(2)
    await fleet.create('ConfigMap', 'default/a', { template: config('ours'), placement: on('m1') })
    const copied = await fleet.stub('m2').create(foreign('copied', { labels: { [MANAGED]: fleet.server.fleetId }, annotations: { [TEMPLATE]: 'of-another-template' } }))
    await fleet.advance(5000)
    await fleet.edit('ConfigMap', 'default/a', { placement: on() })
    await fleet.restart()
    await fleet.advance(30_000)
    expect(await fleet.having('ConfigMap', 'default/a')).toEqual(['m2'])
    expect(await fleet.copy('m2', 'ConfigMap', 'default/a')).toEqual(copied)
  })

  test('a copy whose label was taken off is no copy that is gone: it is put back, and nothing is made twice', async () => {
    fleet = await SmallFleet.start(1)
    await fleet.create('ConfigMap', 'default/a', { template: config('ours'), placement: onAll })
    const { metadata: { uid } } = (await fleet.copy('m1', 'ConfigMap', 'default/a'))!
    await fleet.stub('m1').change('configmaps', 'default/a', (object) => ({ ...object, metadata: { ...object.metadata, labels: {} } }))
    await fleet.advance(5000)
    expect((await fleet.copy('m1', 'ConfigMap', 'default/a'))!.metadata).toMatchObject({ uid, labels: { [MANAGED]: fleet.server.fleetId } })
  })

  test('Orphan takes our marks and our ownership off, and leaves the rest', async () => {
    fleet = await SmallFleet.start(1)
    await fleet.create('ConfigMap', 'default/a', { template: config('ours'), placement: onAll })
    const { metadata: { uid } } = (await fleet.copy('m1', 'ConfigMap', 'default/a'))!
    await fleet.drop('ConfigMap', 'default/a', 'Orphan')
    const { metadata, data } = (await fleet.copy('m1', 'ConfigMap', 'default/a'))! as KubeObject & { data: object }
    expect({ uid: metadata.uid, labels: metadata.labels, annotations: metadata.annotations, data }).toEqual({ uid, labels: undefined, annotations: undefined, data: { level: 'ours' } })
    expect(JSON.stringify(metadata.managedFields ?? [])).not.toContain('"federation"')
    expect(await fleet.template('ConfigMap', 'default/a')).toBeUndefined()
  })
})

describe('rule 2: missing data is unknown, never absence', () => {
  test('a member that cannot be reached keeps its copy, and the template waits for it', async () => {
    fleet = await SmallFleet.start(2)
    await fleet.create('ConfigMap', 'default/a', { template: config('1'), placement: onAll })
    await fleet.cutOff('m2', true)
    await fleet.drop('ConfigMap', 'default/a')
    expect(await fleet.having('ConfigMap', 'default/a')).toEqual(['m2'])
    expect(await fleet.states('ConfigMap', 'default/a')).toMatchObject({ m2: expect.stringContaining('WaitingForRemoval: the cluster is unreachable') })
    await fleet.cutOff('m2', false)
    expect(await fleet.having('ConfigMap', 'default/a')).toEqual([])
    expect(await fleet.template('ConfigMap', 'default/a')).toBeUndefined()
  })

  test('one that stays away for five minutes lets the template go; a tombstone remembers, over a restart too', async () => {
    fleet = await SmallFleet.start(2)
    await fleet.create('ConfigMap', 'default/a', { template: config('1'), placement: onAll })
    await fleet.cutOff('m2', true)
    await fleet.drop('ConfigMap', 'default/a', 'Background', 240_000)
    expect(await fleet.template('ConfigMap', 'default/a')).toBeDefined()
    await fleet.advance(120_000)
    expect(await fleet.template('ConfigMap', 'default/a')).toBeUndefined()
    expect(await fleet.having('ConfigMap', 'default/a')).toEqual(['m2'])
    await fleet.restart()
    await fleet.cutOff('m2', false)
    expect(await fleet.having('ConfigMap', 'default/a')).toEqual([])
  })

  test('so does one that is refused because another cluster answers for it', async () => {
    fleet = await SmallFleet.start(2)
    await fleet.create('ConfigMap', 'default/a', { template: config('1'), placement: onAll })
    fleet.setRefused('m2', true)
    await fleet.drop('ConfigMap', 'default/a', 'Background', 240_000)
    expect(await fleet.states('ConfigMap', 'default/a')).toEqual({ m2: 'WaitingForRemoval: the cluster is refused: it is another cluster' })
    await fleet.advance(120_000)
    expect([await fleet.template('ConfigMap', 'default/a'), await fleet.having('ConfigMap', 'default/a')]).toEqual([undefined, ['m2']])
    fleet.setRefused('m2', false)
    await fleet.advance(35_000)
    expect(await fleet.having('ConfigMap', 'default/a')).toEqual([])
  })

  test.each([['lists fail', 'fail'], ['lists are empty', 'empty']] as const)('after a restart %s: nothing is made again, nothing is taken for gone', async (_name, how) => {
    fleet = await SmallFleet.start(1)
    await fleet.create('ConfigMap', 'default/a', { template: config('1'), placement: onAll })
    await fleet.create('ConfigMap', 'default/b', { template: config('1'), placement: onAll })
    fleet.lists.set('m1', how)
    await fleet.restart()
    const { length } = fleet.requests
    await fleet.advance(60_000)
    await fleet.drop('ConfigMap', 'default/b', 'Background', 60_000)
    expect(fleet.requests.slice(length)).toEqual([])
    expect(await fleet.template('ConfigMap', 'default/b')).toBeDefined()
    fleet.lists.delete('m1')
    await fleet.restart()
    await fleet.advance(30_000)
    expect(await fleet.template('ConfigMap', 'default/b')).toBeUndefined()
    expect(await fleet.having('ConfigMap', 'default/a')).toEqual(['m1'])
  })

  test('a kind that a member does not serve any more is not taken for objects that are gone', async () => {
    fleet = await SmallFleet.start(1)
    await fleet.create('ConfigMap', 'default/a', { template: config('1'), placement: onAll })
    const { discovery } = fleet.stub('m1')
    fleet.server.members.get('m1')!.setDiscovery({ ...discovery, kinds: discovery.kinds.filter(({ kind }) => kind !== 'ConfigMap') })
    fleet.lists.set('m1', 'fail')
    fleet.stub('m1').faults.cutStreams()
    await fleet.edit('ConfigMap', 'default/a', { template: config('2') }, 60_000)
    expect(await fleet.states('ConfigMap', 'default/a')).toEqual({ m1: 'NotServed: the cluster does not serve configmaps of the core group' })
    expect(dataOf(await fleet.copy('m1', 'ConfigMap', 'default/a'))).toEqual({ level: '1' })
  })

  test('a kind of which a cluster out of reach has a copy left is not withdrawn before that is gone', async () => {
    fleet = await SmallFleet.start(2)
    const { writer } = fleet.policies('FederatedTypeConfig'), { signal } = fleet.server
    await fleet.until(writer!.create({ apiVersion: 'policy.federation/v1alpha1', kind: 'FederatedTypeConfig', metadata: { name: GADGETS }, spec: { targetType: gadgetType, propagation: 'Enabled' } }, author, signal))
    await fleet.advance(5000)
    await fleet.create('Gadget', 'default/a', { template: { spec: { size: 1 } }, placement: onAll })
    await fleet.cutOff('m2', true)
    await fleet.drop('Gadget', 'default/a', 'Background', 360_000)
    await writer!.delete(GADGETS, author, signal)
    await fleet.advance(60_000)
    expect([await fleet.template('Gadget', 'default/a'), await fleet.having('Gadget', 'default/a')]).toEqual([undefined, ['m2']])
    // Over a restart, too.
    await fleet.restart()
    await fleet.cutOff('m2', false)
    expect(await fleet.having('Gadget', 'default/a')).toEqual([])
    await fleet.advance(5000)
    expect(fleet.server.distribution.templates.get(GADGETS)).toBeUndefined()
  })

  describe('a copy that was acknowledged, and that no watch has shown', () => {
    /** m1 has a, and says nothing of it. */
    async function unseen(): Promise<number> {
      fleet = await SmallFleet.start(1)
      await fleet.create('ConfigMap', 'default/first', { template: config('1'), placement: onAll })
      fleet.silence('m1')
      const before = fleet.clock.now()
      await fleet.advance(1)
      await fleet.create('ConfigMap', 'default/a', { template: config('1'), placement: onAll })
      return before
    }
    const told = async () => [await fleet.states('ConfigMap', 'default/a'), await fleet.having('ConfigMap', 'default/a')], there = [{ m1: 'OK' }, ['m1']]

    test('is asked for by name, and left as it is', async () => {
      await unseen()
      const { length } = fleet.requests
      await fleet.advance(120_000)
      expect([await told(), fleet.requests.slice(length)]).toEqual([there, []])
    })

    test.each([['tells again', false], ['is silent still', true]])('is made again where a backup from before it is restored, and the member %s', async (_name, isSilent) => {
      const before = await unseen()
      await fleet.stub('m1').restore(fleet.clock.now() - before, false)
      expect(await fleet.having('ConfigMap', 'default/a')).toEqual([])
      if (!isSilent) fleet.silence('m1', false)
      await fleet.advance(60_000)
      expect(await told()).toEqual(there)
    })

    test('follows its template, and goes with it', async () => {
      await unseen()
      await fleet.edit('ConfigMap', 'default/a', { template: config('2') }, 30_000)
      expect([await told(), dataOf(await fleet.copy('m1', 'ConfigMap', 'default/a'))]).toEqual([there, { level: '2' }])
      await fleet.drop('ConfigMap', 'default/a', 'Background', 60_000)
      expect([await fleet.template('ConfigMap', 'default/a'), await fleet.having('ConfigMap', 'default/a')]).toEqual([undefined, []])
    })

    test('is no longer told of where it was to go, and a backup from before it is restored', async () => {
      const before = await unseen()
      await fleet.stub('m1').restore(fleet.clock.now() - before, false)
      await fleet.edit('ConfigMap', 'default/a', { placement: on() }, 60_000)
      const { commits } = fleet
      await fleet.advance(60_000)
      expect([await told(), fleet.commits - commits]).toEqual([[{}, []], 0])
    })

    test('is left to whoever put an object of his own in its place', async () => {
      await unseen()
      await fleet.stub('m1').remove('configmaps', 'default/a')
      const theirs = await fleet.stub('m1').create(foreign('theirs'))
      await fleet.advance(60_000)
      expect([await fleet.copy('m1', 'ConfigMap', 'default/a'), await fleet.states('ConfigMap', 'default/a')]).toEqual([theirs, { m1: expect.stringContaining('AlreadyExists') as string }])
    })

    test('is removed by its tombstone before the watch is there again', async () => {
      await unseen()
      await fleet.cutOff('m1', true)
      await fleet.drop('ConfigMap', 'default/a', 'Background', 360_000)
      expect([await fleet.template('ConfigMap', 'default/a'), await fleet.having('ConfigMap', 'default/a')]).toEqual([undefined, ['m1']])
      await fleet.cutOff('m1', false)
      expect(await fleet.having('ConfigMap', 'default/a')).toEqual([])
    })
  })

  test('a copy that was deleted, and that the watch shows still, is asked for, and not deleted again and again', async () => {
    fleet = await SmallFleet.start(1)
    await fleet.create('ConfigMap', 'default/a', { template: config('1'), placement: onAll })
    fleet.silence('m1')
    const { length } = fleet.requests
    await fleet.drop('ConfigMap', 'default/a', 'Background', 30_000)
    expect([await fleet.template('ConfigMap', 'default/a'), fleet.requests.slice(length).map(({ method }) => method)]).toEqual([undefined, ['DELETE']])
  })

  test('a cluster that leaves keeps what it has, and goes on with it when it is back', async () => {
    fleet = await SmallFleet.start(2)
    await fleet.create('ConfigMap', 'default/a', { template: config('1'), placement: onAll })
    const before = await fleet.copy('m2', 'ConfigMap', 'default/a')
    await fleet.removeMember('m2')
    await fleet.advance(60_000)
    expect(await fleet.copy('m2', 'ConfigMap', 'default/a')).toEqual(before)
    await fleet.edit('ConfigMap', 'default/a', { placement: on('m1') })
    // A server that never saw it there, either.
    await fleet.restart()
    await fleet.addMember('m2')
    await fleet.advance(5000)
    expect(await fleet.having('ConfigMap', 'default/a')).toEqual(['m1'])
  })
})

describe('rule 3: a decision is stored before it is carried out', () => {
  test('every write carries a decision that the store has', async () => {
    fleet = await SmallFleet.start(3)
    const early: string[] = []
    fleet.onRequest = ({ body }) => {
      const revision = (body?.metadata?.annotations ?? {})['cluster.federation/revision'], federated = revision === undefined ? undefined : fleet.storedTemplate(body!.metadata.annotations![TEMPLATE]!), { observedGeneration = 0, decision = 0 } = federated?.status?.schedule ?? {}
      if (revision !== undefined && revision !== `${observedGeneration}.${decision}`) early.push(`${revision}, stored ${observedGeneration}.${decision}`)
    }
    await fleet.create('Deployment', 'default/web', { template: deployment(6), placement: { clusterAffinity: {}, replicaScheduling: { replicaSchedulingType: 'Divided' } } })
    await fleet.edit('Deployment', 'default/web', { template: deployment(9, 'app:2') })
    await fleet.edit('Deployment', 'default/web', { placement: on('m1') })
    expect(early).toEqual([])
    expect((await fleet.copy('m1', 'Deployment', 'default/web'))!.metadata.annotations).toMatchObject({ 'cluster.federation/revision': '3.3' })
  })

  test('a store that is an old backup writes to no member, until an administrator says that it is right', async () => {
    fleet = await SmallFleet.start(2)
    await fleet.create('ConfigMap', 'default/a', { template: config('1'), placement: onAll })
    await fleet.create('ConfigMap', 'default/b', { template: config('1'), placement: onAll })
    const backup = await fleet.backup()
    await fleet.edit('ConfigMap', 'default/a', { template: config('2') })
    await fleet.stop()
    await fleet.useBackup(backup)
    await fleet.start()
    const { length } = fleet.requests
    await fleet.advance(60_000)
    await fleet.edit('ConfigMap', 'default/b', { template: config('3') }, 30_000)
    expect(fleet.requests.slice(length)).toEqual([])
    expect(dataOf(await fleet.copy('m1', 'ConfigMap', 'default/a'))).toEqual({ level: '2' })
    await fleet.changeSet((set) => ({ ...set, metadata: { ...set.metadata, annotations: { 'cluster.federation/accept-store': 'true' } } }))
    await fleet.advance(30_000)
    expect(dataOf(await fleet.copy('m1', 'ConfigMap', 'default/a'))).toEqual({ level: '1' })
    expect(dataOf(await fleet.copy('m2', 'ConfigMap', 'default/b'))).toEqual({ level: '3' })
  })

  test('a store of another fleet touches nothing, whatever it is told to overwrite', async () => {
    fleet = await SmallFleet.start(1)
    await fleet.create('ConfigMap', 'default/a', { template: config('1'), placement: onAll })
    const before = await fleet.copy('m1', 'ConfigMap', 'default/a'), first = fleet.server.fleetId
    await fleet.stop()
    fleet.store = new MemoryStorage()
    await fleet.start()
    await fleet.advance(1000)
    await fleet.create('ConfigMap', 'default/a', { template: config('other'), placement: onAll, conflictResolution: 'Overwrite' })
    expect(await fleet.states('ConfigMap', 'default/a')).toEqual({ m1: `AlreadyExists: another fleet (${first}) owns the object of that name` })
    await fleet.drop('ConfigMap', 'default/a')
    expect(await fleet.copy('m1', 'ConfigMap', 'default/a')).toEqual(before)
  })
})
