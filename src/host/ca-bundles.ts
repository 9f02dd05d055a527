import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import { patchJson } from '../machinery/client/json-client.ts'
import { RemoteReader } from '../machinery/client/remote-reader.ts'
import type { Batch, Handler, KubeObject } from '../machinery/meta/core.ts'
import { isReason } from '../machinery/meta/status-error.ts'

interface ApiService extends KubeObject { spec?: { caBundle?: string; insecureSkipTLSVerify?: boolean; service?: { namespace?: string; name?: string } } }

interface CaBundleOptions {
  readonly host: Handler
  /** The Service that our APIServices name. */
  readonly service: { readonly namespace: string; readonly name: string }
  /** PEM, as it is now. */
  readonly bundle: () => string
  readonly clock: Clock
  readonly logger: Logger
}

const AGAIN_MS = 60_000

/** Keeps `caBundle` of every APIService that leads to our Service at our own authority, until the signal aborts: the host then trusts exactly this server. */
export async function keepCaBundles(options: CaBundleOptions, signal: AbortSignal): Promise<void> {
  const { host, clock, logger } = options, reader = new RemoteReader({ group: 'apiregistration.k8s.io', version: 'v1', plural: 'apiservices', namespaced: false }, host, { clock })
  while (!signal.aborted) {
    // Each turn lasts a minute: a renewed authority is written then.
    const turn = new AbortController(), end = () => turn.abort()
    signal.addEventListener('abort', end)
    const over = clock.sleep(AGAIN_MS, turn.signal).then(end)
    try {
      for await (const batch of reader.watch({ initial: true }, turn.signal)) await correct(batch, options, turn.signal)
    } catch (error) {
      if (!turn.signal.aborted) logger.warn({ error }, `caBundle of the APIServices cannot be kept current: ${error instanceof Error ? error.message : String(error)}`)
    }
    await over
    signal.removeEventListener('abort', end)
  }
}

async function correct(batch: Batch, { host, service, bundle, logger }: CaBundleOptions, signal: AbortSignal): Promise<void> {
  const wanted = Buffer.from(bundle()).toString('base64')
  for (const change of batch) {
    if (change.type === 'BOOKMARK' || change.type === 'DELETED') continue
    const { spec = {} } = change.entry.parse() as ApiService
    if (spec.service?.namespace !== service.namespace || spec.service.name !== service.name || (spec.caBundle === wanted && !spec.insecureSkipTLSVerify)) continue
    try {
      await patchJson(host, `/apis/apiregistration.k8s.io/v1/apiservices/${encodeURIComponent(change.entry.key)}`, { spec: { caBundle: wanted, insecureSkipTLSVerify: null } }, signal)
      logger.info({ apiService: change.entry.key }, `APIService ${change.entry.key} trusts this server's authority now`)
    } catch (error) {
      if (!isReason(error, 'NotFound')) throw error
    }
  }
}
