/** The list and watch protocol as it arrives through the host's aggregator: positions, pages, initial events, encodings. */
import { gunzipSync } from 'node:zlib'
import { beforeAll, describe, expect, test } from 'vitest'
import { applyTo, createNamespace, deployment, describeFleet, eventually, FLEET, kubectl, raw } from './fleet-bed.ts'
import type { RawClient, RawObject, WatchEvent } from './raw-client.ts'

const NAMESPACE = 'e2e-protocol', DEPLOYMENTS = `${FLEET}/apis/apps/v1/namespaces/${NAMESPACE}/deployments`
const NAMES = ['a', 'b', 'c', 'd', 'e'], position = (object: RawObject) => BigInt(object.metadata!.resourceVersion!)
const names = (list: RawObject) => (list.items ?? []).map(({ metadata }) => metadata!.name)

/** The events of a watch up to and with the first that matches; then it is closed. */
async function eventsUntil(client: RawClient, query: string, last: (event: WatchEvent, seen: readonly WatchEvent[]) => boolean, act: () => Promise<unknown> = async () => {}): Promise<WatchEvent[]> {
  const stop = new AbortController(), late = AbortSignal.timeout(20_000), seen: WatchEvent[] = []
  const watching = (async () => {
    for await (const event of client.watch(`${DEPLOYMENTS}?watch=1&${query}`, AbortSignal.any([stop.signal, late]))) {
      seen.push(event)
      if (last(event, seen)) { stop.abort(); return }
    }
    if (late.aborted) throw new Error(`not within 20 s: ${JSON.stringify(seen.slice(-3)).slice(0, 1000)}`)
  })()
  await Promise.all([watching, act()])
  return seen
}
const isInitialEnd = ({ type, object }: WatchEvent) => type === 'BOOKMARK' && object.metadata?.annotations?.['k8s.io/initial-events-end'] === 'true'

describeFleet('the protocol', () => {
  let client: RawClient
  beforeAll(async () => {
    client = await raw()
    await createNamespace(NAMESPACE)
    await applyTo('member1', NAMESPACE, NAMES.map((name) => deployment(name, 0)))
    await applyTo('member2', NAMESPACE, NAMES.slice(0, 3).map((name) => deployment(name, 0)))
    await eventually(async () => { expect(JSON.stringify((await client.get(DEPLOYMENTS)).body.items!.map(({ status }) => (status as { observedGeneration?: number }).observedGeneration))).toBe('[1,1,1,1,1]') })
  }, 60_000)

  describe('WatchList', () => {
    test('sends what there is, then the bookmark that says so, then changes', async () => {
      const seen = await eventsUntil(client, 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true', ({ type }) => type === 'MODIFIED',
        async () => { await eventually(() => kubectl('member2', `-n ${NAMESPACE} annotate deploy/a step=${Date.now()} --overwrite`)); await kubectl('member2', `-n ${NAMESPACE} scale deploy/a --replicas=0`) })
      const end = seen.findIndex(isInitialEnd)
      expect(seen.slice(0, 5).map(({ type, object }) => `${type} ${object.metadata?.name}`)).toEqual(NAMES.map((name) => `ADDED ${name}`))
      expect(end).toBe(5)
      expect(seen.at(-1)?.object).toMatchObject({ kind: 'Deployment', apiVersion: 'apps/v1', metadata: { name: 'a' } })
      expect(position(seen.at(-1)!.object)).toBeGreaterThan(position(seen[end]!.object))
    })
    test('without resourceVersionMatch is refused as Kubernetes refuses it', async () => {
      const own = await (await raw('admin', 'member1')).get('/apis/apps/v1/deployments?watch=1&sendInitialEvents=true'), ours = await client.get(`${FLEET}/apis/apps/v1/deployments?watch=1&sendInitialEvents=true`)
      expect(ours.status).toBe(own.status)
      expect(ours.body.details?.causes).toEqual(own.body.details?.causes)
    })
  })

  test('positions are numbers that grow, the same on lists, events and objects', async () => {
    const seen: bigint[] = []
    for (let round = 0; round < 5; round++) {
      await kubectl('member1', `-n ${NAMESPACE} annotate deploy/b round=${round}-${Date.now()} --overwrite`)
      const list = (await client.get(DEPLOYMENTS)).body
      for (const item of list.items!) expect(position(item)).toBeLessThanOrEqual(position(list))
      seen.push(position(list))
    }
    expect(seen).toEqual([...seen].sort((a, b) => (a < b ? -1 : 1)))
    const [old] = seen
    const events = await eventsUntil(client, `resourceVersion=${old}`, (_, all) => all.length >= 1)
    expect(events[0]!.object.metadata!.name).toBe('b')
    expect(position(events[0]!.object)).toBeGreaterThan(old!)
  })

  describe('pages', () => {
    test('show one state while objects change', async () => {
      const first = (await client.get(`${DEPLOYMENTS}?limit=2`)).body
      expect([names(first), first.metadata!.remainingItemCount]).toEqual([['a', 'b'], 3])
      // One that follows goes, one that was before comes, one changes.
      await kubectl('member1', `-n ${NAMESPACE} delete deploy/d`)
      await applyTo('member1', NAMESPACE, [deployment('aa', 0), deployment('cc', 0)])
      await eventually(async () => { expect(names((await client.get(DEPLOYMENTS)).body)).toEqual(['a', 'aa', 'b', 'c', 'cc', 'e']) })
      const second = (await client.get(`${DEPLOYMENTS}?limit=2&continue=${first.metadata!.continue}`)).body, third = (await client.get(`${DEPLOYMENTS}?limit=2&continue=${second.metadata!.continue}`)).body
      expect([names(second), names(third), third.metadata!.continue ?? '']).toEqual([['c', 'd'], ['e'], ''])
      expect(new Set([first, second, third].map((page) => page.metadata!.resourceVersion)).size).toBe(1)
      const exact = (await client.get(`${DEPLOYMENTS}?resourceVersion=${first.metadata!.resourceVersion}&resourceVersionMatch=Exact`)).body
      expect(names(exact)).toEqual(NAMES)
      await kubectl('member1', `-n ${NAMESPACE} delete deploy/aa deploy/cc`)
      await applyTo('member1', NAMESPACE, [deployment('d', 0)])
      await eventually(async () => { expect(names((await client.get(DEPLOYMENTS)).body)).toEqual(NAMES) })
    })
    test('a token that is none is refused', async () => {
      const { status, body } = await client.get(`${DEPLOYMENTS}?limit=2&continue=nonsense`)
      expect([status, body.reason]).toEqual([400, 'BadRequest'])
    })
  })

  describe('a position', () => {
    test('older than all history is 410, for a list and for a watch', async () => {
      const list = await client.get(`${DEPLOYMENTS}?resourceVersion=1&resourceVersionMatch=Exact`)
      expect([list.status, list.body.reason]).toEqual([410, 'Expired'])
      const [event] = await eventsUntil(client, 'resourceVersion=1', () => true).catch((error: Error) => [{ type: 'ERROR', object: JSON.parse(error.message.slice(5)) as RawObject }])
      expect(event).toMatchObject({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } })
    })
    test('from the future is answered 504 as Kubernetes does, with the wait', async () => {
      // By its leading digits: they hold the epoch and the sum of all that follows.
      const now = position((await client.get(DEPLOYMENTS)).body), { status, body } = await client.get(`${DEPLOYMENTS}?resourceVersion=${now + 10n ** BigInt(String(now).length - 5)}&resourceVersionMatch=NotOlderThan`)
      expect([status, body.reason, body.details?.causes?.[0]?.reason]).toEqual([504, 'Timeout', 'ResourceVersionTooLarge'])
    }, 20_000)
    test('that is no number is refused', async () => {
      const { status } = await client.get(`${DEPLOYMENTS}?resourceVersion=abc`)
      expect([400, 422]).toContain(status)
    })
  })

  test('a watch with bookmarks tells the position in quiet times, and its Table rows', async () => {
    const { metadata } = (await client.get(DEPLOYMENTS)).body
    const seen = await eventsUntil(client, `resourceVersion=${metadata!.resourceVersion}&allowWatchBookmarks=true&timeoutSeconds=2`, () => false)
    expect(seen.every(({ type }) => type === 'BOOKMARK')).toBe(true)
  })

  describe('encodings', () => {
    test('PartialObjectMetadata has metadata and nothing else', async () => {
      const { body } = await client.get(DEPLOYMENTS, { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' })
      expect([body.kind, body.apiVersion, names(body)]).toEqual(['PartialObjectMetadataList', 'meta.k8s.io/v1', NAMES])
      expect(body.items!.every((item) => item.spec === undefined && item.status === undefined)).toBe(true)
      const one = await client.get(`${DEPLOYMENTS}/a`, { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' })
      expect([one.body.kind, one.body.metadata?.name, one.body.spec]).toEqual(['PartialObjectMetadata', 'a', undefined])
    })
    test('a Table of one object, and YAML', async () => {
      const table = (await client.get(`${DEPLOYMENTS}/a`, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' })).body
      expect([table.kind, table.rows!.map(({ cells }) => cells[0]), table.rows![0]!.object!.kind]).toEqual(['Table', ['a'], 'PartialObjectMetadata'])
      const yaml = await client.get(`${DEPLOYMENTS}/a`, { accept: 'application/yaml' })
      expect([yaml.headers['content-type'], yaml.text]).toEqual(['application/yaml', expect.stringContaining('\nkind: Deployment\n')])
    })
    test('what nobody can write is 406, protobuf falls back to JSON', async () => {
      expect((await client.get(DEPLOYMENTS, { accept: 'image/png' })).status).toBe(406)
      expect((await client.get(DEPLOYMENTS, { accept: 'application/vnd.kubernetes.protobuf,application/json' })).headers['content-type']).toBe('application/json')
    })
    test('gzip for what is large', async () => {
      const response = await client.get(`${FLEET}/openapi/v2`, { 'accept-encoding': 'identity' })
      expect([response.status, response.headers['content-encoding']]).toEqual([200, undefined])
      const compressed = await client.get(`${FLEET}/openapi/v2`, { 'accept-encoding': 'gzip' })
      expect([compressed.headers['content-encoding'], gunzipSync(compressed.bytes).length]).toEqual(['gzip', response.bytes.length])
    })
    test('headers are those of a kube-apiserver', async () => {
      const { headers } = await client.get(DEPLOYMENTS)
      expect(headers).toMatchObject({ 'content-type': 'application/json', 'cache-control': expect.stringContaining('no-cache, private'), 'audit-id': expect.any(String) })
    })
  })

  test('documents of the root: version, legacy and aggregated discovery, OpenAPI v3 under the client\'s own prefix', async () => {
    expect((await client.get(`${FLEET}/version`)).body).toMatchObject({ major: '1', gitVersion: expect.stringMatching(/^v1\./) })
    expect((await client.get(`${FLEET}/apis`)).body).toMatchObject({ kind: 'APIGroupList' })
    const aggregated = (await client.get(`${FLEET}/apis`, { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' })).body
    expect([aggregated.kind, names(aggregated)]).toEqual(['APIGroupDiscoveryList', expect.arrayContaining(['apps', 'batch', 'cluster.federation'])])
    const { paths } = (await client.get(`${FLEET}/openapi/v3`)).body as { paths: Record<string, { serverRelativeURL: string }> }
    expect(paths['apis/apps/v1']!.serverRelativeURL).toMatch(/^\/openapi\/v3\/apis\/apps\/v1\?hash=/)
    expect((await client.get(`${FLEET}${paths['apis/apps/v1']!.serverRelativeURL}`)).status).toBe(200)
    expect((await client.get(`${FLEET}/openapi/v3/apis/apps/v1?hash=STALE`)).status).toBe(200)
  })
})
