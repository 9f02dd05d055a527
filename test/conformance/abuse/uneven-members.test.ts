/** Members that do not have the same kinds, nor the same of each: what there is is shown, folded as far as it agrees, and what cannot be shown is named. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { silentLogger } from '../../../src/lib/logger.ts'
import { bytesOf } from '../../../src/machinery/client/failure.ts'
import type { Handler, KubeObject, Request } from '../../../src/machinery/meta/core.ts'
import { StatusError } from '../../../src/machinery/meta/status-error.ts'
import { respondError } from '../../../src/machinery/server/respond.ts'
import { FLEET, fleetBed, type FleetBed } from './fleet-bed.ts'

const GROUP = 'example.com', { signal } = new AbortController()
interface Served { readonly version: string; readonly plural: string; readonly kind: string; readonly object: Record<string, unknown> }
/** In a namespace and by a name that they share. Clocks of member2 are an hour ahead. */
const custom: Readonly<Record<string, readonly Served[]>> = {
  member1: [
    { version: 'v1', plural: 'widgets', kind: 'Widget', object: { spec: { size: 3, parts: ['a'] }, status: { ready: 2, phase: 'Ready', nodes: [{ name: 'x', load: 1 }], conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }] } } },
    { version: 'v1', plural: 'gizmos', kind: 'Gizmo', object: { spec: {} } }, { version: 'v2', plural: 'gears', kind: 'Gear', object: { spec: { teeth: 9 } } },
  ],
  member2: [
    { version: 'v1', plural: 'widgets', kind: 'Widget', object: { spec: 'large', status: { ready: 'two', phase: 7, nodes: { x: 1 }, conditions: 'none' } } },
    { version: 'v1beta1', plural: 'gears', kind: 'Gear', object: { spec: {} } },
  ],
}

const resource = ({ plural, kind }: Served) => ({ resource: plural, responseKind: { kind }, scope: 'Namespaced', singularResource: kind.toLowerCase(), verbs: ['get', 'list', 'watch'] })
const groupOf = (served: readonly Served[]) => ({ metadata: { name: GROUP }, versions: [...new Set(served.map(({ version }) => version))].map((version) => ({ version, freshness: 'Current', resources: served.filter((one) => one.version === version).map(resource) })) })

const disguise = (name: string, honest: Handler): Handler => async (request, inner) => {
  const served = custom[name]!, json = (value: unknown) => ({ status: 200, headers: [['content-type', 'application/json']] as const, body: Buffer.from(JSON.stringify(value)) })
  if (request.path === '/apis') {
    const document = JSON.parse(Buffer.from(await bytesOf(await honest({ ...request, headers: request.headers.filter(([header]) => header !== 'if-none-match') }, inner))).toString()) as { items: unknown[] }
    return json({ ...document, items: [...document.items, groupOf(served)] })
  }
  const one = served.find(({ version, plural }) => request.path.startsWith(`/apis/${GROUP}/${version}/`) && request.path.includes(`/${plural}`))
  if (!one) return honest(request, inner)
  const metadata = { name: 'it', namespace: 'default', uid: `${name}-uid`, resourceVersion: '7', creationTimestamp: new Date(Date.now() + (name === 'member2' ? 3_600_000 : -60_000)).toISOString().replace(/\.\d+/, '') }
  if (request.query.has('sendInitialEvents')) return respondError(new StatusError('Invalid', 'sendInitialEvents: Forbidden'), request)
  if (request.query.has('watch')) return { status: 200, headers: [], body: (async function* () { yield Buffer.alloc(0); await new Promise((resolve) => { inner.addEventListener('abort', resolve, { once: true }) }) })() }
  return json({ kind: `${one.kind}List`, apiVersion: `${GROUP}/${one.version}`, metadata: { resourceVersion: '50' }, items: [{ apiVersion: `${GROUP}/${one.version}`, kind: one.kind, metadata, ...one.object }] })
}

let bed: FleetBed
beforeAll(async () => { bed = await fleetBed(silentLogger, disguise) }, 60_000)
afterAll(async () => { await bed.close() })

async function get(path: string, accept = 'application/json') {
  const request: Request = { method: 'GET', path: `${FLEET}${path}`, query: new URLSearchParams(), headers: [['accept', accept]] }, response = await bed.trusted(request, signal)
  const warnings = response.headers.flatMap(([name, value]) => (name === 'warning' ? [value] : []))
  return { warnings, body: JSON.parse(Buffer.from(await bytesOf(response)).toString()) as { items: KubeObject[]; rows: { cells: unknown[] }[]; apiVersion: string } }
}
const TABLE = 'application/json;as=Table;g=meta.k8s.io;v=v1'

test('a kind that some members have is theirs alone; the others are not missed', async () => {
  const { body, warnings } = await get(`/apis/${GROUP}/v1/gizmos`)
  expect([body.items.map(({ kind, apiVersion, metadata: { name, annotations } }) => [kind, apiVersion, name, annotations?.['cluster.federation/clusters']]), warnings]).toEqual([[['Gizmo', 'example.com/v1', 'it', 'member1']], []])
})

test('of versions that no two members share the preferred one is shown, and who is left out is named', async () => {
  const { body, warnings } = await get(`/apis/${GROUP}/v2/gears`)
  expect([body.items.map(({ spec }) => spec), warnings]).toEqual([[{ teeth: 9 }], ['299 - "cluster member2 does not serve version v2 of gears.example.com: its objects are left out"']])
  await expect(get(`/apis/${GROUP}/v1beta1/gears`)).rejects.toMatchObject({ code: 404 })
})

test('objects of one version and several schemas fold: what cannot be joined is the first cluster\'s, and it is said that they differ', async () => {
  const { body: { items }, warnings } = await get(`/apis/${GROUP}/v1/widgets`), [row] = items
  expect([items.length, row?.metadata.annotations, row?.['spec'], row?.['status'], warnings]).toEqual([
    1, { 'cluster.federation/clusters': 'member1,member2', 'cluster.federation/differs': 'member2' }, { size: 3, parts: ['a'] },
    { ready: 2, phase: 'Ready', nodes: [{ name: 'x', load: 1 }], conditions: [expect.objectContaining({ type: 'Ready', status: 'True' })] }, [],
  ])
  const each = (await get(`/by-cluster/apis/${GROUP}/v1/widgets`)).body.items
  expect(each.map(({ metadata: { name }, spec }) => [name, spec])).toEqual([['it@member1', { size: 3, parts: ['a'] }], ['it@member2', 'large']])
})

test('a clock that is ahead spoils no row but its own age', async () => {
  const { body: { rows } } = await get(`/by-cluster/apis/${GROUP}/v1/widgets`, TABLE), ages = rows.map(({ cells }) => cells[1])
  expect(ages).toEqual([expect.stringMatching(/^6\ds$/), '<invalid>'])
})
