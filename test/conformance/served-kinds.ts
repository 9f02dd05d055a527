import { loadAll } from 'js-yaml'
import { createAuthority, issueCertificate } from '../../src/host/certificates.ts'
import { customKind } from '../../src/kinds/custom-kind.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { type Logger, silentLogger } from '../../src/lib/logger.ts'
import { union } from '../../src/machinery/auth/authenticator.ts'
import { clientCertificates } from '../../src/machinery/auth/client-certificate.ts'
import type { Handler, Storage } from '../../src/machinery/meta/core.ts'
import { header } from '../../src/machinery/meta/headers.ts'
import { StatusError } from '../../src/machinery/meta/status-error.ts'
import type { ConnectionLimits } from '../../src/machinery/server/connection-limits.ts'
import { serveHttps } from '../../src/machinery/server/http-server.ts'
import { MemoryStorage } from '../../src/machinery/storage/memory-storage.ts'
import { startKinds } from '../../src/main/kinds-server.ts'
import { Client } from './exchange.ts'
import { fixture } from './recorded-script.ts'
import { StandInHost } from './stand-in-host.ts'

const EARLIER_REVISIONS = 50

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

/** The kinds of the fixtures on a port of their own, with a store that has forgotten its first revisions. Serves until the signal aborts. */
export async function serveFixtures(signal: AbortSignal, { logger = silentLogger, limits }: { readonly logger?: Logger; readonly limits?: ConnectionLimits } = {}): Promise<() => Promise<ServedKinds>> {
  const now = systemClock.now(), authority = await createAuthority('conformance', { now }), serving = await issueCertificate(authority, { commonName: 'server', names: ['127.0.0.1'] }, { now })
  const administrator = await issueCertificate(authority, { commonName: 'admin', organizations: ['system:masters'] }, { now }), kinds = ['widget-crd.yaml', 'gadget-crd.yaml', 'flunder-crd.yaml'].flatMap((name) => loadAll(fixture(name)).map(customKind))
  return async () => {
    const stopping = new AbortController(), inner = AbortSignal.any([signal, stopping.signal]), storage = new MemoryStorage(), host = new StandInHost(fixture('rbac.yaml'))
    for (let revision = 1; revision <= EARLIER_REVISIONS; revision++) await storage.commit('/before', Buffer.from('{}'), revision - 1, inner)
    await storage.compact(EARLIER_REVISIONS, inner)
    const { handler, upgrader } = await startKinds({
      kinds, storage, host: { authenticator: union([clientCertificates(() => authority.certificate, () => systemClock.now()), noTokens]), authorizer: host.authorizer, frontProxy: () => undefined }, namespaces: host.guard, ownGroups: [],
      clock: systemClock, random: Math.random, randomUuid: () => crypto.randomUUID(), logger, programVersion: '0.0.0',
    }, inner)
    const server = await serveHttps({ handler, upgrader, tls: { cert: serving.certificate + authority.certificate, key: serving.key }, address: '127.0.0.1', port: 0, logger, clock: systemClock, ...(limits && { limits }) }, inner)
    const credentials = { ca: authority.certificate, cert: administrator.certificate, key: administrator.key }, client = new Client(server.port, credentials)
    return { client, host, handler, storage, port: server.port, credentials, close: async () => { client.close(); stopping.abort(); await server.shutdown(0); await storage.close() } }
  }
}

const noTokens = { authenticate: ({ headers }: { headers: Parameters<typeof header>[0] }) => (header(headers, 'authorization') === undefined ? Promise.resolve(undefined) : Promise.reject(new StatusError('Unauthorized', 'no token is known'))) }
