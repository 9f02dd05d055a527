import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/logger.ts'
import type { Attributes } from '../auth/authorizer.ts'
import { withPrivileges } from '../auth/authorizer.ts'
import type { Connector, Handler, Headers, KubeObject, Response, User } from '../meta/core.ts'
import { defineKind } from '../meta/define-kind.ts'
import { header, headerValues } from '../meta/headers.ts'
import { createStoredResource } from '../registry/stored-resource.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import { apiHandler } from './api-handler.ts'
import { serverFilters } from './chain.ts'
import { compose } from './filter.ts'
import { HealthChecks } from './health.ts'
import { resourceHandler } from './resource-handler.ts'
import { versionInfo } from './version.ts'

interface Thing extends KubeObject { spec?: { size?: number; color?: string } }
const kind = (name: string, scope: 'Namespaced' | 'Cluster') => defineKind<Thing>({
  group: 'example.com', version: 'v1', kind: name, plural: `${name.toLowerCase()}s`, scope, shortNames: ['th'], categories: ['all'],
  schema: { type: 'object', properties: { spec: { type: 'object', properties: { size: { type: 'integer', format: 'int64' }, color: { type: 'string' } } }, status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } },
  columns: [
    { name: 'Name', type: 'string', format: 'name', cell: ({ metadata }) => metadata.name ?? '' }, { name: 'Color', type: 'string', priority: 1, cell: ({ spec }) => spec?.color ?? null },
    { name: 'Age', type: 'date', cell: ({ metadata }) => ({ since: Date.parse(metadata.creationTimestamp ?? '') }) },
  ],
  fields: { 'spec.color': ({ spec }) => spec?.color ?? '' },
})
const echo: Connector = {
  verbs: ['create', 'get'], responseKind: { group: 'example.com', version: 'v1', kind: 'Node' },
  handle: ({ name, path }, { method }) => Promise.resolve({ status: 200, headers: [], body: Buffer.from(`${method} ${name} ${path}`) }),
}
const controller = new AbortController(), { signal } = controller
const dependencies = { clock: systemClock, logger: silentLogger, randomUuid: () => crypto.randomUUID(), randomSuffix: () => 'abcde' }
const storage = new MemoryStorage(), things = createStoredResource(kind('Thing', 'Namespaced'), storage, dependencies, signal), nodes = createStoredResource(kind('Node', 'Cluster'), storage, dependencies, signal)
const groups = [{ name: 'example.com', versions: [{ version: 'v1', resources: [things, { ...nodes, deleteCollection: false, connect: { proxy: echo } }] }] }, { name: '', versions: [{ version: 'v1', resources: [] }] }]
const asked: Attributes[] = []
const authorizer = withPrivileges({ authorize: (attributes) => { asked.push(attributes); return Promise.resolve({ allowed: attributes.user.name === 'alice', reason: '' }) } })
const admin: User = { name: 'admin', groups: ['system:masters'], extra: {} }
const documents = { a: { openapi: '3.0.0' } }, paths = ['apis/example.com/v1', 'apis/gone/v1']
const openApi = { v2: () => Promise.resolve({ swagger: '2.0' }), v3: (path: string) => Promise.resolve(path === paths[0] ? documents.a : undefined), paths: () => paths }
const health = new HealthChecks(silentLogger)
const handler: Handler = compose(serverFilters({
  clock: systemClock, logger: silentLogger, randomUuid: () => 'made', authorizer, frontProxy: () => undefined, isReady: () => true,
  authenticator: { authenticate: ({ headers }) => Promise.resolve(header(headers, 'x-user') === undefined ? admin : { name: header(headers, 'x-user')!, groups: [], extra: {} }) },
}), apiHandler({ catalog: { groups: () => groups }, resources: resourceHandler({ groups: () => groups }, { clock: systemClock, random: () => 0, authorizer }), clock: systemClock, version: versionInfo('0.1.0'), openApi, health }))
afterAll(() => { controller.abort() })

async function* body(text: string): AsyncGenerator<Uint8Array> { yield Buffer.from(text) }
async function ask(method: string, url: string, { json, headers = [], within = signal }: { json?: unknown; headers?: Headers; within?: AbortSignal } = {}): Promise<Response> {
  const [path, query] = url.split('?') as [string, string?]
  return handler({ method, path, query: new URLSearchParams(query), headers, ...(json !== undefined && { body: body(typeof json === 'string' ? json : JSON.stringify(json)) }) }, within)
}
async function text({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  if (body instanceof Uint8Array) return Buffer.from(body).toString()
  for await (const chunk of body) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString()
}
const json = async (response: Response) => JSON.parse(await text(response)) as Record<string, never> & { metadata: Record<string, string>; items: Thing[]; rows: { cells: unknown[]; object: unknown }[]; message: string }
const THINGS = '/apis/example.com/v1/namespaces/n/things', TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io', LONG_MS = 5_000

beforeAll(async () => { for (const name of ['a', 'b', 'c']) await ask('POST', THINGS, { json: { metadata: { name }, spec: { color: name === 'b' ? 'red' : 'blue' } } }) })

test.each([
  [undefined, 'application/json'], ['application/com.github.proto-openapi.spec.v2@v1.0+protobuf', 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'], ['application/json;q=0.9,application/com.github.proto-openapi.spec.v2.v1.0+protobuf', 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'], ['*/*', 'application/json'],
])('OpenAPI v2 for Accept %s', async (accept, type) => {
  const response = await ask('GET', '/openapi/v2', { headers: accept === undefined ? [] : [['accept', accept]] })
  expect([response.status, header(response.headers, 'content-type')]).toEqual([200, type])
})

describe('objects and lists', () => {
  test('get, and what every response carries', async () => {
    const response = await ask('GET', `${THINGS}/a`, { headers: [['audit-id', 'mine']] })
    expect([response.status, header(response.headers, 'cache-control'), header(response.headers, 'audit-id'), header(response.headers, 'content-type')]).toEqual([200, 'no-cache, private', 'mine', 'application/json'])
    expect(await json(response)).toMatchObject({ kind: 'Thing', apiVersion: 'example.com/v1', metadata: { name: 'a', namespace: 'n' }, spec: { color: 'blue' } })
  })
  test('integers beyond a double keep their digits', async () => {
    await ask('POST', THINGS, { json: '{"metadata":{"name":"big","labels":{"l":"1"}},"spec":{"size":9007199254740993}}' })
    expect(await text(await ask('GET', `${THINGS}/big`))).toContain('"size":9007199254740993')
    expect(await text(await ask('GET', `${THINGS}/big`, { headers: [['accept', 'application/yaml']] }))).toContain('size: 9007199254740993\n')
    await ask('DELETE', `${THINGS}/big`)
  })
  test('pages of one state', async () => {
    const first = await json(await ask('GET', `${THINGS}?limit=2`)), second = await json(await ask('GET', `${THINGS}?limit=2&continue=${first.metadata['continue']!}`))
    expect([first.items.map(({ metadata }) => metadata.name), first.metadata['remainingItemCount'], second.items.map(({ metadata }) => metadata.name), second.metadata['continue']]).toEqual([['a', 'b'], 1, ['c'], undefined])
    expect(second.metadata['resourceVersion']).toBe(first.metadata['resourceVersion'])
  })
  test('selectors', async () => {
    expect((await json(await ask('GET', `${THINGS}?fieldSelector=spec.color%3Dred`))).items.map(({ metadata }) => metadata.name)).toEqual(['b'])
    expect((await json(await ask('GET', '/apis/example.com/v1/things?fieldSelector=metadata.name%3Dc'))).items).toHaveLength(1)
    expect((await json(await ask('GET', `${THINGS}?fieldSelector=metadata.name%3Dzzz`))).items).toEqual([])
  })
  test('tables, with ages written late', async () => {
    const table = await json(await ask('GET', `${THINGS}?limit=1`, { headers: [['accept', TABLE]] }))
    expect(table).toMatchObject({ kind: 'Table', columnDefinitions: [{ name: 'Name', type: 'string', format: 'name', description: '', priority: 0 }, { name: 'Color', priority: 1 }, { name: 'Age' }] })
    expect(table.rows).toEqual([{ cells: ['a', 'blue', expect.stringMatching(/^\d+s$/)], object: expect.objectContaining({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' }) as unknown }])
    expect((await json(await ask('GET', `${THINGS}/a?includeObject=None`, { headers: [['accept', TABLE]] }))).rows[0]!.object).toBeNull()
  })
  test('large answers are compressed when asked', async () => {
    const note = 'x'.repeat(70_000)
    for (const name of ['x1', 'x2', 'x3']) await ask('POST', '/apis/example.com/v1/namespaces/large/things', { json: { metadata: { name, annotations: { note } } } })
    const [plain, gzip] = await Promise.all([ask('GET', '/apis/example.com/v1/namespaces/large/things'), ask('GET', '/apis/example.com/v1/namespaces/large/things', { headers: [['accept-encoding', 'gzip']] })])
    const parts: Uint8Array[] = []
    for await (const chunk of gzip.body as AsyncIterable<Uint8Array>) parts.push(chunk)
    const { gunzipSync } = await import('node:zlib')
    expect([header(gzip.headers, 'content-encoding'), header(gzip.headers, 'vary'), gunzipSync(Buffer.concat(parts)).toString()]).toEqual(['gzip', 'Accept-Encoding', await text(plain)])
  })
})

describe('writes', () => {
  test('create, replace, patch, status, delete', async () => {
    const created = await json(await ask('POST', THINGS, { json: 'metadata: {name: w}\nspec: {color: red}\n', headers: [['content-type', 'application/yaml']] }))
    const replaced = await json(await ask('PUT', `${THINGS}/w`, { json: { ...created, spec: { color: 'green' } } }))
    expect(replaced).toMatchObject({ spec: { color: 'green' } })
    expect(await json(await ask('PATCH', `${THINGS}/w`, { json: { spec: { color: null, size: 2 } }, headers: [['content-type', 'application/merge-patch+json']] }))).toMatchObject({ spec: { size: 2 } })
    expect(await json(await ask('PATCH', `${THINGS}/w`, { json: [{ op: 'test', path: '/kind', value: 'Thing' }, { op: 'add', path: '/spec/size', value: 3 }], headers: [['content-type', 'application/json-patch+json']] }))).toMatchObject({ spec: { size: 3 } })
    expect(await json(await ask('PATCH', `${THINGS}/w/status`, { json: { status: { ok: true } }, headers: [['content-type', 'application/merge-patch+json']] }))).toMatchObject({ status: { ok: true }, spec: { size: 3 } })
    expect(await json(await ask('DELETE', `${THINGS}/w`))).toEqual({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details: { name: 'w', group: 'example.com', kind: 'things', uid: created.metadata['uid'] } })
  })
  test.each([
    ['an apiVersion that is no text', { apiVersion: [{}], metadata: { name: 'odd' } }, 'cannot unmarshal array into Go struct field .apiVersion of type string'],
    ['a kind that no double holds', '{"kind":1e999,"metadata":{"name":"odd"}}', 'cannot unmarshal number into Go struct field .kind of type string'],
    ['objects inside objects', `{"metadata":{"name":"odd"},"spec":${'{"a":'.repeat(2_000)}1${'}'.repeat(2_000)}}`, 'exceeded max depth'],
  ])('%s', async (_name, json, message) => {
    const response = await ask('POST', THINGS, { json })
    expect([response.status, await text(response)]).toEqual([400, expect.stringContaining(message)])
  })
  test('a name that no double holds', async () => {
    expect((await ask('PUT', `${THINGS}/a`, { json: '{"metadata":{"name":1e999}}' })).status).toBe(400)
  })
  test('a dry run writes nothing', async () => {
    expect((await ask('POST', `${THINGS}?dryRun=All`, { json: { metadata: { name: 'dry' } } })).status).toBe(201)
    expect((await ask('GET', `${THINGS}/dry`)).status).toBe(404)
  })
  test('deletecollection', async () => {
    for (const name of ['d1', 'd2']) await ask('POST', '/apis/example.com/v1/namespaces/gone/things', { json: { metadata: { name } } })
    expect((await json(await ask('DELETE', '/apis/example.com/v1/namespaces/gone/things'))).items).toHaveLength(2)
    expect((await json(await ask('GET', '/apis/example.com/v1/namespaces/gone/things'))).items).toEqual([])
  })
})

describe('refusals', () => {
  test.each([
    ['GET', `${THINGS}/nope`, 404, 'things.example.com "nope" not found'],
    ['GET', '/apis/example.com/v1/gizmos', 404, 'the server could not find the requested resource'],
    ['GET', '/apis/example.com/v2/things', 404, 'the server could not find the requested resource'],
    ['GET', `${THINGS}/a/scale`, 404, 'the server could not find the requested resource'],
    ['GET', '/apis/example.com/v1/things/a', 404, 'the server could not find the requested resource'],
    ['GET', '/apis/example.com/v1/namespaces/n/nodes', 404, 'the server could not find the requested resource'],
    ['PUT', THINGS, 405, 'the server does not allow this method on the requested resource'],
    ['POST', '/apis/example.com/v1/things', 405, 'the server does not allow this method on the requested resource'],
    ['DELETE', '/apis/example.com/v1/nodes', 405, 'the server does not allow this method on the requested resource'],
    ['HEAD', `${THINGS}/a`, 405, 'the server does not allow this method on the requested resource'],
    ['GET', `${THINGS}/a%2Fb`, 400, `Name parameter invalid: "a/b": may not contain '/'`],
    ['GET', `${THINGS}?limit=x`, 400, 'strconv.ParseInt: parsing "x": invalid syntax'],
    ['GET', `${THINGS}?timeout=soon`, 400, 'invalid timeout specified in the request URL - time: invalid duration "soon"'],
    ['GET', `${THINGS}?resourceVersionMatch=Exact`, 422, 'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided'],
    ['PATCH', `${THINGS}/a`, 415, '415: Unsupported Media Type'],
    ['GET', '/apis/example.com/v1/nodes/x/proxy/a/../b', 400, 'the path behind the subresource must not hold "." or "..": "/a/../b"'],
    ['GET', '/apis/example.com/v1/nodes/x/proxy/a%2fb', 400, 'the path behind the subresource must not hold encoded slashes: "/a%2fb"'],
  ])('%s %s: %i', async (method, url, status, message) => {
    const response = await ask(method, url)
    expect([response.status, (await json(response)).message]).toEqual([status, message])
  })
  test('a body above three megabytes', async () => { expect((await ask('POST', THINGS, { json: `"${'x'.repeat(3_200_000)}"` })).status).toBe(413) })
  test('outside the groups there is only text', async () => {
    for (const path of ['/nonesuch', '/apis/other.example.com/v1/things', '/apis/other.example.com']) expect([(await ask('GET', path)).status, await text(await ask('GET', path))]).toEqual([404, '404 page not found\n'])
  })
  test('what the user may not do, in Kubernetes\' words', async () => {
    const response = await ask('GET', THINGS, { headers: [['x-user', 'bob']] })
    expect([response.status, header(response.headers, 'x-content-type-options'), (await json(response)).message]).toEqual([403, 'nosniff', 'things.example.com is forbidden: User "bob" cannot list resource "things" in API group "example.com" in the namespace "n"'])
    expect((await ask('GET', THINGS, { headers: [['x-user', 'alice']] })).status).toBe(200)
    expect(asked.at(-1)).toMatchObject({ verb: 'list', resource: { group: 'example.com', resource: 'things', namespace: 'n' } })
  })
})

describe('watch', () => {
  const lines = async (url: string, count: number, headers: Headers = []) => {
    const end = new AbortController(), { body } = await ask('GET', url, { headers, within: end.signal }), got: { type: string; object: { kind: string; metadata: { name?: string; resourceVersion: string; annotations?: object }; columnDefinitions?: unknown } }[] = []
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      got.push(...Buffer.from(chunk).toString().trim().split('\n').map((line) => JSON.parse(line) as (typeof got)[number]))
      if (got.length >= count) break
    }
    end.abort()
    return got
  }
  const shown = (events: Awaited<ReturnType<typeof lines>>) => events.map(({ type, object: { metadata } }) => `${type} ${metadata.name ?? JSON.stringify(metadata.annotations ?? {})}`)

  test('WatchList: the state, its bookmark, then what changes', async () => {
    const events = lines(`${THINGS}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`, 5)
    await new Promise((resolve) => { setTimeout(resolve, 100) })
    await ask('POST', THINGS, { json: { metadata: { name: 'zlive' } } })
    expect(shown(await events)).toEqual(['ADDED a', 'ADDED b', 'ADDED c', 'BOOKMARK {"k8s.io/initial-events-end":"true"}', 'ADDED zlive'])
    await ask('DELETE', `${THINGS}/zlive`)
  })
  test('from a list on, only what came after', async () => {
    const { metadata } = await json(await ask('GET', THINGS)), events = lines(`${THINGS}?watch=1&resourceVersion=${metadata['resourceVersion']!}`, 2)
    await ask('POST', THINGS, { json: { metadata: { name: 'later' } } })
    await ask('DELETE', `${THINGS}/later`)
    const [added, deleted] = await events
    expect(shown([added!, deleted!])).toEqual(['ADDED later', 'DELETED later'])
    expect(deleted!.object.metadata.resourceVersion).not.toBe(added!.object.metadata.resourceVersion)
  })
  test('the old watch path, and tables whose first event alone has columns', async () => {
    const events = await lines('/apis/example.com/v1/watch/namespaces/n/things', 2, [['accept', TABLE]])
    expect(events.map(({ object }) => [object.kind, Array.isArray(object.columnDefinitions)])).toEqual([['Table', true], ['Table', false], ['Table', false]].slice(0, events.length))
  })
  test('it ends at its time', { timeout: LONG_MS }, async () => {
    expect(shown(await lines(`${THINGS}?watch=1&timeoutSeconds=1&allowWatchBookmarks=true&resourceVersion=${(await json(await ask('GET', THINGS))).metadata['resourceVersion']!}`, 99))).toEqual([])
  })
  test('a timer that goes off early brings no event more', async () => {
    const clock = { now: () => systemClock.now(), sleep: (ms: number, until?: AbortSignal) => systemClock.sleep(ms * 0.9, until) }, { metadata } = await json(await ask('GET', THINGS))
    const query = new URLSearchParams(`watch=1&timeoutSeconds=1&allowWatchBookmarks=true&resourceVersion=${metadata['resourceVersion']!}`)
    expect(await text(await resourceHandler({ groups: () => groups }, { clock, random: () => 0, authorizer })({ method: 'GET', path: THINGS, query, headers: [], user: admin, peer: { address: '', certificates: [] } }, signal))).toBe('')
  })
  test('a state that is gone is an ERROR event', async () => {
    const error = [{ type: 'ERROR', object: { kind: 'Status', code: 504, reason: 'Timeout' } }]
    expect(await lines(`${THINGS}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=999999`, 1)).toMatchObject(error)
  })
})

describe('documents', () => {
  test('discovery, plain', async () => {
    expect(await json(await ask('GET', '/apis'))).toEqual({ kind: 'APIGroupList', apiVersion: 'v1', groups: [{ name: 'example.com', versions: [{ groupVersion: 'example.com/v1', version: 'v1' }], preferredVersion: { groupVersion: 'example.com/v1', version: 'v1' } }] })
    expect(await json(await ask('GET', '/api'))).toMatchObject({ kind: 'APIVersions', versions: ['v1'] })
    const { resources } = (await json(await ask('GET', '/apis/example.com/v1'))) as unknown as { resources: { name: string; verbs: string[]; storageVersionHash?: string }[] }
    expect(resources.map(({ name, verbs }) => `${name}: ${verbs.join(' ')}`)).toEqual([
      'nodes: create delete get list patch update watch', 'nodes/proxy: create get', 'nodes/status: get patch update', 'things: create delete deletecollection get list patch update watch', 'things/status: get patch update',
    ])
  })
  test('discovery, aggregated, once', async () => {
    const accept: Headers = [['accept', 'application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io,application/json']], response = await ask('GET', '/apis', { headers: accept }), etag = header(response.headers, 'etag')!
    expect([header(response.headers, 'content-type'), header(response.headers, 'vary'), header(response.headers, 'cache-control')]).toEqual(['application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList', 'Accept', 'public'])
    expect(etag).toMatch(/^"[0-9A-F]{128}"$/)
    expect((await ask('GET', '/apis', { headers: [...accept, ['if-none-match', etag]] })).status).toBe(304)
    expect(header((await ask('GET', '/apis', { headers: [['accept', 'application/json;as=APIGroupDiscoveryList;v=v2beta1;g=apidiscovery.k8s.io,application/json']] })).headers, 'content-type')).toBe('application/json')
  })
  test('OpenAPI: hashes, and no redirect for an old one', async () => {
    const { paths } = (await json(await ask('GET', '/openapi/v3'))) as unknown as { paths: Record<string, { serverRelativeURL: string }> }, url = paths['apis/example.com/v1']!.serverRelativeURL
    expect([Object.keys(paths), url]).toEqual([['apis/example.com/v1'], expect.stringMatching(/^\/openapi\/v3\/apis\/example.com\/v1\?hash=[0-9A-F]{128}$/)])
    expect(header((await ask('GET', url)).headers, 'cache-control')).toBe('public, immutable')
    const old = await ask('GET', '/openapi/v3/apis/example.com/v1?hash=00')
    expect([old.status, header(old.headers, 'cache-control')]).toEqual([200, 'no-cache, private'])
    expect(await json(await ask('GET', '/openapi/v2'))).toEqual({ swagger: '2.0' })
  })
  test('health fails for readiness alone once the end begins', async () => {
    expect(await text(await ask('GET', '/readyz?verbose&exclude=ping&exclude=x'))).toBe('[+]ping excluded: ok\n[+]shutdown ok\nwarn: some health checks cannot be excluded: no matches for "x"\nreadyz check passed\n')
    health.stop()
    expect([await text(await ask('GET', '/readyz')), await text(await ask('GET', '/livez')), (await ask('GET', '/livez/nope')).status]).toEqual(['[+]ping ok\n[-]shutdown failed: reason withheld\nreadyz check failed\n', 'ok', 404])
  })
  test('the root lists paths; connections pass the raw rest', async () => {
    expect(await json(await ask('GET', '/'))).toMatchObject({ paths: expect.arrayContaining(['/api', '/api/v1', '/apis', '/apis/example.com/v1', '/openapi/v3', '/version']) as unknown })
    expect(await text(await ask('POST', '/apis/example.com/v1/nodes/m1/proxy/api/v1/pods%20x/'))).toBe('POST m1 /api/v1/pods%20x/')
    expect(headerValues((await ask('GET', '/version')).headers, 'content-type')).toEqual(['application/json'])
  })
})
