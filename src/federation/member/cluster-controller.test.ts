import { randomUUID } from 'node:crypto'
import { afterEach, describe, expect, test } from 'vitest'
import type { Cluster } from '../../apis/cluster.federation/v1alpha1/cluster.ts'
import { clusterKind } from '../../apis/cluster.federation/v1alpha1/cluster-kind.ts'
import type { Secrets } from '../../host/host.ts'
import { systemClock } from '../../lib/clock.ts'
import { alwaysLeader } from '../../host/leases.ts'
import { silentLogger } from '../../lib/logger.ts'
import type { ConnectOptions } from '../../machinery/client/connect-options.ts'
import type { MemberConnection } from '../../machinery/client/connect.ts'
import { StatusError } from '../../machinery/meta/status-error.ts'
import type { Handler, Kind, KubeObject, Resource } from '../../machinery/meta/core.ts'
import { createStoredResource } from '../../machinery/registry/stored-resource.ts'
import { MemoryStorage } from '../../machinery/storage/memory-storage.ts'
import { runClusterController } from './cluster-controller.ts'
import { Members } from './members.ts'

/** A Kubernetes API server as far as this folder asks for one. */
class FakeMember {
  uid = randomUUID()
  isUp = true
  version = 'v1.36.3'
  token = 'secret'
  watching = 0
  pods: object[] = [{ metadata: { name: 'a', namespace: 'shop', resourceVersion: '5' }, spec: { nodeName: 'n1', containers: [{ resources: { requests: { cpu: '500m' } } }] } }]

  handler: Handler = ({ path, query, headers }, signal) => {
    const json = (value: unknown, status = 200) => Promise.resolve({ status, headers: [], body: Buffer.from(JSON.stringify(value)) })
    if (!this.isUp) return Promise.reject(new StatusError('ServiceUnavailable', 'https://member: connection refused'))
    if (!headers.some(([name, value]) => name === 'authorization' && value === `Bearer ${this.token}`)) return json(StatusError.unauthorized().status(), 401)
    // A server of the time before WatchList.
    if (query.has('sendInitialEvents')) return json(new StatusError('Invalid', 'sendInitialEvents: Forbidden').status(), 422)
    if (query.get('watch') === 'true') {
      this.watching++
      const body = (async function* (member: FakeMember): AsyncGenerator<Uint8Array> {
        try {
          yield Buffer.alloc(0)
          await new Promise((resolve) => { signal.addEventListener('abort', resolve) })
        } finally {
          member.watching--
        }
      })(this)
      return Promise.resolve({ status: 200, headers: [], body })
    }
    const list = (items: object[]) => json({ kind: 'List', metadata: { resourceVersion: '10' }, items })
    const answers: Record<string, () => ReturnType<Handler>> = {
      '/readyz': () => json('ok'), '/version': () => json({ gitVersion: this.version }), '/api/v1/namespaces/kube-system': () => json({ metadata: { name: 'kube-system', uid: this.uid } }),
      '/api': () => json({ items: [{ metadata: {}, versions: [{ version: 'v1', resources: [{ resource: 'pods', responseKind: { kind: 'Pod' }, scope: 'Namespaced', singularResource: 'pod', verbs: ['list'] }] }] }] }), '/apis': () => json({ items: [] }),
      '/api/v1/pods': () => list(this.pods), '/api/v1/nodes': () => list([{ metadata: { name: 'n1', resourceVersion: '3' }, status: { allocatable: { cpu: '4' }, conditions: [{ type: 'Ready', status: 'True' }] } }]),
    }
    return answers[path]?.() ?? json(StatusError.notFound({ group: '', resource: path }, '').status(), 404)
  }

  connect = (options: ConnectOptions): MemberConnection => {
    const closing = new AbortController()
    return {
      handler: async (request, signal) => {
        const token = typeof options.token === 'function' ? await options.token(signal) : options.token
        return this.handler({ ...request, headers: [...request.headers, ['authorization', `Bearer ${token}`]] }, AbortSignal.any([signal, closing.signal]))
      },
      upgrade: () => Promise.resolve(undefined), drain: () => Promise.resolve(), close: () => { closing.abort(); return Promise.resolve() },
    }
  }
}

const stops: (() => Promise<void>)[] = []
afterEach(async () => { for (const stop of stops.splice(0)) await stop() })

function start(endpoints: Record<string, FakeMember>, storage = new MemoryStorage(), leadership = alwaysLeader) {
  const stop = new AbortController(), members = new Members(), held = new Map<string, Record<string, string>>(), listeners = new Set<(name: string) => void>()
  const clusters: Resource = createStoredResource(clusterKind({ allowLoopback: true, secretNamespace: 'federation-system' }), storage, { clock: systemClock, randomUuid: randomUUID, randomSuffix: () => 'abcde', logger: silentLogger }, stop.signal)
  const secrets: Secrets = { namespace: 'federation-system', get: (name) => Promise.resolve(held.get(name)), onChange: (listener) => { listeners.add(listener) } }
  let connections = 0
  const connect = (options: ConnectOptions) => { connections++; return endpoints[new URL(options.server).hostname]!.connect(options) }
  const running = runClusterController({
    clusters: clusters.reader, writer: clusters.writer!, secrets, members, leadership, connect, thresholds: { successMs: 60, failureMs: 60 }, probeMs: 10, probeTimeoutMs: 500, requestTimeoutMs: 500, allowLocalAddresses: true, summaries: true, idleMs: 20,
    clock: systemClock, random: Math.random, logger: silentLogger,
  }, () => undefined, stop.signal)
  const user = { user: { name: 'admin', groups: [], extra: {} }, manager: 'test', authorize: () => Promise.resolve(), warn: () => undefined }, end = async () => { stop.abort(); await running }
  stops.push(end)
  return {
    members, end, connections: () => connections,
    setSecret: (name: string, data: Record<string, string>) => { held.set(name, data); for (const listener of listeners) listener(name) },
    join: (name: string, host = name) => clusters.writer!.create({ apiVersion: 'cluster.federation/v1alpha1', kind: 'Cluster', metadata: { name }, spec: { syncMode: 'Push', apiEndpoint: `https://${host}:6443`, secretRef: { name } } }, user, stop.signal),
    edit: (name: string, change: (cluster: Cluster) => Cluster) => clusters.writer!.update(name, (current) => change(current as Cluster), user, stop.signal),
    leave: (name: string) => clusters.writer!.delete(name, user, stop.signal),
    status: async (name: string) => ((Array.from((await clusters.reader.list({ name }, stop.signal)).entries)[0]?.parse() ?? { metadata: {} }) as Cluster & KubeObject).status,
    ready: async function (name: string) { const it = (await this.status(name))?.conditions?.find(({ type }) => type === 'Ready'); return it && [it.status, it.reason, it.message] },
  }
}
const HEALTHY = ['True', 'ClusterReady', 'cluster is healthy and ready to accept workloads']
const accept = (uid: string) => (cluster: Cluster): Cluster => ({ ...cluster, metadata: { ...cluster.metadata, annotations: { 'cluster.federation/accept-uid': uid } } })
const kind: Kind = { group: '', version: 'v1', kind: 'Pod', listKind: 'PodList', plural: 'pods', singular: 'pod', shortNames: [], categories: [], namespaced: true, columns: [], fields: {} }

describe('joining', () => {
  test('a member reports version, identity, kinds and sums', async () => {
    const member = new FakeMember(), it = start({ member1: member })
    it.setSecret('member1', { token: 'secret' })
    await it.join('member1')
    await expect.poll(() => it.status('member1')).toMatchObject({
      kubernetesVersion: 'v1.36.3', id: member.uid, apiEnablements: [{ groupVersion: 'v1', preferred: true, resources: [{ name: 'pods', kind: 'Pod', namespaced: true }] }],
      conditions: [{ type: 'Ready', status: 'True', reason: 'ClusterReady' }, { type: 'CompleteAPIEnablements', status: 'True', reason: 'Complete' }],
      nodeSummary: { totalNum: 1, readyNum: 1 }, resourceSummary: { allocatable: { cpu: '4' }, allocated: { cpu: '500m', pods: '1' } },
    })
    expect(it.members.get('member1')!.state).toEqual({ state: 'ready' })
  })

  test('a missing Secret and a wrong token are named; a new Secret heals at once, and a new token opens no new connection', async () => {
    const member = new FakeMember(), it = start({ member1: member })
    await it.join('member1')
    await expect.poll(() => it.ready('member1')).toEqual(['False', 'StatusCollectionFailed', expect.stringContaining('Secret federation-system/member1 does not exist')])
    it.setSecret('member1', { token: 'wrong' })
    await expect.poll(() => it.ready('member1')).toEqual(['False', 'ClusterNotReady', expect.stringContaining('renew the token')])
    const before = it.connections()
    it.setSecret('member1', { token: 'secret' })
    await expect.poll(() => it.ready('member1')).toEqual(HEALTHY)
    expect(it.connections()).toBe(before)
  })

  test('leaving ends every stream', async () => {
    const member = new FakeMember(), it = start({ member1: member })
    it.setSecret('member1', { token: 'secret' })
    await it.join('member1')
    await expect.poll(() => member.watching).toBe(2)
    const use = it.members.get('member1')!.caches.acquire(kind)
    await use.cache.ready
    await expect.poll(() => member.watching).toBe(3)
    await it.leave('member1')
    await expect.poll(() => [member.watching, it.members.list().length]).toEqual([0, 0])
  })
})

describe('trouble', () => {
  test('a member that goes away is unreachable once that was steady, keeps what was known, and heals', async () => {
    const member = new FakeMember(), it = start({ member1: member })
    it.setSecret('member1', { token: 'secret' })
    await it.join('member1')
    await expect.poll(() => it.ready('member1')).toEqual(HEALTHY)
    member.isUp = false
    expect(await it.ready('member1')).toEqual(HEALTHY)
    await expect.poll(() => it.ready('member1')).toEqual(['False', 'ClusterNotReachable', 'https://member: connection refused'])
    expect(it.members.get('member1')!.state).toMatchObject({ state: 'unreachable', reason: 'https://member: connection refused' })
    expect((await it.status('member1'))!.apiEnablements).toHaveLength(1)
    member.isUp = true
    await expect.poll(() => it.ready('member1')).toEqual(HEALTHY)
  })

  test('what is held of a member that hangs is said to be old, though its streams are open', async () => {
    const member = new FakeMember(), it = start({ member1: member })
    it.setSecret('member1', { token: 'secret' })
    await it.join('member1')
    await expect.poll(() => it.ready('member1')).toEqual(HEALTHY)
    const use = it.members.get('member1')!.caches.acquire(kind)
    await use.cache.ready
    await expect.poll(() => use.state()).toEqual({ state: 'synced' })
    member.isUp = false
    await expect.poll(() => use.state()).toMatchObject({ state: 'stale', reason: expect.stringContaining('connection refused') })
    expect(use.cache.size).toBe(1)
    member.isUp = true
    await expect.poll(() => use.state(), { timeout: 5000 }).toEqual({ state: 'synced' })
  })

  test('after a restart without the member its kinds come from status', async () => {
    const member = new FakeMember(), storage = new MemoryStorage(), first = start({ member1: member }, storage)
    first.setSecret('member1', { token: 'secret' })
    await first.join('member1')
    await expect.poll(() => first.ready('member1')).toEqual(HEALTHY)
    await first.end()
    member.isUp = false
    const second = start({ member1: member }, storage)
    second.setSecret('member1', { token: 'secret' })
    await expect.poll(() => second.members.get('member1')?.state.state).toBe('unreachable')
    expect(second.members.get('member1')!.discovery!.kinds.map(({ plural }) => plural)).toEqual(['pods'])
    expect(second.members.get('member1')!.identity).toBe(member.uid)
  })
})

describe('identity', () => {
  test('a member whose kube-system uid changes is refused until that uid is accepted, and its old objects are dropped', async () => {
    const member = new FakeMember(), it = start({ member1: member })
    it.setSecret('member1', { token: 'secret' })
    await it.join('member1')
    await expect.poll(() => it.ready('member1')).toEqual(HEALTHY)
    const old = member.uid, use = it.members.get('member1')!.caches.acquire(kind)
    await use.cache.ready
    member.uid = randomUUID()
    await expect.poll(() => it.ready('member1')).toEqual(['False', 'ClusterRefused', expect.stringMatching(new RegExp(`was ${old} and is ${member.uid}.*cluster.federation/accept-uid=${member.uid}`))])
    expect(it.members.get('member1')!.state.state).toBe('refused')
    await expect(it.members.get('member1')!.handler({ method: 'GET', path: '/', query: new URLSearchParams(), headers: [] }, new AbortController().signal)).rejects.toThrow(/is refused/)
    expect((await it.status('member1'))!.id).toBe(old)
    await it.edit('member1', accept(member.uid))
    await expect.poll(() => it.ready('member1')).toEqual(HEALTHY)
    expect((await it.status('member1'))!.id).toBe(member.uid)
  })

  test('two Clusters that name one member: the second is refused, until the first leaves', async () => {
    const member = new FakeMember(), it = start({ member1: member, other: member })
    for (const name of ['member1', 'member2']) it.setSecret(name, { token: 'secret' })
    await it.join('member1')
    await expect.poll(() => it.ready('member1')).toEqual(HEALTHY)
    await it.join('member2', 'other')
    await expect.poll(() => it.ready('member2')).toEqual(['False', 'ClusterRefused', expect.stringContaining('Cluster member1 is the same cluster')])
    await it.leave('member1')
    await expect.poll(() => it.ready('member2')).toEqual(HEALTHY)
  })
})

describe('caches', () => {
  test('one is shared by its users, says how old it is, and is dropped some time after the last', async () => {
    const member = new FakeMember(), it = start({ member1: member })
    it.setSecret('member1', { token: 'secret' })
    await it.join('member1')
    await expect.poll(() => it.ready('member1')).toEqual(HEALTHY)
    const { caches } = it.members.get('member1')!, [one, two] = [caches.acquire(kind), caches.acquire(kind)]
    expect(one.cache).toBe(two.cache)
    await expect.poll(() => one.state()).toEqual({ state: 'synced' })
    expect(one.cache.get('shop/a')?.position).toBe('5')
    expect(caches.positions()).toEqual({ pods: '10' })
    one.release()
    two.release()
    await expect.poll(() => caches.positions()).toEqual({})
    expect(caches.acquire(kind).cache).not.toBe(one.cache)
  })
})
