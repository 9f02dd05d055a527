/** `serve`: what surrounds the federation in each of its two ways to run. */
import { randomBytes, randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import path from 'node:path'
import { leaseKind } from '../apis/coordination.k8s.io/v1/lease.ts'
import { eventKind } from '../apis/core/v1/event.ts'
import { namespaceKind } from '../apis/core/v1/namespace.ts'
import { secretKind } from '../apis/core/v1/secret.ts'
import { SYSTEM } from '../fleet/membership.ts'
import { keepApiServices } from '../host/api-services.ts'
import { keepCaBundles } from '../host/ca-bundles.ts'
import { followCertificateFiles, readCertificateFiles } from '../host/certificate-followed.ts'
import { certificateFiles } from '../host/certificate-files.ts'
import { certificateSecret } from '../host/certificate-secret.ts'
import { expireEvents } from '../host/event-expiry.ts'
import type { Host } from '../host/host.ts'
import { kubernetesHost } from '../host/kubernetes.ts'
import { ServingCertificate, type CertificateStore } from '../host/serving-certificate.ts'
import { administratorKubeconfig, issueAdministrator, standaloneHost } from '../host/standalone.ts'
import { systemClock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import { connect, type MemberConnection } from '../machinery/client/connect.ts'
import { fromKubeconfigFile, inCluster } from '../machinery/client/kubeconfig.ts'
import { nameSuffix } from '../machinery/meta/generate-name.ts'
import type { Handler, Storage } from '../machinery/meta/core.ts'
import { isReason } from '../machinery/meta/status-error.ts'
import { createStoredResource } from '../machinery/registry/stored-resource.ts'
import type { ApiGroup } from '../machinery/server/catalog.ts'
import { drain } from '../machinery/server/drain.ts'
import { serveHttps, type RunningServer } from '../machinery/server/http-server.ts'
import { resourceHandler } from '../machinery/server/resource-handler.ts'
import { denyAll } from '../machinery/auth/authorizer.ts'
import { autoCompact } from '../machinery/storage/auto-compact.ts'
import type { SimulatedMember } from '../simulation/simulated-member.ts'
import { startFederation, type Federation } from './federation.ts'
import { hostMember } from './host-member.ts'
import { openAudit } from './audit.ts'
import { defaultOperation } from './operation-options.ts'
import type { ServeOptions } from './options.ts'
import { leadershipOf, openStore } from './store-options.ts'
import { contextMembers, joinPresets, simulatedMembers, type PresetMember } from './preset-members.ts'

export interface Surroundings {
  readonly logger: Logger
  readonly environment: Readonly<Record<string, string | undefined>>
}

export interface Served {
  readonly server: RunningServer
  readonly federation: Federation
  readonly simulated: readonly SimulatedMember[]
  /** Drains, then puts everything away. */
  stop(): Promise<void>
}

const FLEET_PATH = '/apis/cluster.federation/v1alpha1/clustersets', CLIENT_TIMEOUT_MS = 10_000, IDLE_MS = 10 * 60_000, GRACE_MS = 15_000, SHUTDOWN_MS = 60_000
const clock = systemClock, random = Math.random

interface Ground {
  readonly host: Host
  readonly hostHandler: Handler
  readonly ownGroups: readonly ApiGroup[]
  readonly certificates: ServingCertificate
  readonly connection: MemberConnection | undefined
  /** Where clients reach the API: the host's address. Undefined: this server's own. */
  readonly url: string | undefined
}

/** Throws Error with a sentence for people where it cannot start. Serves until `stop`. */
export async function serve(options: ServeOptions, surroundings: Surroundings): Promise<Served> {
  const { logger } = surroundings, stopping = new AbortController(), { signal } = stopping
  const { operation = defaultOperation } = options, followed = operation.tlsFiles && await readCertificateFiles(operation.tlsFiles), audit = await openAudit(operation, { clock, logger })
  const storage = await openStore(options, options.dataDir, logger, signal)
  try {
    const ground = options.standalone ? await standalone(options, storage, logger, signal) : await registered(options, surroundings, signal)
    const simulated = await simulatedMembers(options.simulatedMembers, { clock, logger }, signal)
    const presets: readonly PresetMember[] = [...simulated.presets, ...(options.memberContexts.length > 0 ? await contextMembers(options.kubeconfig ?? defaultKubeconfig(surroundings.environment), options.memberContexts, clock) : [])]
    const connections = new Map(presets.map(({ name, connection }) => [name, connection]))
    const external = { url: ground.url ?? `https://${reachable(options.bindAddress)}:${options.securePort}` }
    const leadership = options.etcd && ground.connection && leadershipOf(ground.connection.handler, options, logger), leading = leadership?.run(signal)
    const federation = await startFederation({
      storage, ...(leadership && { leadership }), host: ground.host, hostMember: hostMember(ground.host, ground.hostHandler, { clock, random, idleMs: IDLE_MS }, signal), instance: hostname(), ownGroups: ground.ownGroups, secretNamespace: options.namespace, mirroredVersions: options.mirrorGroups.map(mirroredVersion),
      allowLocalMembers: options.allowLoopbackMembers || presets.length > 0, endpointOf: (set) => `${external.url}${FLEET_PATH}/${set}/proxy`, idleMs: IDLE_MS, graceMs: GRACE_MS, clock, random, randomUuid: randomUUID, logger, operation, ...(audit && { audit: audit.log }),
      thresholds: { successMs: options.clusterSuccessThresholdMs, failureMs: options.clusterFailureThresholdMs }, probeMs: options.clusterProbeMs, preset: (cluster) => connections.get(cluster.metadata.name ?? ''),
    }, signal)
    await joinPresets(federation.clusters, presets, signal)
    const server = await serveHttps({ handler: federation.handler, upgrader: federation.upgrader, tls: followed ?? tlsOf(ground.certificates), address: options.bindAddress, port: options.securePort, logger, clock }, signal)
    if (!ground.url) external.url = `https://${reachable(options.bindAddress)}:${server.port}`
    if (operation.tlsFiles && followed) void followCertificateFiles(operation.tlsFiles, followed, { clock, logger, use: (material) => server.setTls(material) }, signal)
    void ground.certificates.keep((material) => followed === undefined && server.setTls({ cert: material.serving.certificate + material.authority.certificate, key: material.serving.key }), signal)
    if (ground.connection) void keepApiServices({ host: ground.connection.handler, service: { namespace: options.namespace, name: options.serviceName }, ...federation.customVersions, clock, logger }, signal)
    // Who brings the certificate says in the APIServices whom to trust.
    if (ground.connection && !followed) void keepCaBundles({ host: ground.connection.handler, service: { namespace: options.namespace, name: options.serviceName }, bundle: () => ground.certificates.current.bundle, clock, logger }, signal)
    void autoCompact(storage, { clock, logger, signal, leads: () => leadership?.isLeader ?? true })
    if (options.writeKubeconfig !== undefined) await writeKubeconfig(options.writeKubeconfig, external.url, ground.certificates, followed?.cert)
    await federation.ready
    logger.info({ address: options.bindAddress, port: server.port, mode: ground.host.kind }, 'serving')
    const stop = async () => {
      await drain({ health: federation.health, server, delayMs: operation.shutdownDelayMs, graceMs: SHUTDOWN_MS, clock })
      stopping.abort()
      await federation.done
      await leading
      await ground.connection?.close()
      await storage.close()
      await audit?.file.close()
    }
    return { server, federation, simulated: simulated.members, stop }
  } catch (error) {
    stopping.abort()
    await storage.close()
    throw error
  }
}

/** Reached through the host's kube-apiserver. */
async function registered(options: ServeOptions, { environment, logger }: Surroundings, signal: AbortSignal): Promise<Ground> {
  const { hostKubeconfig, namespace, serviceName } = options
  const way = hostKubeconfig === undefined ? inCluster({ requestTimeoutMs: CLIENT_TIMEOUT_MS, clock, environment }) : await fromKubeconfigFile(hostKubeconfig, { requestTimeoutMs: CLIENT_TIMEOUT_MS, clock }), connection = connect(way)
  const host = await kubernetesHost({ connection, namespace, hashKey: randomBytes(32), clock, random, logger }, signal)
  const names = [`${serviceName}.${namespace}.svc`, `${serviceName}.${namespace}.svc.cluster.local`, `${serviceName}.${namespace}`, 'localhost', '127.0.0.1']
  const certificates = await ServingCertificate.open({ store: certificateSecret(connection.handler, namespace, `${serviceName}-serving`), names, clock, logger }, signal)
  return { host, hostHandler: connection.handler, ownGroups: [], certificates, connection, url: way.server }
}

/** On a port of its own, with a core group of its own. */
async function standalone(options: ServeOptions, storage: Storage, logger: Logger, signal: AbortSignal): Promise<Ground> {
  const { namespace } = options, stored = { clock, randomUuid: randomUUID, randomSuffix: () => nameSuffix(random), logger }
  const namespaces = createStoredResource(namespaceKind, storage, stored, signal), secrets = createStoredResource(secretKind, storage, stored, signal)
  const events = createStoredResource(eventKind, storage, stored, signal), leases = createStoredResource(leaseKind, storage, stored, signal)
  void expireEvents({ events, as: SYSTEM, clock, logger }, signal)
  for (const name of ['default', 'kube-system', namespace]) {
    try {
      await namespaces.writer.create({ metadata: { name } }, SYSTEM, signal)
    } catch (error) {
      if (!isReason(error, 'AlreadyExists')) throw error
    }
  }
  const ownGroups: readonly ApiGroup[] = [{ name: '', versions: [{ version: 'v1', resources: [namespaces, secrets, events] }] }, { name: 'coordination.k8s.io', versions: [{ version: 'v1', resources: [leases] }] }]
  const store: CertificateStore = certificateFiles(path.join(options.dataDir, 'certificates')), names = ['localhost', '127.0.0.1', '::1', ...(['0.0.0.0', '::', '127.0.0.1'].includes(options.bindAddress) ? [] : [options.bindAddress])]
  const certificates = await ServingCertificate.open({ store, names, clock, logger }, signal)
  const host = standaloneHost({ authority: () => certificates.current.authority.certificate, namespaces: namespaces.reader, secrets: secrets.reader, namespace, clock, random }, signal)
  const local = resourceHandler({ groups: () => ownGroups }, { clock, random, authorizer: denyAll })
  return { host, hostHandler: (request, inner) => local({ ...request, user: SYSTEM.user }, inner), ownGroups, certificates, connection: undefined, url: undefined }
}

const tlsOf = ({ current: { serving, authority } }: ServingCertificate) => ({ cert: serving.certificate + authority.certificate, key: serving.key })
const reachable = (address: string) => (address === '0.0.0.0' || address === '::' ? '127.0.0.1' : address.includes(':') ? `[${address}]` : address)
const defaultKubeconfig = ({ KUBECONFIG, HOME }: Readonly<Record<string, string | undefined>>) => KUBECONFIG?.split(path.delimiter).find(Boolean) ?? path.join(HOME ?? '.', '.kube', 'config')

/** `apps`, or `networking.k8s.io/v1`; `core` is the core group. */
function mirroredVersion(text: string): { group: string; version: string } {
  const [group = '', version = 'v1'] = text.split('/')
  return { group: group === 'core' ? '' : group, version }
}

async function writeKubeconfig(file: string, server: string, { current }: ServingCertificate, trusted = ''): Promise<void> {
  const fleet = `${FLEET_PATH}/default/proxy`, administrator = await issueAdministrator(current.authority, clock.now())
  const contexts = [{ name: 'fleet', path: fleet }, { name: 'fleet-by-cluster', path: `${fleet}/by-cluster` }, { name: 'server', path: '' }]
  await writeFile(file, administratorKubeconfig({ server, bundle: trusted + current.bundle, administrator, contexts }), { mode: 0o600 })
}
