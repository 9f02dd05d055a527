import { expect, test } from 'vitest'
import { systemClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/logger.ts'
import { defineKind } from '../meta/define-kind.ts'
import type { Handler, Headers, KubeObject, Resource } from '../meta/core.ts'
import { StatusError } from '../meta/status-error.ts'
import { recover } from './filters/recover.ts'
import { compose } from './filter.ts'
import { HealthChecks } from './health.ts'
import { ServerMetrics } from './metrics.ts'

const kind = defineKind<KubeObject>({ group: 'example.com', version: 'v1', kind: 'Thing', plural: 'things', scope: 'Namespaced', schema: { type: 'object' }, columns: [] })
const groups = [{ name: 'example.com', versions: [{ version: 'v1', resources: [{ kind, reader: {} } as unknown as Resource] }] }], signal = new AbortController().signal
async function* body(...texts: string[]): AsyncGenerator<Uint8Array> { for (const text of texts) yield Buffer.from(text) }
const answer: Handler = ({ path, query }) => {
  if (path.endsWith('/refused')) throw new StatusError('Conflict', 'no')
  return Promise.resolve({ status: 200, headers: [], body: query.has('watch') ? body('{}\n{}\n', '{}\n') : query.has('streamed') ? body('abc', 'de') : Buffer.from('abc') })
}
const THINGS = '/apis/example.com/v1/namespaces/n/things'

async function measured(requests: readonly { method?: string; path: string; query?: string; headers?: Headers }[]): Promise<readonly string[]> {
  const metrics = new ServerMetrics(systemClock), handler = compose([metrics.filter({ groups: () => groups }, 'apiserver'), recover(silentLogger)], answer)
  for (const { method = 'GET', path, query = '', headers = [] } of requests) {
    const response = await handler({ method, path, query: new URLSearchParams(query), headers }, signal)
    if (!(response.body instanceof Uint8Array)) for await (const chunk of response.body) void chunk
  }
  const { body: text } = await metrics.serve(['metrics'])
  return Buffer.from(text as Uint8Array).toString().split('\n')
}
const LABELS = 'group="example.com",version="v1",resource="things"'

test.each([
  ['a list', [{ path: THINGS }], `apiserver_request_total{verb="LIST",${LABELS},subresource="",scope="namespace",component="apiserver",dry_run="",code="200"} 1`],
  ['a refusal', [{ path: `${THINGS}/refused`, method: 'PUT', query: 'dryRun=All' }], `apiserver_request_total{verb="PUT",${LABELS},subresource="",scope="resource",component="apiserver",dry_run="All",code="409"} 1`],
  ['an apply', [{ path: `${THINGS}/a`, method: 'PATCH', headers: [['content-type', 'application/apply-patch+yaml']] as const }], `apiserver_request_total{verb="APPLY",${LABELS},subresource="",scope="resource",component="apiserver",dry_run="",code="200"} 1`],
  ['bytes of a stream', [{ path: THINGS, query: 'streamed' }], `apiserver_response_sizes_sum{verb="LIST",${LABELS},subresource="",scope="namespace",component="apiserver"} 5`],
  ['events of a watch', [{ path: THINGS, query: 'watch=1' }], `apiserver_watch_events_total{${LABELS}} 3`],
  ['no watch is left open', [{ path: THINGS, query: 'watch=1' }], `apiserver_longrunning_requests{verb="WATCH",${LABELS},subresource="",scope="namespace",component="apiserver"} 0`],
  ['nothing in flight', [{ path: THINGS }, { path: `${THINGS}/refused` }], 'apiserver_current_inflight_requests{request_kind="readOnly"} 0'],
])('%s', async (_, requests, line) => { expect(await measured(requests)).toContain(line) })

test('whoever asks for what is not there makes no new labels', async () => {
  const lines = await measured([{ path: '/apis/a/b/c' }, { path: '/apis/d/e/f/g' }, { path: `${THINGS}/a/nonsense` }, { path: '/%zz', method: 'BREW' }])
  expect(lines.filter((line) => line.startsWith('apiserver_request_total{')).map((line) => /verb="(\w+)",.*resource="(\w*)",subresource="(\w*)"/.exec(line)!.slice(1))).toEqual([['LIST', '', ''], ['GET', '', ''], ['GET', 'things', 'other'], ['other', '', '']])
})

test('health checks and stored objects', async () => {
  const metrics = new ServerMetrics(systemClock), health = new HealthChecks(silentLogger)
  metrics.healthOf(health)
  metrics.storedObjects(() => Promise.resolve([{ group: 'example.com', resource: 'things', objects: 7 }]))
  health.register('bad', () => { throw new Error('x') }, ['readyz'])
  await health.serve(['readyz'], { method: 'GET', path: '/readyz', query: new URLSearchParams(), headers: [] }, signal)
  const text = Buffer.from((await metrics.serve(['metrics', 'slis'])).body as Uint8Array).toString(), other = Buffer.from((await metrics.serve(['metrics'])).body as Uint8Array).toString()
  expect(text).toContain('kubernetes_healthcheck{name="bad",type="readyz"} 0')
  expect(text).toContain('kubernetes_healthchecks_total{name="ping",type="readyz",status="success"} 1')
  expect(other).toContain('apiserver_storage_objects{group="example.com",resource="things"} 7')
  expect((await metrics.serve(['metrics', 'other'])).status).toBe(404)
})
