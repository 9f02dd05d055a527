import { loadAll } from 'js-yaml'
import { createAuthority, issueCertificate } from '../../src/host/certificates.ts'
import { type CustomKind, customKind } from '../../src/kinds/custom-kind.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { type Logger, silentLogger } from '../../src/lib/logger.ts'
import { union } from '../../src/machinery/auth/authenticator.ts'
import { clientCertificates } from '../../src/machinery/auth/client-certificate.ts'
import type { Handler, Resource, Storage } from '../../src/machinery/meta/core.ts'
import { nameSuffix } from '../../src/machinery/meta/generate-name.ts'
import { header } from '../../src/machinery/meta/headers.ts'
import { StatusError } from '../../src/machinery/meta/status-error.ts'
import { createStoredResource } from '../../src/machinery/registry/stored-resource.ts'
import type { ApiGroup } from '../../src/machinery/server/catalog.ts'
import type { ConnectionLimits } from '../../src/machinery/server/connection-limits.ts'
import { serveHttps } from '../../src/machinery/server/http-server.ts'
import { MemoryStorage } from '../../src/machinery/storage/memory-storage.ts'
import { startKinds } from '../../src/main/kinds-server.ts'
import { builtInKinds } from '../../src/simulation/built-in-kinds.ts'
import { Client } from './exchange.ts'
import { fixture } from './recorded-script.ts'
import { StandInHost } from './stand-in-host.ts'

const EARLIER_REVISIONS = 50
/** Those of the recordings, as simulated members have them: their schemas and the defaults that the schemas do not say. */
const BUILT_IN = ['ConfigMap', 'Deployment']

const kindsOf = (name: string) => loadAll(fixture(name)).map(customKind)
/** What a server has compiled in takes strategic merge patches; a definition has no words for that. */
const compiledIn = ({ stored, served }: CustomKind): CustomKind => ({ stored: { ...stored, strategicMerge: true }, served: served.map((kind) => ({ ...kind, strategicMerge: true })) })
const groupsOf = (resources: readonly Resource[]): ApiGroup[] => resources.map((resource) => ({ name: resource.kind.group, versions: [{ version: resource.kind.version, resources: [resource] }] }))

export interface ServedKinds {
  readonly client: Client
  readonly host: StandInHost
  /** What the port serves, without it. */
  readonly handler: Handler
  readonly storage: Storage
  readonly port: number
  readonly credentials: { readonly ca: string; readonly cert: string; readonly key: string }
  readonly close: () => Promise<void>
}

/** The kinds of the fixtures, and Kubernetes' own where they are asked for, on a port of their own, with a store that has forgotten its first revisions. Serves until the signal aborts. */
export async function serveFixtures(signal: AbortSignal, { logger = silentLogger, limits }: { readonly logger?: Logger; readonly limits?: ConnectionLimits } = {}): Promise<(withBuiltIn?: boolean) => Promise<ServedKinds>> {
  const now = systemClock.now(), authority = await createAuthority('conformance', { now }), serving = await issueCertificate(authority, { commonName: 'server', names: ['127.0.0.1'] }, { now })
  const administrator = await issueCertificate(authority, { commonName: 'admin', organizations: ['system:masters'] }, { now }), kinds = [...['widget-crd.yaml', 'gadget-crd.yaml'].flatMap(kindsOf), ...kindsOf('flunder-crd.yaml').map(compiledIn)], builtIn = (await builtInKinds()).filter(({ kind }) => BUILT_IN.includes(kind))
  return async (withBuiltIn = false) => {
    const stopping = new AbortController(), inner = AbortSignal.any([signal, stopping.signal]), storage = new MemoryStorage(), host = new StandInHost(fixture('rbac.yaml'))
    for (let revision = 1; revision <= EARLIER_REVISIONS; revision++) await storage.commit('/before', Buffer.from('{}'), revision - 1, inner)
    await storage.compact(EARLIER_REVISIONS, inner)
    const { handler, upgrader } = await startKinds({
      kinds, storage, host: { authenticator: union([clientCertificates(() => authority.certificate, () => systemClock.now()), noTokens]), authorizer: host.authorizer, frontProxy: () => undefined }, namespaces: host.guard, ownGroups: withBuiltIn ? groupsOf(builtIn.map((kind) => createStoredResource(kind, storage, { clock: systemClock, randomUuid: () => crypto.randomUUID(), randomSuffix: () => nameSuffix(Math.random), namespaces: host.guard, logger: silentLogger }, inner))) : [],
      clock: systemClock, random: Math.random, randomUuid: () => crypto.randomUUID(), logger, programVersion: '0.0.0',
    }, inner)
    const server = await serveHttps({ handler, upgrader, tls: { cert: serving.certificate + authority.certificate, key: serving.key }, address: '127.0.0.1', port: 0, logger, clock: systemClock, ...(limits && { limits }) }, inner)
    const credentials = { ca: authority.certificate, cert: administrator.certificate, key: administrator.key }, client = new Client(server.port, credentials)
    return { client, host, handler, storage, port: server.port, credentials, close: async () => { client.close(); stopping.abort(); await server.shutdown(0); await storage.close() } }
  }
}

const noTokens = { authenticate: ({ headers }: { headers: Parameters<typeof header>[0] }) => (header(headers, 'authorization') === undefined ? Promise.resolve(undefined) : Promise.reject(new StatusError('Unauthorized', 'no token is known'))) }
