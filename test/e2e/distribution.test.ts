/** One API for many clusters: templates of three generations of federation go where they are to go, and every verb of kubectl works on them through the fleet. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { deployment, describeFleet, eventually, KUBECTLS, kubectl, MEMBERS, rows } from './fleet-bed.ts'
import { apply, copies, createHostNamespace, deploymentPolicy, image, ofCopies, placedIn, policy, removeNamespace, replicas, weighted } from './distribution-bed.ts'

const NAMESPACE = 'e2e-distribution'
const replicasIn = (name: string, resource = 'deployments') => ofCopies(NAMESPACE, resource, name, replicas)
const fleet = (words: string | readonly string[]) => kubectl('fleet', typeof words === 'string' ? `-n ${NAMESPACE} ${words}` : ['-n', NAMESPACE, ...words])
/** Without its age. */
const row = async (name: string) => rows(await fleet(`get deploy ${name} --no-headers`))[0]!.toSpliced(4, 1).join(' ')
/** Names, provider, region and zones that the selectors of this file speak of. */
const FACTS: Readonly<Record<string, object>> = {
  member1: { metadata: { labels: { env: 'prod' } }, spec: { provider: 'aws', region: 'eu', zones: ['eu-1', 'eu-2'] } },
  member2: { metadata: { labels: { env: 'test' } }, spec: { provider: 'gcp', region: 'eu', zones: ['eu-2'] } },
  member3: { metadata: { labels: { env: 'prod' } }, spec: { provider: 'gcp', region: 'us', zones: ['us-1'] } },
}
const NONE = { metadata: { labels: { env: null } }, spec: { provider: null, region: null, zones: null } }
const patchClusters = (patchOf: (name: string) => object) => Promise.all(MEMBERS.map((name) => kubectl('host', ['patch', 'cluster', name, '--type=merge', '-p', JSON.stringify(patchOf(name))])))

describeFleet('distribution', () => {
  beforeAll(async () => {
    await patchClusters((name) => FACTS[name]!)
    await createHostNamespace(NAMESPACE)
  }, 60_000)
  afterAll(async () => {
    await patchClusters(() => NONE)
    await removeNamespace(NAMESPACE)
  }, 90_000)

  describe.each(KUBECTLS)('three generations (kubectl %s)', (version) => {
    const call = { version }
    test('Karmada: a Deployment divided one to one by a policy', async () => {
      const name = `nginx-${version}`
      const applied = await apply('fleet', NAMESPACE, [deploymentPolicy(name, { ...placedIn('member1', 'member2'), ...weighted({ member1: 1, member2: 1 }) }), deployment(name, 2)], call)
      expect(applied).toBe(`propagationpolicy.policy.federation/${name} created\ndeployment.apps/${name} created\n`)
      await kubectl('fleet', `-n ${NAMESPACE} rollout status deploy/${name} --timeout=30s`, call)
      expect(await row(name)).toBe(`${name} 2/2 2 2 2/2`)
      expect(await replicasIn(name)).toEqual({ member1: 1, member2: 1 })
      for (const member of ['member1', 'member2']) expect(rows(await kubectl(member, `-n ${NAMESPACE} get deploy ${name} --no-headers`, call))[0]!.slice(0, 4)).toEqual([name, '1/1', '1', '1'])
      expect(rows(await kubectl('host', `-n ${NAMESPACE} get fdeploy ${name} -o wide --no-headers`, call))[0]!.toSpliced(4, 1)).toEqual([name, '2/2', 'True', 'True', name, 'member1=1,member2=1'])
    })

    test('Federation v1: a ReplicaSet divided by its annotation', async () => {
      const name = `frontend-${version}`, { spec } = deployment(name, 9) as { spec: object }, preferences = { rebalance: true, clusters: { member1: { minReplicas: 2, maxReplicas: 2, weight: 5 }, member2: { weight: 1 }, '*': { weight: 2, minReplicas: 1 } } }
      await apply('fleet', NAMESPACE, [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { name, annotations: { 'federation.kubernetes.io/replica-set-preferences': JSON.stringify(preferences) } }, spec }], call)
      // Minimums leave six; member1 is full, so that they are shared one to two.
      await eventually(async () => { expect(await replicasIn(name, 'replicasets')).toEqual({ member1: 2, member2: 2, member3: 5 }) })
      await eventually(async () => { expect(rows(await kubectl('fleet', `-n ${NAMESPACE} get rs ${name} --no-headers`, call))[0]!.filter((_, at) => at !== 4)).toEqual([name, '9', '9', '9', '3/3']) })
      await kubectl('fleet', `-n ${NAMESPACE} delete rs ${name}`, call)
      expect(await copies(NAMESPACE, 'replicasets', name)).toEqual({})
    })

    test('KubeFed: a FederatedDeployment with placement and overrides, divided by a preference', async () => {
      const name = `kubefed-${version}`, { apiVersion, spec, metadata } = deployment(name, 3) as Record<string, object>
      const federated = {
        apiVersion: 'types.federation/v1alpha1', kind: 'FederatedDeployment', metadata: { name },
        spec: { template: { apiVersion, metadata: { labels: (metadata as { labels: object }).labels }, spec }, placement: { clusters: [{ name: 'member1' }, { name: 'member2' }] }, overrides: [{ clusterName: 'member2', clusterOverrides: [{ path: '/spec/template/spec/containers/0/image', value: 'mirror.example/web:1' }] }] },
      }
      await apply('host', NAMESPACE, [federated], call)
      await eventually(async () => { expect([await replicasIn(name), await ofCopies(NAMESPACE, 'deployments', name, image)]).toEqual([{ member1: 3, member2: 3 }, { member1: 'registry.example/web:1', member2: 'mirror.example/web:1' }]) })
      await apply('host', NAMESPACE, [policy(name, { targetKind: 'FederatedDeployment', totalReplicas: 9, clusters: { member1: { minReplicas: 4, maxReplicas: 6, weight: 1 }, member2: { minReplicas: 4, maxReplicas: 8, weight: 2 } } }, 'ReplicaSchedulingPreference')], call)
      await eventually(async () => { expect(await replicasIn(name)).toEqual({ member1: 4, member2: 5 }) })
      await eventually(async () => { expect(await row(name)).toBe(`${name} 9/9 9 9 2/2`) })
      await kubectl('host', `-n ${NAMESPACE} delete rsp/${name} fdeploy/${name}`, call)
      expect(await replicasIn(name)).toEqual({})
    })
  })
})
