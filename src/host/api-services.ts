import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import { deleteJson, getJson, postJson } from '../machinery/client/json-client.ts'
import type { Handler, KubeObject } from '../machinery/meta/core.ts'
import { ignoring } from '../machinery/meta/status-error.ts'

interface ApiService extends KubeObject { spec?: { group?: string; version?: string; caBundle?: string; insecureSkipTLSVerify?: boolean; service?: { namespace?: string; name?: string; port?: number } } }

interface ApiServicesOptions {
  readonly host: Handler
  /** The Service that leads to this server. */
  readonly service: { readonly namespace: string; readonly name: string }
  /** The group versions that come and go, as they are now; undefined: not this replica's business. */
  readonly wanted: () => readonly { readonly group: string; readonly version: string }[] | undefined
  /** Resolves once `wanted` may have changed. */
  readonly changed: (signal: AbortSignal) => Promise<void>
  readonly clock: Clock
  readonly logger: Logger
}

const PATH = '/apis/apiregistration.k8s.io/v1/apiservices', AGAIN_MS = 60_000
/** The registration that an administrator made: whatever leads there leads to the others. */
const MODEL = 'v1alpha1.cluster.federation'
/** On registrations that this server made. No others are ever removed. */
const MADE_LABEL = 'cluster.federation/made-by'

/** Registers the groups of custom kinds with the host, and takes the registrations away again, until the signal aborts. Their authority is kept current with that of all others. */
export async function keepApiServices(options: ApiServicesOptions, signal: AbortSignal): Promise<void> {
  const { changed, clock, logger } = options
  while (!signal.aborted) {
    const turn = new AbortController(), inner = AbortSignal.any([signal, turn.signal])
    // Before looking: what changes meanwhile ends the turn.
    const over = Promise.race([changed(inner), clock.sleep(AGAIN_MS, inner)])
    try { await correct(options, signal) } catch (error) {
      if (!signal.aborted) logger.warn({ error: String(error) }, `the groups of custom kinds cannot be registered with the host: ${error instanceof Error ? error.message : String(error)}`)
    }
    await over
    turn.abort()
  }
}

async function correct({ host, service, wanted, logger }: ApiServicesOptions, signal: AbortSignal): Promise<void> {
  const groups = wanted()
  if (!groups) return
  const { items } = await getJson<{ items: ApiService[] }>(host, PATH, signal), model = items.find(({ metadata }) => metadata.name === MODEL), known = new Set(items.map(({ metadata: { name } }) => name)), names = new Set(groups.map(nameOf))
  const isOurs = ({ metadata, spec }: ApiService) => metadata.labels?.[MADE_LABEL] === service.name && spec?.service?.namespace === service.namespace && spec.service.name === service.name
  for (const { metadata: { name = '', uid }, spec } of items.filter((item) => isOurs(item) && !names.has(item.metadata.name ?? ''))) {
    await ignoring('NotFound', () => deleteJson(host, `${PATH}/${encodeURIComponent(name)}`, { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid } }, signal))
    logger.info({ apiService: name }, `APIService ${name} is gone: nothing of ${spec?.group ?? ''} is distributed any more`)
  }
  if (!model?.spec) return
  const { spec: { service: way, caBundle, insecureSkipTLSVerify } } = model
  for (const { group, version } of groups.filter((one) => !known.has(nameOf(one)))) {
    const name = nameOf({ group, version })
    await ignoring('AlreadyExists', () => postJson(host, PATH, {
      apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService', metadata: { name, labels: { [MADE_LABEL]: service.name } },
      spec: { group, version, service: way, groupPriorityMinimum: 1000, versionPriority: 15, ...(caBundle && { caBundle }), ...(insecureSkipTLSVerify && { insecureSkipTLSVerify }) },
    }, signal))
    logger.info({ apiService: name }, `APIService ${name} was registered`)
  }
}

const nameOf = ({ group, version }: { readonly group: string; readonly version: string }) => `${version}.${group}`
