/** A member that sends garbage: the other's data keeps flowing, an answer is always one that can be read, a warning names the member, and the truth heals all. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { silentLogger } from '../../../src/lib/logger.ts'
import { bytesOf } from '../../../src/machinery/client/failure.ts'
import { deleteJson, getJson, postJson } from '../../../src/machinery/client/json-client.ts'
import type { Handler, KubeObject, Request } from '../../../src/machinery/meta/core.ts'
import { StatusError } from '../../../src/machinery/meta/status-error.ts'
import { respondError } from '../../../src/machinery/server/respond.ts'
import { FLEET, fleetBed, type FleetBed } from './fleet-bed.ts'

const controller = new AbortController(), { signal } = controller, LIAR = 'member2', HONEST = 'member1', BY_CLUSTER = `${FLEET}/by-cluster`
/** What the liar answers to lists and watches of a kind, by its plural; 'streams' that wait for a lie to be told. */
const lies: { list?: string | undefined; watch?: string | undefined } = {}
const members = new Map<string, Handler>()

const disguise = (name: string, honest: Handler): Handler => {
  members.set(name, honest)
  return async (request, inner) => {
    const isWatch = request.query.has('watch'), lie = name === LIAR && request.method === 'GET' && request.path.endsWith('/configmaps') ? (isWatch ? lies.watch : lies.list) : undefined
    // Lies are told in pages, and in changes behind them: states as streams it has none of.
    if (lie !== undefined && request.query.has('sendInitialEvents')) return respondError(new StatusError('Invalid', 'sendInitialEvents: Forbidden'), request)
    return lie === undefined ? honest(request, inner) : { status: 200, headers: [['content-type', 'application/json']], body: isWatch ? streamed(lie, inner) : Buffer.from(lie) }
  }
}
/** In pieces, and then silent. */
async function* streamed(text: string, inner: AbortSignal): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text)
  for (let from = 0; from < bytes.length; from += 1 + Math.ceil(bytes.length / 3)) yield bytes.subarray(from, from + 1 + Math.ceil(bytes.length / 3))
  await new Promise((resolve) => { inner.addEventListener('abort', resolve, { once: true }) })
}

const object = (name: string, rest = '"data":{"a":"1"}', metadata = '') => `{"metadata":{"name":"${name}","namespace":"default","uid":"u-${name}","resourceVersion":"7"${metadata}},${rest}}`
const list = (items: string, version = '"resourceVersion":"50"', kind = 'ConfigMapList') => `{"kind":"${kind}","apiVersion":"v1","metadata":{${version}},"items":[${items}]}`
const event = (type: string, of: string) => `{"type":"${type}","object":${of}}\n`
const deep = `"data":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`

let bed: FleetBed
const get = async (root: string, query = '', path = '/api/v1/namespaces/default/configmaps'): Promise<{ status: number; warnings: string; items: readonly string[]; body: KubeObject & { items?: KubeObject[]; reason?: string; message?: string } }> => {
  const request: Request = { method: 'GET', path: `${root}${path}`, query: new URLSearchParams(query), headers: [['accept', 'application/json']] }
  const response = await bed.trusted(request, signal).catch((error: unknown) => respondError(error, request)), body = JSON.parse(Buffer.from(await bytesOf(response)).toString()) as KubeObject & { items?: KubeObject[] }
  return { status: response.status, warnings: response.headers.filter(([name]) => name === 'warning').map(([, value]) => value).join('; '), items: body.items?.map(({ metadata }) => metadata.name!) ?? [], body }
}
const CORE = '/api/v1/namespaces/default/configmaps'
const create = (name: string) => postJson(members.get(HONEST)!, CORE, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' } }, signal)
const remove = (name: string) => deleteJson(members.get(HONEST)!, `${CORE}/${name}`, {}, signal)

beforeAll(async () => {
  bed = await fleetBed(silentLogger, disguise)
  await create('honest')
  await postJson(members.get(LIAR)!, CORE, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'true', namespace: 'default' }, data: { a: 'true' } }, signal)
}, 30_000)
afterAll(async () => { controller.abort(); await bed.close() })

/** What the liar's next write will be called: beyond it, the truth would look like a restored backup. */
const nextVersion = async () => Number((await getJson<{ metadata: { resourceVersion: string } }>(members.get(LIAR)!, CORE, signal)).metadata.resourceVersion) + 1

/** The names that a watch tells of, from now on, and the code of the Status that ends it. */
function watching(root: string) {
  const names: string[] = [], cut = new AbortController()
  const done = (async () => {
    const response = await bed.trusted({ method: 'GET', path: `${root}${CORE}`, query: new URLSearchParams({ watch: '1' }), headers: [['accept', 'application/json']] }, AbortSignal.any([signal, cut.signal]))
    let rest = ''
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      const lines = (rest + Buffer.from(chunk).toString()).split('\n')
      rest = lines.pop()!
      for (const line of lines) {
        const { object: { metadata, code } } = JSON.parse(line) as { object: KubeObject & { code?: number } }
        names.push(metadata.name ?? `${code}`)
      }
    }
  })()
  return { names, stop: async () => { cut.abort(); await done } }
}

const GARBAGE = /^299 - "cluster member2 has sent what cannot be read \(.+\) for \d+s: (?:its objects are unknown|\d+ objects may be stale)"$/
/** Nothing more is known of the liar than before, and everything of the other. */
async function flowsOn(): Promise<void> {
  for (const [root, name] of [[FLEET, 'honest'], [BY_CLUSTER, `honest@${HONEST}`]] as const) {
    await expect.poll(async () => (await get(root)).warnings, { timeout: 5000 }).toMatch(GARBAGE)
    expect((await get(root)).items).toContain(name)
  }
}
async function heals(): Promise<void> {
  lies.list = lies.watch = undefined
  await expect.poll(async () => { const { items, warnings } = await get(BY_CLUSTER); return [items.includes(`true@${LIAR}`), items.some((name) => name.startsWith('lie')), warnings] }, { timeout: 20_000, interval: 100 }).toEqual([true, false, ''])
}

const cases: readonly (readonly [what: string, items: string])[] = [
  ['what is no JSON between braces that match', object('lie', '"data":{nonsense]}')], ['text that is not closed', object('lie', '"data":{"a":"1}')], ['brackets that do not match', object('lie', '"data":{"a":[1}]')], ['a missing value', object('lie', '"data":')], ['bytes that are no text', object('lie', '"data":{"a":"\u0001"}')],
  ['an object nested beyond reason', object('lie', deep)], ['an object without metadata', '{"data":{}}'], ['metadata of another type', '{"metadata":"lie"}'], ['a name of another type', '{"metadata":{"name":5,"resourceVersion":"7"}}'], ['no name', object('')], ['a name with a slash', object('../kube-system/lie')], ['no namespace', '{"metadata":{"name":"lie","resourceVersion":"7"}}'],
  ['items that are no objects', '1,2'], ['a version that is none', object('lie').replace('"7"', '"abc"')], ['a version beyond all counting', object('lie').replace('"7"', '"99999999999999999999"')], ['a negative version', object('lie').replace('"7"', '"-7"')],
]

// First of all: then nobody has read a list yet.
describe('one object, asked for by its name while nobody reads the kind', () => {
  test.each(cases.filter(([what]) => what !== 'items that are no objects'))('%s', async (_, items) => {
    lies.list = list(items)
    const { status, body } = await get(BY_CLUSTER, '', `${CORE}/lie@${LIAR}`)
    expect([status, body.reason, body.message]).toEqual([503, 'ServiceUnavailable', expect.stringContaining(LIAR)])
    expect((await get(FLEET, '', `${CORE}/honest`)).status).toBe(200)
    lies.list = undefined
  }, 60_000)
})

describe('lists', () => {
  test.each<readonly [string, string]>([
    ...cases.map(([what, items]) => [what, list(`${object('lie-before')},${items}`)] as const),
    ['a list that ends in the middle', list(object('lie')).slice(0, -40)], ['a web page', '<html>'], ['nothing', ''], ['another kind', '{"kind":"Status","apiVersion":"v1","metadata":{}}'], ['a list without a version of its own', list(object('lie'), '"resourceVersion":"abc"')], ['items that are no list', '{"kind":"ConfigMapList","metadata":{"resourceVersion":"5"},"items":{}}'],
  ])('%s', async (_, text) => {
    lies.list = text
    lies.watch = ''
    // Else what is held of the liar would be shown, and not asked for again.
    bed.members.get(LIAR)!.caches.clear(new Error('forgotten'))
    await flowsOn()
    expect((await get(FLEET)).status).toBe(200)
    await heals()
  }, 60_000)
})

describe('watches', () => {
  test.each<readonly [string, string]>([
    // Text that is not closed is an event that goes on.
    ...cases.filter(([what]) => what !== 'items that are no objects' && what !== 'text that is not closed').map(([what, items]) => [what, event('MODIFIED', items)] as const),
    ['an event that nobody knows', event('CREATED', object('lie'))], ['an event without an object', '{"type":"ADDED"}\n'], ['a bookmark without a version', event('BOOKMARK', '{"metadata":{"resourceVersion":"abc"}}')], ['a bookmark without metadata', event('BOOKMARK', '{}')], ['an error that is no status', event('ERROR', '[]')], ['more than an event has', `{"type":"ADDED","object":${object('lie')},"more":1}\n`], ['a web page', '<html>'],
  ])('%s', async (_, text) => {
    await heals()
    const seen = watching(FLEET)
    lies.watch = text
    bed.members.get(LIAR)!.caches.cut()
    await expect.poll(async () => (await get(FLEET)).warnings, { timeout: 25_000 }).not.toBe('')
    await create('during')
    await expect.poll(() => seen.names, { timeout: 25_000 }).toContain('during')
    expect((await get(FLEET)).items).toEqual(expect.arrayContaining(['honest', 'during']))
    await remove('during')
    await heals()
    await seen.stop()
  }, 60_000)

  test('an event that is cut off is taken back, one that comes twice is told once', async () => {
    await heals()
    const added = object('twice').replace('"7"', `"${await nextVersion()}"`), seen = watching(BY_CLUSTER)
    lies.watch = event('ADDED', added) + event('ADDED', added) + event('DELETED', object('unknown')) + event('ADDED', object('half')).slice(0, -20)
    bed.members.get(LIAR)!.caches.cut()
    await expect.poll(() => seen.names, { timeout: 25_000 }).toContain(`twice@${LIAR}`)
    await sleep(100)
    expect(seen.names.filter((name) => /unknown|half/.test(name))).toEqual([])
    expect((await get(BY_CLUSTER)).items).not.toContain(`half@${LIAR}`)
    await heals()
    await seen.stop()
  }, 60_000)

  test('an object of 5 MB passes, beside the others', async () => {
    await heals()
    const big = 'x'.repeat(5 << 20)
    lies.watch = event('ADDED', object('big', `"data":{"a":"${big}"}`).replace('"7"', `"${await nextVersion()}"`))
    bed.members.get(LIAR)!.caches.cut()
    await expect.poll(async () => (await get(BY_CLUSTER)).items, { timeout: 25_000 }).toEqual(expect.arrayContaining([`big@${LIAR}`, `honest@${HONEST}`]))
    const { body } = await get(BY_CLUSTER, '', `${CORE}/big@${LIAR}`)
    expect((body['data'] as { a: string }).a).toHaveLength(big.length)
    await heals()
  }, 60_000)
})
