/** A member whose etcd comes back from a backup: its resourceVersions are lower than those that were told, and name other states. */
import { Etcd3 } from 'etcd3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { EtcdServer } from '../suites/etcd-server.ts'
import { applyTo, createNamespace, deployment, describeInformer, eventually, informerProgram, kubectl, raw, testbed, FLEET } from './fleet-bed.ts'
import { runInformer, type InformerLine } from './informer.ts'

const NAMESPACE = 'e2e-restored', MEMBER = 'member2'

describeInformer('a member that is restored from a backup', () => {
  let backup: EtcdServer
  const replicas = () => kubectl('fleet', `-n ${NAMESPACE} get deploy -o jsonpath={range.items[*]}{.metadata.name}:{.spec.replicas}:{.metadata.annotations.cluster\\.federation/clusters};{end}`)
  beforeAll(async () => {
    await createNamespace(NAMESPACE)
    await applyTo('member1', NAMESPACE, [deployment('web', 1)])
    await applyTo(MEMBER, NAMESPACE, [deployment('web', 1), deployment('same', 1), deployment('early', 0)])
    await eventually(async () => { expect(await kubectl('fleet', `-n ${NAMESPACE} get deploy web -o jsonpath={.status.readyReplicas}`)).toBe('2') }, 30_000)
    backup = await EtcdServer.start()
    const { ports } = await testbed()
    await copy(`http://127.0.0.1:${ports.etcd.client}`, backup.url, `/${MEMBER}/`)
  }, 120_000)
  afterAll(async () => {
    const member = (await testbed()).member(MEMBER)
    await member.stopApiserver('SIGTERM')
    await member.startApiserver()
    await backup.remove()
    await eventually(async () => { expect(await kubectl('host', 'get clusters -o jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}')).toBe('True True True') }, 60_000)
    await eventually(async () => { expect(await kubectl('fleet', `-n ${NAMESPACE} get deploy -o name`)).toContain('late') }, 60_000)
  }, 180_000)

  test('informers go on: they are told what is different, positions grow, and none lists again', async () => {
    const bed = await testbed(), member = bed.member(MEMBER)
    await using informer = runInformer(informerProgram('informer'), { kubeconfig: bed.kubeconfig, context: 'fleet', namespace: NAMESPACE, watchList: false })
    const { line: synced } = await informer.until(({ event }) => event === 'SYNCED')
    expect([...synced.keys!].sort()).toEqual(['early', 'same', 'web'].map((name) => `${NAMESPACE}/${name}`))
    await applyTo(MEMBER, NAMESPACE, [deployment('web', 3), deployment('late', 0)])
    await kubectl(MEMBER, `-n ${NAMESPACE} delete deploy/early`)
    await informer.until(({ event, name, readyReplicas }) => event === 'MODIFIED' && name === 'web' && readyReplicas === 4)
    await informer.until(({ event, name }) => event === 'DELETED' && name === 'early')
    const versionOf = async (name: string) => Number((await (await raw('admin', MEMBER)).get(`/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${name}`)).body.metadata!.resourceVersion), before = await versionOf('web'), from = informer.seen.length
    const positions = [(await (await raw()).get(`${FLEET}/apis/apps/v1/namespaces/${NAMESPACE}/deployments`)).body.metadata!.resourceVersion!]

    await member.stopApiserver()
    await member.startApiserver({ etcdPort: backup.port })
    expect(await versionOf('web'), 'the restored member counts from less').toBeLessThan(before)
    await informer.until(({ event, name }) => event === 'DELETED' && name === 'late', { from, timeoutMs: 60_000 })
    await informer.until(({ event, name }) => event === 'ADDED' && name === 'early', { from, timeoutMs: 60_000 })
    await informer.until(({ event, name, replicas: wanted }) => event === 'MODIFIED' && name === 'web' && wanted === 2, { from, timeoutMs: 60_000 })
    await kubectl(MEMBER, `-n ${NAMESPACE} scale deploy/same --replicas=2`)
    // Not its readiness: controllers in the cluster, who were not told either, may wait for versions of before until they are restarted.
    await informer.until(({ event, name, replicas: wanted }) => event === 'MODIFIED' && name === 'same' && wanted === 2, { from, timeoutMs: 60_000 })
    expect(await replicas()).toBe('early:0:member2;same:2:member2;web:2:member1,member2;')
    positions.push((await (await raw()).get(`${FLEET}/apis/apps/v1/namespaces/${NAMESPACE}/deployments`)).body.metadata!.resourceVersion!)
    expect(BigInt(positions[1]!), 'lists').toBeGreaterThan(BigInt(positions[0]!))

    const since = informer.seen.slice(from).map(({ line }) => line)
    expect(since.filter(isState), 'states that were asked for again').toEqual([])
    // The objects of the first list come in the order of their names.
    const first = informer.seen.findIndex(({ line }) => line.event === 'SYNCED'), told = informer.seen.slice(first).flatMap(({ line }) => (line.resourceVersion && line.event !== 'DELETED' ? [BigInt(line.resourceVersion)] : []))
    expect(told, 'positions of what was told').toEqual(told.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)))
  }, 240_000)
})

/** A list, or a watch that begins with a state. */
const isState = ({ event, query }: InformerLine) => event === 'REQUEST' && (!query!['watch'] || query!['sendInitialEvents']?.[0] === 'true')

/** All keys below a prefix, as a backup has them; their versions are the new store's own, and small. */
async function copy(from: string, to: string, prefix: string): Promise<void> {
  const source = new Etcd3({ hosts: from }), target = new Etcd3({ hosts: to })
  try {
    for (const [key, value] of Object.entries(await source.getAll().prefix(prefix).buffers())) await target.put(key).value(value)
  } finally {
    source.close()
    target.close()
  }
}
