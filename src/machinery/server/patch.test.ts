/** PATCH over HTTP: which kinds take which patches, and what goes with every write. */
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/logger.ts'
import type { Handler, KubeObject, Resource, Storage } from '../meta/core.ts'
import { defineKind } from '../meta/define-kind.ts'
import { headerValues } from '../meta/headers.ts'
import type { JsonSchema } from '../meta/json-schema.ts'
import type { JsonObject } from '../meta/json-value.ts'
import { StatusError } from '../meta/status-error.ts'
import { createStoredResource } from '../registry/stored-resource.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import { resourceHandler } from './resource-handler.ts'

const items: JsonSchema = { type: 'object', properties: { name: { type: 'string' }, size: { type: 'integer', format: 'int32' } } }
const merged = { 'x-kubernetes-patch-strategy': 'merge', 'x-kubernetes-patch-merge-key': 'name' }
const schema: JsonSchema = {
  type: 'object', properties: {
    spec: { type: 'object', properties: { replicas: { type: 'integer', format: 'int32' }, parts: { type: 'array', items, ...merged }, others: { type: 'array', items } } },
    status: { type: 'object', properties: { replicas: { type: 'integer' }, conditions: { type: 'array', items, ...merged } } },
  },
}
const Crate = { ...defineKind({ group: 'example.com', version: 'v1', kind: 'Crate', plural: 'crates', scope: 'Cluster', schema, columns: [] }), scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' } }
const Custom = { ...Crate, kind: 'Custom', plural: 'customs', strategicMerge: false, deprecation: 'old' }
const STRATEGIC = 'application/strategic-merge-patch+json', CRATE = '/apis/example.com/v1/crates/a', CUSTOM = '/apis/example.com/v1/customs/a'

const controller = new AbortController(), { signal } = controller
afterAll(() => { controller.abort() })

let storage: Storage, handler: Handler
beforeEach(() => {
  storage = new MemoryStorage()
  const dependencies = { clock: systemClock, logger: silentLogger, randomUuid: () => 'u', randomSuffix: () => 'abcde' }, resources: Resource[] = [Crate, Custom].map((kind) => createStoredResource(kind, storage, dependencies, signal))
  const groups = [{ name: 'example.com', versions: [{ version: 'v1', resources }] }]
  handler = resourceHandler({ groups: () => groups }, { clock: systemClock, random: () => 0, authorizer: { authorize: () => Promise.resolve({ allowed: true, reason: '' }) } })
})

async function* bytes(body: unknown): AsyncGenerator<Uint8Array> { yield Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) }
async function ask(method: string, url: string, body: unknown, type = 'application/json'): Promise<{ status: number; warnings: readonly string[]; object: JsonObject & KubeObject }> {
  const [path, query] = url.split('?') as [string, string?]
  try {
    const response = await handler({ method, path, query: new URLSearchParams(query), headers: [['content-type', type]], user: { name: 'u', groups: [], extra: {} }, body: bytes(body) }, signal), chunks: Uint8Array[] = []
    if (response.body instanceof Uint8Array) chunks.push(response.body)
    else for await (const chunk of response.body) chunks.push(Buffer.from(chunk))
    return { status: response.status, warnings: headerValues(response.headers, 'warning'), object: JSON.parse(Buffer.concat(chunks).toString()) as JsonObject & KubeObject }
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    return { status: error.code, warnings: [], object: error.status() as unknown as JsonObject & KubeObject }
  }
}
const patch = (url: string, body: unknown) => ask('PATCH', url, body, STRATEGIC)
const create = (body: object = {}) => ask('POST', '/apis/example.com/v1/crates', { metadata: { name: 'a' }, ...body })
const part = (name: string, size?: number) => ({ name, ...(size !== undefined && { size }) })

describe('strategic merge patches', () => {
  test('lists are merged as the schema says', async () => {
    await create({ spec: { parts: [part('a', 1), part('b', 2)], others: [part('a', 1)] } })
    const { status, object } = await patch(`${CRATE}?fieldManager=m`, { spec: { parts: [part('b', 3), { name: 'a', $patch: 'delete' }], others: [part('c')] } })
    expect([status, object['spec'], object.metadata.generation]).toEqual([200, { parts: [part('b', 3)], others: [part('c')] }, 2])
    expect(object.metadata.managedFields).toEqual(expect.arrayContaining([expect.objectContaining({ manager: 'm', operation: 'Update' })]))
  })

  test('status and scale', async () => {
    await create({ spec: { replicas: 1 } })
    await patch(`${CRATE}/status`, { status: { conditions: [part('Ready', 1)] }, spec: { replicas: 9 } })
    const { object } = await patch(`${CRATE}/status`, { status: { conditions: [part('Stale', 2)] } })
    expect([object['status'], object['spec']]).toEqual([{ conditions: [part('Stale', 2), part('Ready', 1)] }, { replicas: 1 }])
    expect(await patch(`${CRATE}/scale`, { spec: { replicas: 4 } })).toMatchObject({ status: 200, object: { kind: 'Scale', spec: { replicas: 4 } } })
    expect((await ask('GET', CRATE, '')).object['spec']).toEqual({ replicas: 4 })
  })

  test('the garbage collector takes out owners of the object that it means', async () => {
    const owner = (uid: string) => ({ apiVersion: 'v1', kind: 'Pod', name: 'p', uid }), { object: { metadata } } = await create({ metadata: { name: 'a', ownerReferences: [owner('1'), owner('2')] } })
    const taking = (uid: string | undefined, of: string) => patch(CRATE, { metadata: { ownerReferences: [{ $patch: 'delete', uid: of }], uid } })
    expect((await taking('other', '1')).object).toMatchObject({ code: 422, message: expect.stringContaining('field is immutable') as string })
    expect((await taking(metadata.uid, '1')).object.metadata.ownerReferences).toEqual([owner('2')])
    expect((await taking(metadata.uid, '2')).object.metadata).not.toHaveProperty('ownerReferences')
  })

  test('a dry run changes nothing', async () => {
    await create({ spec: { parts: [part('a')] } })
    expect((await patch(`${CRATE}?dryRun=All`, { spec: { parts: [part('b')] } })).object['spec']).toEqual({ parts: [part('b'), part('a')] })
    expect((await ask('GET', CRATE, '')).object['spec']).toEqual({ parts: [part('a')] })
  })

  test('field validation names unknown and repeated fields, and shows the patch', async () => {
    await create()
    const body = '{"spec":{"bogus":1,"replicas":2,"replicas":3}}'
    expect((await patch(`${CRATE}?fieldValidation=Strict`, body)).object).toMatchObject({ code: 422, message: ' "" is invalid: patch: Invalid value: "map[spec:map[bogus:1 replicas:3]]": strict decoding error: duplicate field "spec.replicas", unknown field "spec.bogus"' })
    const { warnings, object } = await patch(CRATE, body)
    expect([warnings, object['spec']]).toEqual([['299 - "duplicate field \\"spec.replicas\\""', '299 - "unknown field \\"spec.bogus\\""'], { replicas: 3 }])
    expect((await patch(`${CRATE}?fieldValidation=Ignore`, body)).warnings).toEqual([])
  })

  test('two at once are both applied', async () => {
    await create()
    const results = await Promise.all(['a', 'b', 'c', 'd'].map((name) => patch(CRATE, { spec: { parts: [part(name)] } })))
    expect(results.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    const { parts } = (await ask('GET', CRATE, '')).object['spec'] as { parts: { name: string }[] }
    expect(parts.map(({ name }) => name).toSorted()).toEqual(['a', 'b', 'c', 'd'])
  })

  test.each<[string, string, unknown, number, string]>([
    ['a stale resourceVersion', CRATE, { metadata: { resourceVersion: '999' } }, 409, 'Operation cannot be fulfilled on crates.example.com "a": the object has been modified; please apply your changes to the latest version and try again'],
    ['another name', CRATE, { metadata: { name: 'b' } }, 400, 'the name of the object (b) does not match the name on the URL (a)'],
    ['what is not there', '/apis/example.com/v1/crates/b', {}, 404, 'crates.example.com "b" not found'],
    ['no JSON', CRATE, '{', 400, 'unexpected end of JSON input'],
    ['no object', CRATE, [], 400, 'json: cannot unmarshal array into Go value of type map[string]interface {}'],
    ['an unknown directive', CRATE, { spec: { $patch: 'bogus' } }, 500, 'unknown patch type: bogus in map: map[$patch:bogus]'],
    ['a text for a number', CRATE, { spec: { replicas: 'three' } }, 422, ' "" is invalid: patch: Invalid value: "map[spec:map[replicas:three]]": unrecognized type: int32'],
  ])('%s', async (_name, url, body, code, message) => {
    await create({ spec: {} })
    expect((await patch(url, body)).object).toMatchObject({ code, message })
  })
})

describe('other types', () => {
  test('custom kinds take no strategic merge patches, nor do their scales', async () => {
    await ask('POST', '/apis/example.com/v1/customs', { metadata: { name: 'a' }, spec: { replicas: 1 } })
    const message = 'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml'
    for (const url of [CUSTOM, `${CUSTOM}/status`, `${CUSTOM}/scale`]) expect((await patch(url, {})).object).toMatchObject({ code: 415, message })
    expect((await ask('PATCH', CUSTOM, {}, 'application/merge-patch+json')).status).toBe(200)
  })

  test('typed kinds refuse what is no patch in the words of their router', async () => {
    await create()
    const { object } = await ask('PATCH', CRATE, {}, 'text/plain')
    expect(object).toMatchObject({ code: 415, message: '415: Unsupported Media Type', details: {} })
    expect((await ask('PATCH', CRATE, {}, '*/*')).object['message']).toBe('the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml')
    expect((await ask('PATCH', CRATE, {}, `${STRATEGIC}; charset=utf-8`)).status).toBe(200)
  })
})
