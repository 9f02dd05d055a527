import type { Authorizer } from '../machinery/auth/authorizer.ts'
import type { Handler, Resource, User } from '../machinery/meta/core.ts'
import { apiHandler } from '../machinery/server/api-handler.ts'
import { CatalogDocuments } from '../machinery/server/catalog-documents.ts'
import type { ApiGroup, Catalog } from '../machinery/server/catalog.ts'
import { compose, type Filter } from '../machinery/server/filter.ts'
import { cacheControl } from '../machinery/server/filters/cache-control.ts'
import { impersonation } from '../machinery/server/filters/impersonation.ts'
import { recover } from '../machinery/server/filters/recover.ts'
import { HealthChecks } from '../machinery/server/health.ts'
import { resourceHandler } from '../machinery/server/resource-handler.ts'
import { builtInDefinitions } from './built-in-kinds.ts'
import { Faults } from './faults.ts'
import { podLog } from './pod-log.ts'
import { scaleOf } from './scale.ts'
import { createSimulatedCluster, KUBERNETES_VERSION, type SimulatedCluster, type SimulatedClusterOptions } from './simulated-cluster.ts'

export interface SimulatedMember extends SimulatedCluster {
  readonly name: string
  /** What a connection to a member's kube-apiserver is, faults included. */
  readonly handler: Handler
  readonly faults: Faults
}

/** A member in this process: a Kubernetes API in front of a simulated cluster, without sockets. It lives until the signal aborts. */
export async function createSimulatedMember(options: SimulatedClusterOptions, signal: AbortSignal): Promise<SimulatedMember> {
  const { name, clock, logger } = options, cluster = await createSimulatedCluster(options, signal), faults = new Faults(`https://${name}.simulated`, clock)
  const groups = groupsOf(cluster.resources.map((resource) => withSubresources(resource, options))), catalog: Catalog = { groups: () => groups }
  const openApi = new CatalogDocuments(catalog, await builtInDefinitions(), { title: 'Kubernetes', version: KUBERNETES_VERSION })
  const resources = resourceHandler(catalog, { clock, random: Math.random, authorizer: allowAll })
  const handler = compose([cacheControl, recover(logger), asAdministrator, impersonation(allowAll)], apiHandler({ catalog, resources, clock, version, openApi, health: new HealthChecks(logger) }))
  return { name, faults, resources: cluster.resources, create: (...objects) => cluster.create(...objects), change: (...change) => cluster.change(...change), remove: (...removal) => cluster.remove(...removal), handler: faults.wrap(handler) }
}

/** Whoever holds the credential of a member may do anything in it, and speak for anybody. */
const allowAll: Authorizer = { authorize: () => Promise.resolve({ allowed: true, reason: '' }) }
const administrator: User = { name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'], extra: {} }
const asAdministrator: Filter = (next) => (request, signal) => next({ ...request, user: administrator }, signal)

const version = { major: '1', minor: '36', gitVersion: KUBERNETES_VERSION, gitCommit: '', gitTreeState: 'clean', buildDate: '1970-01-01T00:00:00Z', goVersion: '', compiler: '', platform: 'linux/amd64' }

const SCALED = new Set(['Deployment', 'ReplicaSet', 'StatefulSet', 'ReplicationController'])

function withSubresources(resource: Resource, { name, clock }: SimulatedClusterOptions): Resource {
  if (resource.kind.kind === 'Pod') return { ...resource, connect: { log: podLog(name, resource.reader, clock) } }
  return SCALED.has(resource.kind.kind) ? { ...resource, connect: { scale: scaleOf(resource) } } : resource
}

function groupsOf(resources: readonly Resource[]): readonly ApiGroup[] {
  const groups = new Map<string, Resource[]>()
  for (const resource of resources) groups.set(resource.kind.group, [...(groups.get(resource.kind.group) ?? []), resource])
  return [...groups].map(([name, own]) => ({ name, versions: [{ version: own[0]!.kind.version, resources: own }] }))
}
