/** What is the members' own stays theirs, what is ours is put back, and a member that goes away in the middle of things finds everything as it should be when it returns. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createNamespace, deployment, describeFleet, eventually, kubectl, MEMBERS, rows, testbed, tryKubectl } from './fleet-bed.ts'
import { apply, condition, copies, createHostNamespace, deploymentPolicy, hub, image, ofCopies, placedIn, policy, removeNamespace, replicas, selects, weighted } from './distribution-bed.ts'

const NAMESPACE = 'e2e-distribution-members', ALL = placedIn(...MEMBERS)
const fleet = (words: string | readonly string[]) => kubectl('fleet', typeof words === 'string' ? `-n ${NAMESPACE} ${words}` : ['-n', NAMESPACE, ...words])
const inMember = (member: string, words: string | readonly string[]) => kubectl(member, typeof words === 'string' ? `-n ${NAMESPACE} ${words}` : ['-n', NAMESPACE, ...words])
const replicasIn = (name: string) => ofCopies(NAMESPACE, 'deployments', name, replicas)
const image2 = 'registry.example/web:2'
const ready = async (name: string) => rows(await kubectl('fleet', `-n ${NAMESPACE} get deploy ${name} --no-headers`))[0]?.[1]
const states = async (name: string) => Object.fromEntries(((await hub(NAMESPACE, 'fdeploy', name)).status?.clusters ?? []).map((one) => [one.name, one.state]))
const create = async (name: string, count: number, placement: object = ALL) => {
  await apply('fleet', NAMESPACE, [deploymentPolicy(name, placement), deployment(name, count)])
  await fleet(`rollout status deploy/${name} --timeout=30s`)
}

describeFleet('copies in members', () => {
  beforeAll(async () => { await createHostNamespace(NAMESPACE) }, 60_000)
  afterAll(async () => { await removeNamespace(NAMESPACE) }, 90_000)

  test('a Service keeps what each member gave it; annotations made there stay, whatever changes in the template', async () => {
    const service = (port: number, label: string) => ({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', labels: { label } }, spec: { type: 'NodePort', selector: { app: 'web' }, ports: [{ port, protocol: 'TCP' }] } })
    const given = () => ofCopies(NAMESPACE, 'services', 'web', ({ spec }) => { const { clusterIP, ports } = spec as { clusterIP: string; ports: { port: number; nodePort: number }[] }; return [clusterIP, ports[0]!.nodePort] })
    await apply('fleet', NAMESPACE, [policy('service', { resourceSelectors: [selects('Service', 'web')], placement: ALL }), service(80, 'a')])
    await eventually(async () => { expect(Object.keys(await given())).toEqual([...MEMBERS]) })
    const before = await given()
    await inMember('member2', 'annotate svc web sidecar=here')
    await apply('fleet', NAMESPACE, [service(80, 'b')])
    await eventually(async () => { expect(await ofCopies(NAMESPACE, 'services', 'web', ({ metadata }) => metadata.labels?.['label'])).toEqual({ member1: 'b', member2: 'b', member3: 'b' }) })
    expect(await given()).toEqual(before)
    expect((await copies(NAMESPACE, 'services', 'web'))['member2']!.metadata.annotations).toMatchObject({ sidecar: 'here' })
    expect(Object.values(before).every(([ip, port]) => typeof ip === 'string' && Number(port) >= 30_000)).toBe(true)
  })

  test('drift in what is ours is put back and told; what is gone is made again', async () => {
    await create('drift', 1)
    await inMember('member1', `set image deploy/drift web=somebody.else/web:9`)
    await inMember('member1', 'label deploy drift theirs=yes')
    await eventually(async () => { expect(await ofCopies(NAMESPACE, 'deployments', 'drift', image)).toEqual({ member1: 'registry.example/web:1', member2: 'registry.example/web:1', member3: 'registry.example/web:1' }) })
    expect((await copies(NAMESPACE, 'deployments', 'drift'))['member1']!.metadata.labels).toMatchObject({ theirs: 'yes' })
    const { uid } = (await copies(NAMESPACE, 'deployments', 'drift'))['member2']!.metadata
    await inMember('member2', 'delete deploy drift --wait=false')
    await eventually(async () => { expect([undefined, uid]).not.toContain((await copies(NAMESPACE, 'deployments', 'drift'))['member2']?.metadata.uid) })
  })

  test('retainReplicas leaves the number to each member, and only that', async () => {
    const { spec } = deployment('retained', 2) as { spec: object }
    await apply('host', NAMESPACE, [{ apiVersion: 'types.federation/v1alpha1', kind: 'FederatedDeployment', metadata: { name: 'retained' }, spec: { template: { apiVersion: 'apps/v1', spec }, placement: { clusterSelector: {} }, retainReplicas: true } }])
    await eventually(async () => { expect(await replicasIn('retained')).toEqual({ member1: 2, member2: 2, member3: 2 }) })
    await inMember('member1', 'scale deploy/retained --replicas=4')
    await kubectl('host', ['-n', NAMESPACE, 'patch', 'fdeploy', 'retained', '--type=json', '-p', `[{"op":"replace","path":"/spec/template/spec/template/spec/containers/0/image","value":"${image2}"},{"op":"replace","path":"/spec/template/spec/replicas","value":1}]`])
    await eventually(async () => { expect(await ofCopies(NAMESPACE, 'deployments', 'retained', image)).toEqual({ member1: image2, member2: image2, member3: image2 }) })
    expect(await replicasIn('retained')).toEqual({ member1: 4, member2: 2, member3: 2 })
  })

  test('propagateDeps takes a ConfigMap along, and away with the last that needs it', async () => {
    const using = (name: string) => { const made = deployment(name, 1) as { spec: { template: { spec: object } } }; return { ...made, spec: { ...made.spec, template: { ...made.spec.template, spec: { ...made.spec.template.spec, volumes: [{ name: 'settings', configMap: { name: 'settings' } }] } } } } }
    const settings = async () => Object.keys(await copies(NAMESPACE, 'configmaps', 'settings'))
    await apply('fleet', NAMESPACE, [
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data: { a: '1' } }, deploymentPolicy('first', placedIn('member1'), { propagateDeps: true }), using('first'), deploymentPolicy('second', placedIn('member1', 'member2'), { propagateDeps: true }), using('second'),
    ])
    await eventually(async () => { expect(await settings()).toEqual(['member1', 'member2']) })
    await fleet('delete deploy second')
    await eventually(async () => { expect(await settings()).toEqual(['member1']) })
    await fleet('delete deploy first')
    await eventually(async () => { expect(await settings()).toEqual([]) })
    expect(await condition(NAMESPACE, 'fcm', 'settings', 'Scheduled')).toMatch(/^False /)
  })

  test('an object that is there already is left alone, until its template says Overwrite', async () => {
    await createNamespace(NAMESPACE, ['member2'])
    await create('taken', 1, placedIn('member1'))
    await inMember('member2', 'create deploy taken --image=somebody.else/web:1')
    await apply('fleet', NAMESPACE, [deploymentPolicy('taken', placedIn('member1', 'member2'))])
    await eventually(async () => { expect(await condition(NAMESPACE, 'fdeploy', 'taken', 'Propagated')).toMatch(/^False AlreadyExists: 1 of 2 clusters have it; member2: AlreadyExists \(an object of that name is there, made by .*"kubectl-create"/) })
    expect(image((await copies(NAMESPACE, 'deployments', 'taken'))['member2']!)).toBe('somebody.else/web:1')
    // Its selector cannot change: what is adopted has to fit.
    await inMember('member2', 'delete deploy taken')
    await applyForeign('taken')
    await kubectl('host', ['-n', NAMESPACE, 'patch', 'fdeploy', 'taken', '--type=merge', '-p', '{"spec":{"conflictResolution":"Overwrite"}}'])
    await eventually(async () => { expect(await ofCopies(NAMESPACE, 'deployments', 'taken', image)).toEqual({ member1: 'registry.example/web:1', member2: 'registry.example/web:1' }) })
    await fleet('delete deploy taken')
    expect(await replicasIn('taken')).toEqual({})
  })
  const applyForeign = async (name: string) => { const made = deployment(name, 1) as { spec: { template: { spec: object } } }; await apply('member2', NAMESPACE, [{ ...made, spec: { ...made.spec, template: { ...made.spec.template, spec: { containers: [{ name: 'web', image: 'somebody.else/web:1' }] } } } }]) }

  describe('a member goes away and returns', () => {
    const is = (status: string) => eventually(async () => { expect(await kubectl('host', 'get cluster member2 -o jsonpath={.status.conditions[?(@.type=="Ready")].status}')).toBe(status) }, 60_000)
    const away = async (how: string) => {
      const member = (await testbed()).member('member2')
      if (how === 'killed') await member.stopApiserver()
      else member.signalApiserver('SIGSTOP')
    }
    const back = async () => {
      const bed = await testbed(), member = bed.member('member2'), [process] = bed.processes().filter(({ name }) => name === 'member2.kube-apiserver')
      if (process?.running) member.signalApiserver('SIGCONT')
      await member.startApiserver()
      await is('True')
    }
    afterEach(back, 90_000)

    test.each(['killed', 'stopped'])('%s in the middle of a rollout, a scale and a delete: all are carried out when it is back, and nothing else', async (how) => {
      const [kept, scaled, gone, fresh] = ['kept', 'scaled', 'gone', 'fresh'].map((name) => `${name}-${how}`) as [string, string, string, string]
      await Promise.all([create(kept, 1), create(scaled, 3, { ...ALL, ...weighted({ member1: 1, member2: 1, member3: 1 }) }), create(gone, 1)])
      const before = await ofCopies(NAMESPACE, 'deployments', kept, ({ metadata }) => metadata.uid)
      await away(how)
      await fleet(`set image deploy/${kept} web=${image2}`)
      await fleet(`scale deploy/${scaled} --replicas=6`)
      await fleet(`delete deploy ${gone} --wait=false`)
      await apply('fleet', NAMESPACE, [deploymentPolicy(fresh, ALL), deployment(fresh, 1)])
      const others = ['member1', 'member3'], here = async <T>(name: string, read: (copy: Parameters<typeof replicas>[0]) => T) => Object.values(await copies(NAMESPACE, 'deployments', name, others)).map(read)
      await eventually(async () => { expect([await here(kept, image), await here(scaled, replicas), await here(gone, replicas), await here(fresh, replicas)]).toEqual([[image2, image2], [2, 2], [], [1, 1]]) }, 30_000)
      await eventually(async () => {
        expect(await states(kept)).toEqual({ member1: 'OK', member2: expect.stringMatching(/ClusterNotReady|ApplyFailed/), member3: 'OK' })
        expect(await states(gone)).toEqual({ member2: expect.stringMatching(/WaitingForRemoval|ClusterNotReady|DeletionFailed/) })
        expect((await hub(NAMESPACE, 'fdeploy', gone)).metadata.deletionTimestamp).toBeDefined()
      }, 30_000)
      // What is not known to have caught up has not.
      expect((await tryKubectl('fleet', `-n ${NAMESPACE} rollout status deploy/${kept} --timeout=1s`)).code).toBe(1)
      await back()
      await eventually(async () => {
        expect([await ofCopies(NAMESPACE, 'deployments', kept, image), await replicasIn(scaled), await replicasIn(gone), await replicasIn(fresh)]).toEqual([
          { member1: image2, member2: image2, member3: image2 }, { member1: 2, member2: 2, member3: 2 }, {}, { member1: 1, member2: 1, member3: 1 },
        ])
      }, 30_000)
      expect(await ofCopies(NAMESPACE, 'deployments', kept, ({ metadata }) => metadata.uid)).toEqual(before)
      await eventually(async () => {
        expect((await tryKubectl('host', `-n ${NAMESPACE} get fdeploy ${gone}`)).stderr).toContain('not found')
        expect([await ready(kept), await ready(scaled), await ready(fresh)]).toEqual(['3/3', '6/6', '3/3'])
      }, 30_000)
      // And it stays so.
      await sleep(500)
      expect(await replicasIn(gone)).toEqual({})
    }, 200_000)
  })

  test('the server killed in the middle of things goes on where it was', async () => {
    await create('survivor', 3, { ...ALL, ...weighted({ member1: 1, member2: 1, member3: 1 }) })
    const uids = () => ofCopies(NAMESPACE, 'deployments', 'survivor', ({ metadata }) => [metadata.uid, metadata.resourceVersion]), { server } = await testbed()
    await eventually(async () => { expect(await condition(NAMESPACE, 'fdeploy', 'survivor', 'Healthy')).toMatch(/^True/) })
    const before = await uids()
    await server.kill('SIGKILL')
    await server.start()
    await eventually(async () => { expect(await ready('survivor')).toBe('3/3') })
    await fleet('label deploy/survivor seen=yes')
    await eventually(async () => { expect(await ofCopies(NAMESPACE, 'deployments', 'survivor', ({ metadata }) => metadata.labels?.['seen'])).toEqual({ member1: 'yes', member2: 'yes', member3: 'yes' }) })
    // The label is the one write since.
    expect(Object.entries(await uids()).map(([name, [uid]]) => uid === before[name]![0])).toEqual([true, true, true])
  }, 120_000)
})
