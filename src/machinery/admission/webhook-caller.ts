import { connect, type MemberConnection } from '../client/connect.ts'
import { postJson } from '../client/json-client.ts'
import { StatusError } from '../meta/status-error.ts'
import type { WebhookClient, WebhookDeclaration } from './webhook.ts'

/** Where the requests to a service go, `host:port`; its certificate is checked for `<name>.<namespace>.svc` all the same. */
export type ServiceResolver = (service: { readonly namespace: string; readonly name: string; readonly port: number }) => string

const DEFAULT_TIMEOUT_SECONDS = 10, MAX_CONNECTIONS = 100
const clusterDns: ServiceResolver = ({ namespace, name, port }) => `${name}.${namespace}.svc:${port}`

/** Calls webhooks over connections that are kept, one for each address and bundle. */
export class WebhookCaller {
  readonly #resolve: ServiceResolver
  readonly #connections = new Map<string, MemberConnection>()

  constructor(resolve: ServiceResolver = clusterDns) { this.#resolve = resolve }

  /** The answer, whatever it is. Errors: Error worded as Go's client does: `failed to call webhook: Post "https://…": …`. */
  async call({ clientConfig, timeoutSeconds = DEFAULT_TIMEOUT_SECONDS }: WebhookDeclaration, review: unknown, signal: AbortSignal): Promise<unknown> {
    const { url, shown } = this.#address(clientConfig), limit = AbortSignal.timeout(timeoutSeconds * 1000), query = new URLSearchParams(url.search)
    query.set('timeout', `${timeoutSeconds}s`)
    const named = `Post "${shown.origin}${shown.pathname}?${query.toString()}"`
    try {
      return await postJson(this.#connection(url, clientConfig).handler, `${url.pathname}?${query.toString()}`, review, AbortSignal.any([signal, limit]))
    } catch (error) {
      signal.throwIfAborted()
      if (limit.aborted) throw new Error(`failed to call webhook: ${named}: context deadline exceeded`, { cause: error })
      if (error instanceof StatusError && error.reason !== 'ServiceUnavailable') throw new Error(`failed to call webhook: ${error.message}`, { cause: error })
      throw new Error(`failed to call webhook: ${named}: ${(error as Error).message}`, { cause: error })
    }
  }

  async close(): Promise<void> {
    const open = [...this.#connections.values()]
    this.#connections.clear()
    await Promise.all(open.map((connection) => connection.close()))
  }

  /** `shown` is what messages name. */
  #address({ url, service }: WebhookClient): { readonly url: URL; readonly shown: URL } {
    if (url !== undefined) { const parsed = new URL(url); return { url: parsed, shown: parsed } }
    if (!service) throw new Error('failed to call webhook: neither url nor service is set')
    const { namespace, name, path = '/', port = 443 } = service, rest = path.startsWith('/') ? path : `/${path}`
    return { url: new URL(`https://${this.#resolve({ namespace, name, port })}${rest}`), shown: new URL(`https://${clusterDns({ namespace, name, port })}${rest}`) }
  }

  #connection(url: URL, { service, caBundle }: WebhookClient): MemberConnection {
    const serverName = service && `${service.name}.${service.namespace}.svc`, key = JSON.stringify([url.origin, serverName, caBundle]), known = this.#connections.get(key)
    if (known) return known
    // Those that are no longer configured go with the oldest.
    if (this.#connections.size >= MAX_CONNECTIONS) {
      const [oldest, connection] = this.#connections.entries().next().value!
      this.#connections.delete(oldest)
      void connection.drain()
    }
    const made = connect({ server: url.origin, requestTimeoutMs: 30_000, ...(caBundle && { ca: Buffer.from(caBundle, 'base64').toString() }), ...(serverName && { serverName }) })
    this.#connections.set(key, made)
    return made
  }
}
