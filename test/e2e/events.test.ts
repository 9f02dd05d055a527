/** Events in a fleet: what members say about their copies and what the host keeps for the fleet, joined by the uid that the fleet shows; nothing else of the host's. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { applyTo, createNamespace, deployment, describeFleet, eventually, followKubectl, KUBECTLS, kubectl, tryKubectl } from './fleet-bed.ts'

const NAMESPACE = 'e2e-events', UID = '00000000-0000-4000-8000-000000000000'
/** As the recorder writes them. The uid is that of another fleet: each puts its own in its place. */
const event = (name: string, reason: string, labels: Record<string, string>) => ({
  apiVersion: 'v1', kind: 'Event', metadata: { name, namespace: NAMESPACE, labels }, involvedObject: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: NAMESPACE, name: 'web', uid: UID }, type: 'Normal', reason,
  message: 'told by the host', firstTimestamp: new Date().toISOString(), lastTimestamp: new Date().toISOString(), count: 1, source: { component: 'federation' }, reportingComponent: 'federation',
})
const ours = { 'cluster.federation/fleet': 'default' }

describeFleet('events of a fleet', () => {
  beforeAll(async () => {
    await createNamespace(NAMESPACE, ['host', 'member1'])
    await applyTo('member1', NAMESPACE, [deployment('web', 1)])
    await kubectl('host', 'create -f -', { input: event('web.1', 'ToldToFleets', ours) })
    await kubectl('host', 'create -f -', { input: event('web.2', 'OfTheHostAlone', {}) })
    await eventually(async () => { expect(await kubectl('fleet', `-n ${NAMESPACE} get events`)).toContain('ScalingReplicaSet') })
  })
  afterAll(async () => { await Promise.all(['host', 'member1'].map((context) => kubectl(context, `delete namespace ${NAMESPACE} --wait=false`))) })

  describe.each(KUBECTLS)('with kubectl (%s)', (version) => {
    const get = (words: string) => kubectl('fleet', `-n ${NAMESPACE} ${words}`, { version })

    test('describe shows both', async () => {
      const text = (await get('describe deploy web')).split('\nEvents:\n')[1]
      expect(text).toContain('ScalingReplicaSet')
      expect(text).toMatch(/Normal +ToldToFleets +\S+ +federation +told by the host/)
      expect(text).not.toContain('OfTheHostAlone')
    })
    test.each([
      ['uid', async () => `involvedObject.uid=${await get('get deploy web -o jsonpath={.metadata.uid}')}`],
      ['name and kind', () => Promise.resolve('involvedObject.name=web,involvedObject.kind=Deployment')],
    ])('are selected by %s', async (_, selector) => {
      const names = (await get(`get events --field-selector ${await selector()} -o jsonpath={.items[*].metadata.name}`)).split(' ')
      expect(names).toContain('web.1')
      expect(names).not.toContain('web.2')
      expect(names.filter((name) => name.includes('@')).map((name) => name.slice(name.indexOf('@')))).toEqual(['@member1'])
    })
    test('one is found by its name, what is the host\'s alone is not', async () => {
      expect(await get('get event web.1 -o jsonpath={.reason}')).toBe('ToldToFleets')
      expect(await tryKubectl('fleet', `-n ${NAMESPACE} get event web.2`, { version })).toMatchObject({ code: 1, stderr: 'Error from server (NotFound): events "web.2" not found\n' })
    })
    test('events.k8s.io has the same', async () => {
      expect((await get('get events.v1.events.k8s.io -o jsonpath={.items[*].reason}')).split(' ')).toEqual(expect.arrayContaining(['ScalingReplicaSet', 'ToldToFleets']))
      expect(await get('get events.v1.events.k8s.io --field-selector regarding.name=web,reason=OfTheHostAlone -o name')).toBe('')
    })
    test('-w shows a new one and its repeats', async () => {
      const name = `web.w-${version}`
      await using watching = await followKubectl('fleet', `-n ${NAMESPACE} get events -w -o custom-columns=NAME:.metadata.name,COUNT:.count --no-headers`, version)
      await watching.until((line) => line.startsWith('web.1 '))
      await kubectl('host', 'create -f -', { input: event(name, 'Watched', ours) })
      await watching.until((line) => new RegExp(`^${name} +1$`).test(line))
      await kubectl('host', ['-n', NAMESPACE, 'patch', 'event', name, '--type=merge', '-p', '{"count":2}'])
      await watching.until((line) => new RegExp(`^${name} +2$`).test(line))
      expect(watching.seen.filter(({ line }) => line.startsWith('web.2 '))).toEqual([])
    })
  })

  test('by cluster there is no host', async () => {
    expect(await kubectl('fleet-by-cluster', `-n ${NAMESPACE} get events`)).not.toContain('ToldToFleets')
  })
})
