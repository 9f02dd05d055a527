/** One API for many clusters: templates of three generations of federation go where they are to go, and every verb of kubectl works on them through the fleet. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { applyTo, deployment, describeFleet, eventually, KUBECTLS, kubectl, MEMBERS, rows, testbed, tryKubectl } from './fleet-bed.ts'
import { apply, condition, copies, createHostNamespace, deploymentPolicy, image, ofCopies, placedIn, type Pods, policy, removeNamespace, replicas, selects, weighted } from './distribution-bed.ts'

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
      // What is stored follows once a second at most.
      await eventually(async () => { expect(rows(await kubectl('host', `-n ${NAMESPACE} get fdeploy ${name} -o wide --no-headers`, call))[0]!.toSpliced(4, 1)).toEqual([name, '2/2', 'True', 'True', name, 'member1=1,member2=1']) })
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

  test.each<[string, object, Record<string, number>]>([
    ['duplicated', placedIn('member1', 'member3'), { member1: 6, member3: 6 }],
    ['weights', { ...placedIn('member1', 'member2', 'member3'), ...weighted({ member1: 1, member2: 2, member3: 3 }) }, { member1: 1, member2: 2, member3: 3 }],
    ['labels', { clusterAffinity: { labelSelector: { matchLabels: { env: 'prod' } } } }, { member1: 6, member3: 6 }],
    ['region', { clusterAffinity: { fieldSelector: { matchExpressions: [{ key: 'region', operator: 'In', values: ['eu'] }] } } }, { member1: 6, member2: 6 }],
    ['zone', { clusterAffinity: { fieldSelector: { matchExpressions: [{ key: 'zone', operator: 'In', values: ['eu-1', 'us-1'] }] } } }, { member1: 6, member3: 6 }],
    ['provider', { clusterAffinity: { fieldSelector: { matchExpressions: [{ key: 'provider', operator: 'NotIn', values: ['aws'] }] } } }, { member2: 6, member3: 6 }],
    ['exclude', { clusterAffinity: { exclude: ['member2'] } }, { member1: 6, member3: 6 }],
    ['bounds', { replicaScheduling: { replicaSchedulingType: 'Divided', clusterPreferences: { member1: { minReplicas: 1, maxReplicas: 1, weight: 9 }, '*': { weight: 1 } } } }, { member1: 1, member2: 3, member3: 2 }],
  ])('a policy places by %s', async (name, placement, expected) => {
    await apply('fleet', NAMESPACE, [deploymentPolicy(name, placement), deployment(name, 6)])
    await eventually(async () => { expect(await replicasIn(name)).toEqual(expected) })
  })

  test('a policy that changes moves the copies, and an override changes the registry in one cluster', async () => {
    const name = 'moved', override = policy(name, { resourceSelectors: [selects('Deployment', name)], overrideRules: [{ targetCluster: { clusterNames: ['member2'] }, overriders: { imageOverrider: [{ component: 'Registry', operator: 'replace', value: 'mirror.example' }] } }] }, 'OverridePolicy')
    await apply('fleet', NAMESPACE, [override, deploymentPolicy(name, placedIn('member1', 'member2')), deployment(name, 1)])
    await eventually(async () => { expect(await ofCopies(NAMESPACE, 'deployments', name, image)).toEqual({ member1: 'registry.example/web:1', member2: 'mirror.example/web:1' }) })
    await apply('fleet', NAMESPACE, [deploymentPolicy(name, placedIn('member2', 'member3'))])
    await eventually(async () => { expect(await ofCopies(NAMESPACE, 'deployments', name, image)).toEqual({ member2: 'mirror.example/web:1', member3: 'registry.example/web:1' }) })
    await fleet(`delete op ${name}`)
    await eventually(async () => { expect(await ofCopies(NAMESPACE, 'deployments', name, image)).toEqual({ member2: 'registry.example/web:1', member3: 'registry.example/web:1' }) })
    // Whose policy has gone stays where it is.
    await fleet(`delete pp ${name}`)
    await eventually(async () => { expect(await condition(NAMESPACE, 'fdeploy', name, 'Scheduled')).toMatch(/^False PolicyLost: /) })
    expect(Object.keys(await replicasIn(name))).toEqual(['member2', 'member3'])
  })

  describe('every verb', () => {
    const name = 'verbs', both = <T>(value: T) => ({ member1: value, member2: value })
    const images = () => ofCopies(NAMESPACE, 'deployments', name, image), labels = () => ofCopies(NAMESPACE, 'deployments', name, ({ metadata }) => metadata.labels)
    const finished = () => fleet(`rollout status deploy/${name} --timeout=30s`)
    beforeAll(async () => {
      await apply('fleet', NAMESPACE, [deploymentPolicy(name, placedIn('member1', 'member2'))])
      // Typed clients send protobuf.
      expect(await fleet(`create deploy ${name} --image=registry.example/web:1 --replicas=2`)).toBe(`deployment.apps/${name} created\n`)
      await finished()
    }, 60_000)

    test('create: it is in both members, and not created twice', async () => {
      expect(await replicasIn(name)).toEqual(both(2))
      expect((await tryKubectl('fleet', `-n ${NAMESPACE} create deploy ${name} --image=x`)).stderr).toBe(`error: failed to create deployment: deployments.apps "${name}" already exists\n`)
    })
    test('scale, set image, rollout restart and undo', async () => {
      await fleet(`scale deploy/${name} --replicas=3`)
      await finished()
      expect(await replicasIn(name)).toEqual(both(3))
      await fleet(`set image deploy/${name} web=registry.example/web:2`)
      await finished()
      expect(await images()).toEqual(both('registry.example/web:2'))
      await fleet(`rollout restart deploy/${name}`)
      await finished()
      expect(await ofCopies(NAMESPACE, 'deployments', name, ({ spec }) => Object.keys((spec as { template: Pods }).template.metadata.annotations ?? {}))).toEqual(both(['kubectl.kubernetes.io/restartedAt']))
      await fleet(`rollout undo deploy/${name} --to-revision=1`)
      await finished()
      expect(await images()).toEqual(both('registry.example/web:1'))
      expect(await fleet(`get deploy ${name} -o jsonpath={.metadata.annotations}`)).toBe('{"cluster.federation/clusters":"member1,member2","cluster.federation/replicas":"6","cluster.federation/targets":"member1,member2","deployment.kubernetes.io/revision":"4"}')
    }, 90_000)
    test('label, annotate, edit and each kind of patch', async () => {
      await fleet(`label deploy/${name} by=label`)
      await fleet(['patch', 'deploy', name, '-p', '{"spec":{"template":{"spec":{"containers":[{"name":"web","env":[{"name":"A","value":"1"}]}]}}}}'])
      await fleet(['patch', 'deploy', name, '--type=merge', '-p', '{"metadata":{"labels":{"merged":"yes"}}}'])
      await fleet(['patch', 'deploy', name, '--type=json', '-p', '[{"op":"add","path":"/metadata/labels/json","value":"yes"},{"op":"remove","path":"/metadata/labels/by"}]'])
      await eventually(async () => { expect(await labels()).toEqual(both(expect.objectContaining({ app: name, merged: 'yes', json: 'yes' }))) })
      const [one] = Object.values(await copies(NAMESPACE, 'deployments', name)), [container] = (one!['spec'] as { template: { spec: { containers: object[] } } }).template.spec.containers
      expect([one!.metadata.labels?.['by'], container]).toEqual([undefined, expect.objectContaining({ name: 'web', image: 'registry.example/web:1', env: [{ name: 'A', value: '1' }] })])
      const edited = await (await testbed()).kubectl(['-n', NAMESPACE, 'edit', 'deploy', name], { context: 'fleet', environment: { KUBE_EDITOR: 'sed -i s/web:1/web:4/' } })
      expect(edited.stdout).toBe(`deployment.apps/${name} edited\n`)
      await eventually(async () => { expect(await images()).toEqual(both('registry.example/web:4')) })
    })
    test('apply, client-side and server-side: what is no longer said goes, a conflict is told, diff is empty', async () => {
      const object = (env: object[], replicas?: number) => ({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'applied' }, spec: { ...(replicas && { replicas }), selector: { matchLabels: { app: 'applied' } }, template: { metadata: { labels: { app: 'applied' } }, spec: { containers: [{ name: 'web', image: 'registry.example/web:1', env }] } } } })
      const on = async (words: string, input: object) => tryKubectl('fleet', `-n ${NAMESPACE} ${words} -f -`, { input }), names = () => ofCopies(NAMESPACE, 'deployments', 'applied', ({ spec }) => (spec as { template: { spec: { containers: { env?: { name: string }[] }[] } } }).template.spec.containers[0]!.env?.map((one) => one.name).join())
      await apply('fleet', NAMESPACE, [deploymentPolicy('applied', placedIn('member1', 'member2'))])
      for (const how of ['apply', 'apply --server-side --force-conflicts']) {
        await on(how, object([{ name: 'A', value: '1' }, { name: 'B', value: '2' }], 2))
        await eventually(async () => { expect(await names()).toEqual(both('A,B')) })
        expect(await on(how, object([{ name: 'B', value: '2' }], 2))).toMatchObject({ code: 0 })
        await fleet('rollout status deploy/applied --timeout=30s')
        expect(await on(how.replace('apply', 'diff'), object([{ name: 'B', value: '2' }], 2))).toEqual({ code: 0, stdout: '', stderr: '' })
        await eventually(async () => { expect(await names()).toEqual(both('B')) })
      }
      expect((await on('diff', object([{ name: 'B', value: '3' }], 2))).stdout).toMatch(/-\s+value: "2"\n\+\s+value: "3"/)
      expect((await on('apply --server-side --field-manager=other', object([], 5))).stderr).toContain('conflict with "kubectl": .spec.replicas')
    })
    test('a dry run changes nothing; wait sees conditions and fields', async () => {
      const [before] = rows(await kubectl('host', `-n ${NAMESPACE} get fdeploy ${name} -o jsonpath={.metadata.generation}`))
      for (const words of [`scale deploy/${name} --replicas=9`, `set image deploy/${name} web=x`, `delete deploy ${name}`]) await fleet(`${words} --dry-run=server`)
      expect(rows(await kubectl('host', `-n ${NAMESPACE} get fdeploy ${name} -o jsonpath={.metadata.generation}`))[0]).toEqual(before)
      await fleet(`wait deploy/${name} --for=condition=Available --timeout=20s`)
      await fleet(`wait deploy/${name} --for=jsonpath={.spec.replicas}=3 --timeout=20s`)
    })

    const distributed = async (gone: string) => {
      await apply('fleet', NAMESPACE, [deploymentPolicy(gone, placedIn('member1', 'member2')), deployment(gone, 1)])
      await fleet(`rollout status deploy/${gone} --timeout=30s`)
    }
    test.each(['background', 'foreground'])('delete --cascade=%s takes the copies and their pods along', async (cascade) => {
      const gone = `gone-${cascade}`
      await distributed(gone)
      await fleet(`delete deploy ${gone} --cascade=${cascade}`)
      expect(await replicasIn(gone)).toEqual({})
      await eventually(async () => { expect(await fleet(`get rs,pods -l app=${gone} -o name`)).toBe('') })
    })
    test('what another cluster has by that name is neither deleted nor waited for', async () => {
      const gone = 'gone-elsewhere'
      await distributed(gone)
      await applyTo('member3', NAMESPACE, [deployment(gone, 1)])
      await eventually(async () => { expect(await fleet('get deploy -o name')).toContain(gone) })
      await fleet(`delete deploy ${gone} --timeout=20s`)
      expect(await fleet(`get deploy ${gone} -o jsonpath={.metadata.annotations.cluster\\.federation/clusters}`)).toBe('member3')
    })
    test('delete --cascade=orphan leaves the copies, and nothing of ours on them', async () => {
      const gone = 'gone-orphan'
      await distributed(gone)
      // The row stays, with its uid; kubectl waits for the template alone, and for all of it.
      await fleet(`delete deploy ${gone} --cascade=orphan --timeout=20s`)
      expect((await tryKubectl('host', `-n ${NAMESPACE} get fdeploy ${gone}`)).stderr).toContain('not found')
      expect(await ofCopies(NAMESPACE, 'deployments', gone, ({ metadata }) => [Object.keys(metadata.labels ?? {}), Object.keys(metadata.annotations ?? {})])).toEqual(both([['app'], ['deployment.kubernetes.io/revision']]))
      expect(await row(gone)).toBe(`${gone} 2/2 2 2 2/2`)
      expect((await tryKubectl('fleet', `-n ${NAMESPACE} delete deploy ${gone}`)).stderr).toContain('no template is behind it: it was made in member1,member2 directly, and is read-only here; to adopt it create a FederatedDeployment')
    })
  })

  describe('what cannot be carried out is told, and stops nobody else', () => {
    const refused = async (context: string, object: object) => { const { code, stderr } = await tryKubectl(context, `-n ${NAMESPACE} apply -f -`, { input: object }); return `${code} ${stderr}` }
    const bad = (placement: object) => deploymentPolicy('bad', placement)
    test.each<[string, object, string]>([
      ['a minimum above the maximum', bad({ replicaScheduling: { replicaSchedulingType: 'Divided', clusterPreferences: { member1: { minReplicas: 3, maxReplicas: 2 } } } }), 'spec.placement.replicaScheduling.clusterPreferences[member1]'],
      ['a selector that cannot be read', bad({ clusterAffinity: { labelSelector: { matchExpressions: [{ key: 'env', operator: 'Among', values: ['x'] }] } } }), 'spec.placement.clusterAffinity.labelSelector.matchExpressions[0].operator'],
      ['an override that fits no schema', policy('bad', { resourceSelectors: [selects('Deployment', 'web')], overrideRules: [{ overriders: { plaintext: [{ path: '/spec/replicaz', operator: 'replace', value: 1 }] } }] }, 'OverridePolicy'), 'spec.overrideRules[0].overriders.plaintext[0].path'],
      ['a preference with a minimum above its maximum', policy('bad', { targetKind: 'FederatedDeployment', totalReplicas: 3, clusters: { member1: { minReplicas: 3, maxReplicas: 2 } } }, 'ReplicaSchedulingPreference'), 'spec.clusters[member1]'],
    ])('%s', async (_, object, field) => {
      const answer = await refused('fleet', object)
      expect(answer.slice(0, 1)).toBe('1')
      expect(answer).toContain(field)
    })
    test('a policy that selects no cluster, and an override that fails in one', async () => {
      const nowhere = deploymentPolicy('nowhere', { clusterAffinity: { labelSelector: { matchLabels: { env: 'none' } } } })
      const { spec } = deployment('halfway', 1) as { spec: object }, halfway = { apiVersion: 'types.federation/v1alpha1', kind: 'FederatedDeployment', metadata: { name: 'halfway' }, spec: { template: { apiVersion: 'apps/v1', spec }, placement: { clusters: [{ name: 'member1' }, { name: 'member2' }] }, overrides: [{ clusterName: 'member2', clusterOverrides: [{ op: 'remove', path: '/spec/template/spec/containers/7' }] }] } }
      await apply('fleet', NAMESPACE, [nowhere, deployment('nowhere', 1), halfway, deploymentPolicy('fine', placedIn('member1')), deployment('fine', 1)])
      await fleet('rollout status deploy/fine --timeout=30s')
      await eventually(async () => {
        expect(await condition(NAMESPACE, 'fdeploy', 'nowhere', 'Scheduled')).toMatch(/^False NoClusterFits: .*3 NotSelected/)
        expect(await condition(NAMESPACE, 'fdeploy', 'halfway', 'Propagated')).toMatch(/^False ApplyOverridesFailed: 1 of 2 clusters have it; member2: ApplyOverridesFailed \(.*containers\/7/)
      })
      expect(await replicasIn('halfway')).toEqual({ member1: 1 })
    })
  })
})
