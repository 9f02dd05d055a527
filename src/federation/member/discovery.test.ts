import { describe, expect, test } from 'vitest'
import type { Handler } from '../../machinery/meta/core.ts'
import { completeness, fromApiEnablements, toApiEnablements } from './api-enablements.ts'
import { discover, type Discovery } from './discovery.ts'

const signal = new AbortController().signal
const deployments = {
  resource: 'deployments', responseKind: { kind: 'Deployment' }, scope: 'Namespaced', singularResource: 'deployment', verbs: ['get', 'list', 'watch'], shortNames: ['deploy'], categories: ['all'], subresources: [{ subresource: 'scale' }, { subresource: 'status' }],
}
const serving = (apis: object, options: { tag?: string; status?: number } = {}): Handler & { asked: string[] } => {
  const asked: string[] = []
  const handler: Handler = ({ path, headers }) => {
    asked.push(path)
    const tag = options.tag ?? '', unchanged = tag !== '' && headers.some(([name, value]) => name === 'if-none-match' && value === tag + path)
    const document = path === '/api' ? { items: [{ metadata: {}, versions: [{ version: 'v1', freshness: 'Current', resources: [{ resource: 'nodes', responseKind: { kind: 'Node' }, scope: 'Cluster', singularResource: 'node', verbs: ['list'] }] }] }] } : apis
    return Promise.resolve(unchanged ? { status: 304, headers: [], body: Buffer.alloc(0) } : { status: options.status ?? 200, headers: tag ? [['etag', tag + path]] : [], body: Buffer.from(JSON.stringify(document)) })
  }
  return Object.assign(handler, { asked })
}
const names = ({ kinds }: Discovery) => kinds.map(({ group, version, plural, preferred }) => `${plural}.${version}.${group}${preferred ? '*' : ''}`)

describe('aggregated', () => {
  const apis = { items: [{ metadata: { name: 'apps' }, versions: [{ version: 'v1', freshness: 'Current', resources: [deployments] }, { version: 'v1beta1', freshness: 'Current', resources: [deployments] }] }] }
  test('kinds, versions and subresources', async () => {
    const found = await discover(serving(apis), undefined, signal)
    expect(names(found)).toEqual(['nodes.v1.*', 'deployments.v1.apps*', 'deployments.v1beta1.apps'])
    expect(found.kinds[1]).toEqual({ group: 'apps', version: 'v1', kind: 'Deployment', plural: 'deployments', singular: 'deployment', shortNames: ['deploy'], categories: ['all'], namespaced: true, verbs: ['get', 'list', 'watch'], subresources: ['scale', 'status'], preferred: true })
  })

  test('an unchanged document is recognised by its tag', async () => {
    const handler = serving(apis, { tag: 'x' }), first = await discover(handler, undefined, signal)
    expect(await discover(handler, first, signal)).toBe(first)
    expect(handler.asked).toEqual(['/api', '/apis', '/api', '/apis'])
  })

  test('a stale version is unknown: what was known of it is kept', async () => {
    const first = await discover(serving(apis), undefined, signal)
    const second = await discover(serving({ items: [{ metadata: { name: 'apps' }, versions: [{ version: 'v1', freshness: 'Stale' }] }] }), first, signal)
    expect(names(second)).toEqual(['nodes.v1.*', 'deployments.v1.apps*'])
    expect(completeness(second)).toMatchObject({ status: 'False', reason: 'Partial' })
    expect(completeness(first)).toMatchObject({ status: 'True', reason: 'Complete' })
  })
})

test('legacy discovery, version by version; a group whose server is down is stale', async () => {
  const documents: Record<string, [number, object]> = {
    '/api': [200, { kind: 'APIVersions', versions: ['v1'] }], '/api/v1': [200, { resources: [{ name: 'pods', kind: 'Pod', namespaced: true, singularName: '', verbs: ['list'] }, { name: 'pods/log', kind: 'Pod', namespaced: true, verbs: ['get'] }] }],
    '/apis': [200, { groups: [{ name: 'apps', versions: [{ version: 'v1beta1' }, { version: 'v1' }], preferredVersion: { version: 'v1' } }, { name: 'metrics.k8s.io', versions: [{ version: 'v1beta1' }] }] }],
    '/apis/apps/v1': [200, { resources: [{ name: 'deployments', kind: 'Deployment', namespaced: true }] }], '/apis/apps/v1beta1': [200, { resources: [] }], '/apis/metrics.k8s.io/v1beta1': [503, {}],
  }
  const found = await discover(({ path }) => Promise.resolve({ status: documents[path]![0], headers: [], body: Buffer.from(JSON.stringify(documents[path]![1])) }), undefined, signal)
  expect(names(found)).toEqual(['pods.v1.*', 'deployments.v1.apps*'])
  expect([found.kinds[0]!.subresources, found.stale]).toEqual([['log'], ['metrics.k8s.io/v1beta1']])
})

test('what is kept in status leads back to the same kinds', async () => {
  const found = await discover(serving({ items: [{ metadata: { name: 'apps' }, versions: [{ version: 'v1', resources: [deployments] }] }] }), undefined, signal)
  expect(fromApiEnablements({ apiEnablements: toApiEnablements(found) })!.kinds.toSorted((a, b) => (a.plural < b.plural ? -1 : 1))).toEqual(found.kinds.toSorted((a, b) => (a.plural < b.plural ? -1 : 1)))
  expect(fromApiEnablements(undefined)).toBeUndefined()
})

test.each([['a web page', '<html>'], ['other JSON', '{"a":1}'], ['nothing', '{"items":[]}']])('%s is no Kubernetes', async (_name, body) => {
  await expect(discover(() => Promise.resolve({ status: 200, headers: [], body: Buffer.from(body) }), undefined, signal)).rejects.toThrow(/Kubernetes API server/)
})
