import type { Logger } from '../../lib/logger.ts'
import type { Request, Response } from '../meta/core.ts'
import { pageNotFound, respondText } from './respond.ts'

/** Throws where something is wrong. What exactly stays out of the answer: anyone may ask. */
export type HealthCheck = (signal: AbortSignal) => void | Promise<void>
const ENDPOINTS = ['healthz', 'livez', 'readyz'] as const
type Endpoint = (typeof ENDPOINTS)[number]

/** Named checks that the server's parts register, answered at /healthz, /livez and /readyz (apiserver/pkg/server/healthz). */
export class HealthChecks {
  readonly #checks = new Map<string, { readonly check: HealthCheck; readonly endpoints: readonly Endpoint[] }>([['ping', { check: () => undefined, endpoints: ENDPOINTS }]])
  #stopping = false
  #told: (name: string, endpoint: string, passes: boolean) => void = () => undefined
  readonly #logger: Logger

  constructor(logger: Logger) { this.#logger = logger }

  /** `endpoints`: where the check counts. A server that cannot serve is not ready; only one that cannot recover is not alive. */
  register(name: string, check: HealthCheck, endpoints: readonly Endpoint[] = ENDPOINTS): void { this.#checks.set(name, { check, endpoints }) }

  /** Told the result of every check when it is asked; one listener. */
  onResult(listener: (name: string, endpoint: string, passes: boolean) => void): void { this.#told = listener }

  /** From now on this server is not ready, but alive: load balancers send new requests elsewhere. */
  stop(): void { this.#stopping = true }
  get isStopping(): boolean { return this.#stopping }

  /** `segments`: the decoded path. */
  async serve(segments: readonly string[], request: Request, signal: AbortSignal): Promise<Response> {
    const [first, name, ...rest] = segments, endpoint = ENDPOINTS.find((known) => known === first), checks = this.#of(endpoint)
    if (!endpoint || rest.length > 0) return pageNotFound()
    if (name === undefined) return this.#all(endpoint, checks, request.query, signal)
    const check = checks.get(name)
    if (!check) return pageNotFound()
    return (await this.#passes(name, endpoint, check, signal)) ? { status: 200, headers: [['content-type', 'text/plain; charset=utf-8'], ['content-length', '2']], body: Buffer.from('ok') } : respondText(500, 'internal server error: reason withheld\n')
  }

  #of(endpoint: Endpoint | undefined): ReadonlyMap<string, HealthCheck> {
    const own = [...this.#checks].flatMap(([name, { check, endpoints }]) => (endpoint && endpoints.includes(endpoint) ? [[name, check] as const] : []))
    const shutdown: HealthCheck = () => { if (this.#stopping) throw new Error('process is shutting down') }
    return new Map([...own, ...(endpoint === 'readyz' ? [['shutdown', shutdown] as const] : [])])
  }

  async #all(endpoint: Endpoint, checks: ReadonlyMap<string, HealthCheck>, query: URLSearchParams, signal: AbortSignal): Promise<Response> {
    const excluded = new Set(query.getAll('exclude').filter((name) => name !== ''))
    const results = await Promise.all([...checks].map(async ([name, check]) => ({ name, state: excluded.delete(name) ? 'excluded: ok' : (await this.#passes(name, endpoint, check, signal)) ? 'ok' : 'failed: reason withheld' })))
    const lines = results.map(({ name, state }) => `[${state.startsWith('failed') ? '-' : '+'}]${name} ${state}\n`)
    if (excluded.size > 0) lines.push(`warn: some health checks cannot be excluded: no matches for ${[...excluded].map((name) => JSON.stringify(name)).join(', ')}\n`)
    if (results.some(({ state }) => state.startsWith('failed'))) return respondText(500, `${lines.join('')}${endpoint} check failed\n`)
    return respondText(200, query.has('verbose') ? `${lines.join('')}${endpoint} check passed\n` : 'ok')
  }

  async #passes(name: string, endpoint: Endpoint, check: HealthCheck, signal: AbortSignal): Promise<boolean> {
    try {
      await check(signal)
      this.#told(name, endpoint, true)
      return true
    } catch (error) {
      this.#told(name, endpoint, false)
      this.#logger.warn({ check: name, error: error instanceof Error ? error.message : error }, 'health check failed')
      return false
    }
  }
}
