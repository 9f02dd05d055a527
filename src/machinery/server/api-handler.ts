import type { Clock } from '../../lib/clock.ts'
import { requestInfo } from '../auth/request-info.ts'
import type { Handler, Request, Response } from '../meta/core.ts'
import { StatusError } from '../meta/status-error.ts'
import type { Catalog } from './catalog.ts'
import { discover } from './discovery.ts'
import type { HealthChecks } from './health.ts'
import { negotiate } from './negotiation.ts'
import type { ServerMetrics } from './metrics.ts'
import type { OpenApiProvider } from './openapi.ts'
import { serveOpenApi } from './openapi.ts'
import { pageNotFound, respond } from './respond.ts'
import { apiVersionOf } from './shape.ts'

export interface ApiOptions {
  readonly catalog: Catalog
  /** Everything below a group's version: `resourceHandler`. */
  readonly resources: Handler
  readonly clock: Clock
  readonly version: object
  /** Absent: no /openapi. */
  readonly openApi?: OpenApiProvider
  /** Absent: no /healthz, /livez, /readyz. */
  readonly health?: HealthChecks
  /** Absent: no /metrics. */
  readonly metrics?: ServerMetrics
}

/** A Kubernetes API root: resources, discovery, OpenAPI, version and health. It knows no prefix: whoever mounts it takes that off. */
export function apiHandler(options: ApiOptions): Handler {
  return async (request, signal) => {
    const info = requestInfo(request.method, request.path, request.query)
    if (info.isResource) return options.resources(request, signal)
    const segments = info.path.split('/').filter((segment) => segment !== '')
    if (request.method === 'GET') return document(segments, request, options, signal)
    const [first = ''] = segments
    if (request.method === 'HEAD') return { ...(await document(segments, request, options, signal)), body: new Uint8Array() }
    if (first === 'api' || first === 'apis') throw new StatusError('MethodNotAllowed', 'the server does not allow this method on the requested resource', { details: {} })
    return pageNotFound()
  }
}

async function document(segments: readonly string[], request: Request, options: ApiOptions, signal: AbortSignal): Promise<Response> {
  const { catalog, clock, version, openApi, health, metrics } = options
  switch (segments[0]) {
    case undefined: return respond(200, { paths: paths(options) }, negotiate(request))
    case 'api': case 'apis': return discover(catalog, segments, request)
    case 'version': return segments.length === 1 ? respond(200, version, negotiate(request)) : pageNotFound()
    case 'openapi': return openApi ? serveOpenApi(openApi, segments, request, clock, signal) : pageNotFound()
    case 'healthz': case 'livez': case 'readyz': return health ? health.serve(segments, request, signal) : pageNotFound()
    case 'metrics': return metrics ? metrics.serve(segments) : pageNotFound()
    default: return pageNotFound()
  }
}

function paths({ catalog, openApi, health, metrics }: ApiOptions): readonly string[] {
  const groups = catalog.groups().flatMap(({ name, versions }) => {
    const root = name ? `/apis/${name}` : '/api'
    return [root, ...versions.map(({ version }) => (name ? `/apis/${apiVersionOf({ group: name, version })}` : `/api/${version}`))]
  })
  return ['/apis', ...groups, '/version', ...(openApi ? ['/openapi/v2', '/openapi/v3'] : []), ...(health ? ['/healthz', '/livez', '/readyz'] : []), ...(metrics ? ['/metrics', '/metrics/slis'] : [])].sort()
}
