/** Changes that go from wave to wave: what each cluster has meanwhile, whatever happens. */
import { afterEach, expect, test } from 'vitest'
import type { FederatedStatus } from '../../src/apis/types.federation/v1alpha1/federated-object.ts'
import { deployment, SmallFleet } from './small-fleet.ts'

let fleet: SmallFleet
afterEach(() => fleet.close())

const WEB = 'default/web', wave = (...clusterNames: string[]) => ({ clusterAffinity: { clusterNames } })
const policy = (waves: readonly object[]) => ({ resourceSelectors: [{ apiVersion: 'apps/v1', kind: 'Deployment' }], placement: { clusterAffinity: {} }, rollout: { waves } })

async function start(members: number, waves: readonly object[] | undefined, image = 'app:1'): Promise<void> {
  fleet = await SmallFleet.start(members)
  if (waves) await fleet.policy('PropagationPolicy', 'default/all', policy(waves))
  await fleet.create('Deployment', WEB, { template: deployment(2, image) }, 15_000)
}

async function copyIn(cluster: string): Promise<string> {
  const copy = await fleet.copy(cluster, 'Deployment', WEB), spec = copy?.['spec'] as ReturnType<typeof deployment>['spec'] | undefined
  return spec ? `${spec.template.spec.containers[0]!.image} × ${spec.replicas}` : 'none'
}
const copies = () => Promise.all([...fleet.stubs.keys()].toSorted().map(copyIn))
const status = async (): Promise<FederatedStatus> => (await fleet.template('Deployment', WEB))!.status!
const rolledOut = async () => { const { conditions } = await status(), found = conditions!.find(({ type }) => type === 'RolledOut'); return found && `${found.reason}: ${found.message}` }
/** What kubectl rollout status waits for. */
const isObserved = async () => { const federated = (await fleet.template('Deployment', WEB))!; return (federated.status!.aggregated as { observedGeneration?: number }).observedGeneration === federated.metadata.generation }

test('the first version goes everywhere at once; a change stops at a cluster that is not healthy with it, and goes on when it is', async () => {
  await start(3, [wave('m1'), { ...wave('m2', 'm3'), maxUnavailable: 1, pauseSeconds: 30 }])
  expect(await copies()).toEqual(['app:1 × 2', 'app:1 × 2', 'app:1 × 2'])
  fleet.stub('m1').isAlive = false
  await fleet.edit('Deployment', WEB, { template: deployment(2, 'app:2') }, 90_000)
  expect(await copies()).toEqual(['app:2 × 2', 'app:1 × 2', 'app:1 × 2'])
  expect(await rolledOut()).toBe('WaveStopped: wave 1 of 2: 1 of 1 clusters were given the change; it waits for m1 (Unhealthy)')
  expect(await isObserved()).toBe(false)
  fleet.stub('m2').isAlive = false
  fleet.stub('m1').revive()
  await fleet.advance(30_000)
  expect(await copies()).toEqual(['app:2 × 2', 'app:2 × 2', 'app:1 × 2'])
  fleet.stub('m2').revive()
  await fleet.advance(30_000)
  expect(await copies()).toEqual(['app:2 × 2', 'app:2 × 2', 'app:2 × 2'])
  expect(await rolledOut()).toBe('Complete: 3 of 3 clusters have the change')
  expect([await isObserved(), (await status()).rollout]).toEqual([true, undefined])
})

test('until a change reaches it a cluster has what was before: when it drifts, is scaled, comes back, and over a restart', async () => {
  await start(3, [wave('m1'), { ...wave('m2'), pauseSeconds: 3600 }])
  await fleet.cutOff('m3', true)
  fleet.stub('m1').isAlive = false
  await fleet.edit('Deployment', WEB, { template: deployment(2, 'app:2') }, 10_000)
  await fleet.stub('m2').change('deployments', WEB, (copy) => ({ ...copy, spec: deployment(2, 'app:evil').spec }))
  await fleet.stub('m3').remove('deployments', WEB)
  await fleet.restart()
  await fleet.advance(10_000)
  expect(await copies()).toEqual(['app:2 × 2', 'app:1 × 2', 'none'])
  await fleet.edit('Deployment', WEB, { template: deployment(5, 'app:2') }, 10_000)
  expect(await copies()).toEqual(['app:2 × 5', 'app:1 × 5', 'none'])
  await fleet.cutOff('m3', false, 60_000)
  expect(await copies()).toEqual(['app:2 × 5', 'app:1 × 5', 'app:1 × 5'])
  await fleet.addMember('m4', { env: 'dev' })
  await fleet.advance(10_000)
  expect(await copyIn('m4')).toBe('app:1 × 5')
})

test('killed after every commit and every write on the way, it comes to the same end, and no cluster is ahead of its wave', async () => {
  await start(3, [wave('m1'), wave('m2'), wave('m3')])
  await fleet.until(fleet.templates('Deployment').resource.writer.update(WEB, (current) => ({ ...current!, spec: { ...(current!['spec'] as object), template: deployment(2, 'app:2') } }), { user: { name: 'author', groups: ['system:masters'], extra: {} }, manager: 'kubectl', authorize: () => Promise.resolve(), warn: () => undefined }, fleet.server.signal))
  for (let round = 0; round < 12; round++) {
    fleet.killAfter = round % 2 === 0 ? { commits: 1 } : { writes: 1 }
    await fleet.advance(10_000)
    const images = (await copies()).map((text) => text.slice(0, 5))
    expect(images.lastIndexOf('app:2')).toBe(images.filter((image) => image === 'app:2').length - 1)
    await fleet.restart()
  }
  await fleet.advance(120_000)
  expect(await copies()).toEqual(['app:2 × 2', 'app:2 × 2', 'app:2 × 2'])
  expect((await status()).rollout).toBeUndefined()
})

test('a newer change supersedes one on its way, from the first wave on; going back to what was complete is done at once', async () => {
  await start(3, [wave('m1'), wave('m2'), wave('m3')])
  fleet.stub('m2').isAlive = false
  await fleet.edit('Deployment', WEB, { template: deployment(2, 'app:2') }, 20_000)
  expect(await copies()).toEqual(['app:2 × 2', 'app:2 × 2', 'app:1 × 2'])
  fleet.stub('m1').isAlive = false
  await fleet.edit('Deployment', WEB, { template: deployment(2, 'app:3') }, 20_000)
  expect(await copies()).toEqual(['app:3 × 2', 'app:2 × 2', 'app:1 × 2'])
  await fleet.edit('Deployment', WEB, { template: deployment(2, 'app:1') }, 10_000)
  expect(await copies()).toEqual(['app:1 × 2', 'app:1 × 2', 'app:1 × 2'])
  expect((await status()).rollout).toBeUndefined()
})

test('without waves any more a change goes everywhere; while the policy is gone it stays where it is', async () => {
  await start(2, [wave('m1'), wave('m2')])
  fleet.stub('m1').isAlive = false
  await fleet.edit('Deployment', WEB, { template: deployment(2, 'app:2') }, 10_000)
  await fleet.policy('PropagationPolicy', 'default/all', undefined)
  fleet.stub('m1').revive()
  await fleet.advance(60_000)
  expect(await copies()).toEqual(['app:2 × 2', 'app:1 × 2'])
  expect(await rolledOut()).toContain('PolicyGone')
  const { rollout: _, ...plain } = policy([])
  await fleet.policy('PropagationPolicy', 'default/all', plain)
  await fleet.advance(20_000)
  expect(await copies()).toEqual(['app:2 × 2', 'app:2 × 2'])
})

test('a template that is deleted on the way is gone', async () => {
  await start(2, [wave('m1'), wave('m2')])
  fleet.stub('m1').isAlive = false
  await fleet.edit('Deployment', WEB, { template: deployment(2, 'app:2') }, 10_000)
  await fleet.drop('Deployment', WEB, 'Background', 30_000)
  expect([await copies(), await fleet.template('Deployment', WEB)]).toEqual([['none', 'none'], undefined])
})

test('what is too large to be kept is left as it is until the change reaches it', async () => {
  await start(2, [wave('m1'), wave('m2')], `app:${'1'.repeat(500_000)}`)
  fleet.stub('m1').isAlive = false
  await fleet.edit('Deployment', WEB, { template: deployment(2, 'app:2') }, 10_000)
  expect((await copies()).map((text) => text.length > 100)).toEqual([false, true])
  expect(await fleet.states('Deployment', WEB)).toMatchObject({ m2: expect.stringContaining('Suspended: a change has not reached it') as unknown })
  fleet.stub('m1').revive()
  await fleet.advance(30_000)
  expect(await copies()).toEqual(['app:2 × 2', 'app:2 × 2'])
})
