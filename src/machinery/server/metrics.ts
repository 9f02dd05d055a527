/** What Prometheus reads at /metrics, under the names that kube-apiserver gives (apiserver/pkg/endpoints/metrics/metrics.go), so that its dashboards and alerts apply. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Clock } from '../../lib/clock.ts'
import type { RequestInfo } from '../auth/request-info.ts'
import { requestInfo } from '../auth/request-info.ts'
import type { Request, Response } from '../meta/core.ts'
import { header } from '../meta/headers.ts'
import type { Catalog } from './catalog.ts'
import { findResource } from './catalog.ts'
import type { Filter } from './filter.ts'
import type { HealthChecks } from './health.ts'
import { isLongRunning } from './long-running.ts'
import { pageNotFound } from './respond.ts'

const TARGET = ['verb', 'group', 'version', 'resource', 'subresource', 'scope', 'component'] as const
const DURATION_BUCKETS = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60], SIZE_BUCKETS = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]
const READING = new Set(['get', 'list', 'watch', 'head', 'options'])

type Labels = Readonly<Record<(typeof TARGET)[number], string>>

export class ServerMetrics {
  /** For what other parts measure. */
  readonly registry = new Registry()
  readonly #slis = new Registry()
  readonly #clock: Clock
  readonly #total: Counter
  readonly #duration: Histogram
  readonly #sizes: Histogram
  readonly #longRunning: Gauge
  readonly #inFlight: Gauge
  readonly #watchEvents: Counter

  constructor(clock: Clock) {
    this.#clock = clock
    const registers = [this.registry]
    this.#total = new Counter({ name: 'apiserver_request_total', help: 'Requests answered, by what was asked and how it was answered.', labelNames: [...TARGET, 'dry_run', 'code'], registers })
    this.#duration = new Histogram({ name: 'apiserver_request_duration_seconds', help: 'Time until the last byte of an answer; watches and connections excepted.', labelNames: [...TARGET, 'dry_run'], buckets: DURATION_BUCKETS, registers })
    this.#sizes = new Histogram({ name: 'apiserver_response_sizes', help: 'Bytes of an answer, as sent.', labelNames: TARGET, buckets: SIZE_BUCKETS, registers })
    this.#longRunning = new Gauge({ name: 'apiserver_longrunning_requests', help: 'Watches and connections that are open.', labelNames: TARGET, registers })
    this.#inFlight = new Gauge({ name: 'apiserver_current_inflight_requests', help: 'Requests being answered, watches and connections excepted.', labelNames: ['request_kind'], registers })
    this.#watchEvents = new Counter({ name: 'apiserver_watch_events_total', help: 'Events sent to watchers.', labelNames: ['group', 'version', 'resource'], registers })
    for (const request_kind of ['readOnly', 'mutating']) this.#inFlight.set({ request_kind }, 0)
  }

  /**
   * Measures what passes; belongs outside everything that may refuse. Labels come from `catalog`, never from the path: whoever asks for what is not there cannot make new ones.
   * `component`: which API this is, that of the server or of a fleet in it.
   */
  filter(catalog: Catalog, component: string): Filter {
    return (next) => async (request, signal) => {
      const start = this.#clock.now(), info = infoOf(request), labels = labelsOf(catalog, info, request, component)
      if (info && isLongRunning(info)) return this.#long(await next(request, signal), info, labels, request)
      const kind = { request_kind: READING.has(info?.verb ?? 'get') ? 'readOnly' : 'mutating' }, dry_run = request.query.getAll('dryRun').includes('All') ? 'All' : ''
      let isOver = false
      const over = (bytes: number | undefined, code: number) => {
        if (isOver) return
        isOver = true
        this.#inFlight.dec(kind)
        this.#total.inc({ ...labels, dry_run, code: String(code) })
        this.#duration.observe({ ...labels, dry_run }, (this.#clock.now() - start) / 1000)
        if (bytes !== undefined && READING.has(info?.verb ?? '')) this.#sizes.observe(labels, bytes)
      }
      this.#inFlight.inc(kind)
      try {
        const response = await next(request, signal), { body, status } = response
        if (body instanceof Uint8Array) { over(body.length, status); return response }
        // A body that nobody reads never ends: the connection's end does.
        signal.addEventListener('abort', () => over(undefined, status), { once: true })
        return { ...response, body: counted(body, () => undefined, (bytes) => over(bytes, status)) }
      } catch (error) {
        over(undefined, 500)
        throw error
      }
    }
  }

  /** How many objects a store holds, looked up when asked. */
  storedObjects(count: () => Promise<readonly { readonly group: string; readonly resource: string; readonly objects: number }[]>): void {
    this.registry.registerMetric(new Gauge({
      name: 'apiserver_storage_objects', help: 'Objects in the store, by resource; -1 while it does not answer.', labelNames: ['group', 'resource'], registers: [],
      async collect() {
        this.reset()
        for (const { group, resource, objects } of await count()) this.set({ group, resource }, objects)
      },
    }))
  }

  /** /metrics/slis: the outcome of every health check when it was last asked (component-base/metrics/prometheus/slis). */
  healthOf(checks: HealthChecks): void {
    const registers = [this.#slis], labelNames = ['name', 'type']
    const state = new Gauge({ name: 'kubernetes_healthcheck', help: 'Result of a health check: 1 it passes.', labelNames, registers }), total = new Counter({ name: 'kubernetes_healthchecks_total', help: 'Results of health checks.', labelNames: [...labelNames, 'status'], registers })
    checks.onResult((name, type, passes) => {
      state.set({ name, type }, passes ? 1 : 0)
      total.inc({ name, type, status: passes ? 'success' : 'error' })
    })
  }

  /** GET of /metrics and /metrics/slis. `segments`: the decoded path. */
  async serve(segments: readonly string[]): Promise<Response> {
    const registry = segments.length === 1 ? this.registry : segments.length === 2 && segments[1] === 'slis' ? this.#slis : undefined
    if (!registry) return pageNotFound()
    const bytes = Buffer.from(await registry.metrics())
    return { status: 200, headers: [['content-type', registry.contentType], ['content-length', String(bytes.length)]], body: bytes }
  }

  /** Counted as open while its stream lasts. */
  #long(response: Response, { verb, group, version }: RequestInfo, labels: Labels, request: Request): Response {
    this.#total.inc({ ...labels, dry_run: '', code: String(response.status === 101 ? 0 : response.status) })
    const { body } = response, events = verb === 'watch' && labels.resource !== '' && header(request.headers, 'upgrade') === undefined ? this.#watchEvents.labels({ group, version, resource: labels.resource }) : undefined
    if (body instanceof Uint8Array) return response
    this.#longRunning.inc(labels)
    return { ...response, body: counted(body, (chunk) => events?.inc(linesIn(chunk)), () => this.#longRunning.dec(labels)) }
  }
}

/** `over` is called once the body has ended, whichever way, with its bytes. A body that is never read never began. */
async function* counted(body: AsyncIterable<Uint8Array>, each: (chunk: Uint8Array) => void, over: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  let bytes = 0
  try {
    for await (const chunk of body) {
      bytes += chunk.length
      each(chunk)
      yield chunk
    }
  } finally {
    over(bytes)
  }
}

const lines = new WeakMap<Uint8Array, number>()

/** Events are lines. All watchers of a batch are handed the same bytes, so they are counted once. */
function linesIn(chunk: Uint8Array): number {
  const known = lines.get(chunk)
  if (known !== undefined) return known
  let count = 0
  for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) count++
  lines.set(chunk, count)
  return count
}

function infoOf({ method, path, query }: Request): RequestInfo | undefined {
  try {
    return requestInfo(method, path, query)
  } catch {
    // The handler says what is wrong with the path; it is counted as no resource.
    return undefined
  }
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'CONNECT']), APPLY = /^application\/apply-patch\+/

function labelsOf(catalog: Catalog, info: RequestInfo | undefined, request: Request, component: string): Labels {
  const method = METHODS.has(request.method) ? request.method : 'other', nothing = { group: '', version: '', resource: '', subresource: '', scope: '', component }
  if (!info?.isResource) return { verb: method, ...nothing }
  const found = findResource(catalog.groups(), info.group, info.version, info.resource), verb = verbOf(info.verb, request, method)
  if (!found) return { verb, ...nothing }
  const { group, version, resource, subresource, name, namespace } = info, isConnection = Object.hasOwn(found.connect ?? {}, subresource), isKnown = subresource === '' || subresource === 'status' || subresource === 'scale' || isConnection
  return { verb: isConnection ? 'CONNECT' : verb, group, version, resource, subresource: isKnown ? subresource : 'other', scope: name !== '' ? 'resource' : namespace !== '' ? 'namespace' : 'cluster', component }
}

function verbOf(verb: string, { headers }: Request, method: string): string {
  if (verb === 'list' || verb === 'watch' || verb === 'deletecollection') return verb.toUpperCase()
  return method === 'PATCH' && APPLY.test(header(headers, 'content-type') ?? '') ? 'APPLY' : method
}
