/** Watches from the version that a write answered, of a kind that nobody reads: what a kube-apiserver tells, and nothing else; and over a restart of the server, for which all kinds are such. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createNamespace, describeFleet, eventually, FLEET, raw, testbed } from './fleet-bed.ts'
import type { RawClient, RawObject } from './raw-client.ts'

const NAMESPACE = 'e2e-written', BY_CLUSTER = `${FLEET}/by-cluster`, MERGE = { 'content-type': 'application/merge-patch+json' }
const limits = (root: string) => `${root}/api/v1/namespaces/${NAMESPACE}/limitranges`
const limitRange = (name: string) => ({ apiVersion: 'v1', kind: 'LimitRange', metadata: { name, labels: { app: 'written' } }, spec: { limits: [] } })
const versionOf = ({ metadata }: RawObject) => metadata!.resourceVersion!

/** What a watch tells in three seconds: the type, and the label that tells states apart. */
async function told(client: RawClient, path: string, version: string, selector: string): Promise<string[]> {
  const events: string[] = []
  for await (const { type, object } of client.watch(`${path}?watch=1&resourceVersion=${version}&labelSelector=${encodeURIComponent(selector)}&timeoutSeconds=3`, AbortSignal.timeout(20_000))) {
    events.push(type === 'ERROR' ? `ERROR ${object.message}` : `${type} ${object.metadata?.name?.replace(/@.*/, '')} ${(object.metadata as { labels?: { state?: string } }).labels?.state ?? '-'}`)
  }
  return events
}

describeFleet('a watch from the version that a write answered', () => {
  let fleet: RawClient, member: RawClient
  beforeAll(async () => {
    await createNamespace(NAMESPACE, ['member1'])
    fleet = await raw()
    member = await raw('admin', 'member1')
  }, 60_000)
  afterAll(() => { fleet.close(); member.close() })

  /** Created, changed twice and deleted through the fleet; the versions of its creation there and in the member. */
  async function lived(name: string): Promise<{ readonly inFleet: string; readonly inMember: string }> {
    const object = `${limits(BY_CLUSTER)}/${name}@member1`
    const inFleet = versionOf(await eventually(async () => { const { status, body, text } = await fleet.call('POST', limits(BY_CLUSTER), { body: limitRange(`${name}@member1`) }); expect(status, text).toBe(201); return body }))
    const inMember = versionOf((await member.get(`${limits('')}/${name}`)).body)
    for (const state of ['one', 'two']) expect((await fleet.call('PATCH', object, { headers: MERGE, body: { metadata: { labels: { state } } } })).status).toBe(200)
    expect((await fleet.call('DELETE', object)).status).toBe(200)
    return { inFleet, inMember }
  }

  test('tells all that came after it, and to selectors what came and left', async () => {
    const { inFleet, inMember } = await lived('first'), seen: string[][] = []
    for (const selector of ['app=written', 'state=one', 'state!=one,app=written']) {
      const inTruth = await told(member, limits(''), inMember, selector), shown = await told(fleet, limits(BY_CLUSTER), inFleet, selector)
      expect(shown, selector).toEqual(inTruth)
      seen.push(shown)
    }
    expect(seen.slice(0, 2)).toEqual([['MODIFIED first one', 'MODIFIED first two', 'DELETED first two'], ['ADDED first one', 'DELETED first one']])
  }, 60_000)

  test('goes on over a restart of the server', async () => {
    const { inFleet } = await lived('second'), { server } = await testbed()
    await server.kill()
    await server.start()
    const events = await eventually(async () => { const events = await told(fleet, limits(BY_CLUSTER), inFleet, 'app=written'); expect(events.join()).not.toContain('ERROR'); return events }, 40_000)
    expect(events).toEqual(['MODIFIED second one', 'MODIFIED second two', 'DELETED second two'])
  }, 120_000)
})
