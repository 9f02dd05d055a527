import { namespaceKind } from '../../../src/apis/core/v1/namespace.ts'
import { secretKind } from '../../../src/apis/core/v1/secret.ts'
import { createAuthority, issueCertificate } from '../../../src/host/certificates.ts'
import { alwaysLeader } from '../../../src/host/leases.ts'
import { standaloneHost } from '../../../src/host/standalone.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import type { Members } from '../../../src/federation/member/members.ts'
import type { Logger } from '../../../src/lib/logger.ts'
import { denyAll } from '../../../src/machinery/auth/authorizer.ts'
import { getJson } from '../../../src/machinery/client/json-client.ts'
import type { Handler, KubeObject } from '../../../src/machinery/meta/core.ts'
import { createStoredResource } from '../../../src/machinery/registry/stored-resource.ts'
import { resourceHandler } from '../../../src/machinery/server/resource-handler.ts'
import { MemoryStorage } from '../../../src/machinery/storage/memory-storage.ts'
import { startFederation } from '../../../src/main/federation.ts'
import { hostMember } from '../../../src/main/host-member.ts'
import { defaultOperation } from '../../../src/main/operation-options.ts'
import { joinPresets, simulatedMembers } from '../../../src/main/preset-members.ts'

export const FLEET = '/apis/cluster.federation/v1alpha1/clustersets/default/proxy'
const clock = systemClock, random = Math.random, randomUuid = () => crypto.randomUUID(), MEMBERS = 2
const admin = { name: 'admin', groups: ['system:masters', 'system:authenticated'], extra: {} }

export interface FleetBed {
  /** All of the server but its port; it knows who shows `certificate`. */
  readonly handler: Handler
  readonly certificate: string
  /** Behind authentication: as the administrator. */
  readonly trusted: Handler
  /** As they are joined. */
  readonly members: Members
  readonly close: () => Promise<void>
}

/** A standalone server in this process over members that are simulated, which are ready. `disguise`: what stands between it and a member. */
export async function fleetBed(logger: Logger, disguise: (name: string, handler: Handler) => Handler = (_, handler) => handler): Promise<FleetBed> {
  const stop = new AbortController(), { signal } = stop, storage = new MemoryStorage(), stored = { clock, randomUuid, randomSuffix: () => 'abcde', logger }
  const now = clock.now(), authority = await createAuthority('abuse', { now }), { certificate } = await issueCertificate(authority, { commonName: 'admin', organizations: ['system:masters'] }, { now })
  const namespaces = createStoredResource(namespaceKind, storage, stored, signal), secrets = createStoredResource(secretKind, storage, stored, signal), ownGroups = [{ name: '', versions: [{ version: 'v1', resources: [namespaces, secrets] }] }]
  const host = standaloneHost({ authority: () => authority.certificate, namespaces: namespaces.reader, secrets: secrets.reader, namespace: 'ours', clock, random }, signal), local = resourceHandler({ groups: () => ownGroups }, { clock, random, authorizer: denyAll })
  const { presets } = await simulatedMembers(MEMBERS, { clock, logger }, signal), connections = new Map(presets.map(({ name, connection }) => [name, { ...connection, handler: disguise(name, connection.handler) }]))
  const federation = await startFederation({
    storage, leadership: alwaysLeader, host, hostMember: hostMember(host, (request, inner) => local({ ...request, user: admin }, inner), { clock, random, idleMs: 60_000 }, signal), instance: 'abuse', ownGroups, secretNamespace: 'ours', mirroredVersions: [], allowLocalMembers: true, endpointOf: (set) => set,
    idleMs: 60_000, graceMs: 5_000, clock, random, randomUuid, logger, operation: defaultOperation, thresholds: { successMs: 100, failureMs: 100 }, probeMs: 1_000, preset: (cluster) => connections.get(cluster.metadata.name ?? ''),
  }, signal)
  const trusted: Handler = (request, inner) => federation.inProcess({ ...request, user: admin }, inner)
  await federation.ready
  await joinPresets(federation.clusters, presets, signal)
  while ((await getJson<{ items: KubeObject[] }>(trusted, `${FLEET}/apis/apps/v1/deployments`, signal)).items.length === 0) await clock.sleep(20, signal)
  return { handler: federation.handler, certificate, trusted, members: federation.members, close: async () => { stop.abort(); await federation.done } }
}
