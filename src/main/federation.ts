/** The server without its surroundings: store and host in, handlers out. Everything is wired here, in the order in which it depends on each other. */
import { clusterDefinitions } from '../apis/cluster.federation/v1alpha1/definitions.ts'
import { clusterKind } from '../apis/cluster.federation/v1alpha1/cluster-kind.ts'
import { clusterSetKind } from '../apis/cluster.federation/v1alpha1/cluster-set.ts'
import { coreDefinitions } from '../apis/core/v1/definitions.ts'
import { policyDefinitions } from '../apis/policy.federation/v1alpha1/definitions.ts'
import { runClusterController, type ClusterControllerOptions } from '../federation/member/cluster-controller.ts'
import { Members } from '../federation/member/members.ts'
import { clusterProxy } from '../federation/member/pass-through.ts'
import { clusterRecorder } from '../federation/taint/cluster-events.ts'
import { runTaintController } from '../federation/taint/taint-controller.ts'
import { Epochs } from '../fleet/epochs.ts'
import { fleetEndpoint } from '../fleet/fleet-endpoint.ts'
import type { FleetMember } from '../fleet/fleet-member.ts'
import { Fleets } from '../fleet/fleets.ts'
import { memberSubresources } from '../fleet/member-subresources.ts'
import { ensureDefaultSet, followMembership } from '../fleet/membership.ts'
import { MirroredGroups, withEntry, type MirroredVersion } from '../fleet/mirrored-groups.ts'
import { isOurs } from '../fleet/union-kinds.ts'
import { eventSink } from '../host/event-sink.ts'
import { HostAdmission } from '../host/host-admission.ts'
import type { Host } from '../host/host.ts'
import { rulesOfUser } from '../host/rules-of-user.ts'
import { followedNamespaces, storedNamespaces } from '../host/namespace-guards.ts'
import { alwaysLeader, type Leadership } from '../host/leases.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import { CelEvaluator } from '../machinery/admission/cel/cel-evaluator.ts'
import { withPrivileges } from '../machinery/auth/authorizer.ts'
import { requestInfo, type RequestInfo } from '../machinery/auth/request-info.ts'
import { connect } from '../machinery/client/connect.ts'
import { nameSuffix } from '../machinery/meta/generate-name.ts'
import type { Handler, Request, Resource, Storage, Upgrader } from '../machinery/meta/core.ts'
import { createStoredResource } from '../machinery/registry/stored-resource.ts'
import { apiHandler } from '../machinery/server/api-handler.ts'
import { CatalogDocuments } from '../machinery/server/catalog-documents.ts'
import type { ApiGroup, Catalog } from '../machinery/server/catalog.ts'
import { serverFilters, upgradeThrough } from '../machinery/server/chain.ts'
import { compose } from '../machinery/server/filter.ts'
import { HealthChecks } from '../machinery/server/health.ts'
import { resourceHandler, resourceUpgrader } from '../machinery/server/resource-handler.ts'
import type { AuditLog } from '../machinery/server/audit/audit-log.ts'
import { ServerMetrics } from '../machinery/server/metrics.ts'
import { versionInfo } from '../machinery/server/version.ts'
import type { OperationOptions } from './operation-options.ts'
import { measureFederation } from './federation-metrics.ts'
import { tracedStorage } from '../machinery/storage/traced-storage.ts'
import { customVersions, type CustomVersions } from './custom-versions.ts'
import { startDistribution } from './distribution.ts'
import { builtInSelectedKinds } from './built-in-selected-kinds.ts'
import { fleetIdOf } from './fleet-id.ts'
import { JoinedCatalog } from './joined-catalog.ts'
import { policyGroup } from './policy-group.ts'

export const PROGRAM_VERSION = '0.1.0'

export interface FederationOptions extends Pick<ClusterControllerOptions, 'thresholds' | 'probeMs' | 'preset'> {
  readonly storage: Storage
  /** Which of several replicas on one store writes status and begins epochs. Absent: there is but one. */
  readonly leadership?: Leadership
  readonly host: Host
  /** The host as a source of Namespaces and Events. */
  readonly hostMember: FleetMember
  /** Of this process, as Events name it. */
  readonly instance: string
  /** Stored kinds that are served besides: the core group where there is no host. */
  readonly ownGroups: readonly ApiGroup[]
  readonly secretNamespace: string
  readonly mirroredVersions: readonly MirroredVersion[]
  readonly allowLocalMembers: boolean
  readonly endpointOf: (set: string) => string
  readonly idleMs: number
  readonly graceMs: number
  readonly clock: Clock
  readonly random: () => number
  readonly randomUuid: () => string
  readonly logger: Logger
  readonly operation: OperationOptions
  /** Absent: nothing is recorded. */
  readonly audit?: AuditLog
}

export interface Federation {
  readonly handler: Handler
  readonly upgrader: Upgrader
  /** The same API behind authentication and authorisation: the caller sets the user. */
  readonly inProcess: Handler
  readonly health: HealthChecks
  readonly clusters: Resource
  readonly members: Members
  readonly customVersions: CustomVersions
  /** Resolves once every ClusterSet has its fleet. */
  readonly ready: Promise<void>
  /** Ends when the signal has aborted and everything has been put away. */
  readonly done: Promise<void>
}

export async function startFederation(options: FederationOptions, signal: AbortSignal): Promise<Federation> {
  const storage = tracedStorage(options.storage)
  const { host, hostMember, instance, secretNamespace, allowLocalMembers, clock, random, randomUuid, logger, endpointOf, idleMs, graceMs, leadership = alwaysLeader, audit, operation } = options, limits = { timeoutMs: operation.requestTimeoutMs, reading: operation.maxReadingInFlight, mutating: operation.maxMutatingInFlight }
  const rules = new CelEvaluator()
  signal.addEventListener('abort', () => { void rules.close() }, { once: true })
  const admission = host.connection && new HostAdmission({ handler: host.connection.handler, expressions: rules, clock, random, randomUuid }, signal)
  const stored = { ...(admission && { admission }), clock, randomUuid, randomSuffix: () => nameSuffix(random), logger, rules }
  const clusters = createStoredResource(clusterKind({ allowLoopback: allowLocalMembers, secretNamespace }), storage, stored, signal), clusterSets = createStoredResource(clusterSetKind, storage, stored, signal)
  const namespaces = host.connection ? followedNamespaces(host.namespaces, { clock, random }, signal) : storedNamespaces(host.namespaces), policies = policyGroup(await builtInSelectedKinds(), storage, { ...stored, namespaces }, signal)
  await ensureDefaultSet(clusterSets, signal)

  const fleetId = await fleetIdOf(storage, randomUuid, signal), epochs = await Epochs.open(storage, signal), members = new Members(), authorizer = withPrivileges(host.authorizer), version = versionInfo(PROGRAM_VERSION)
  const seen = Promise.withResolvers<void>()
  const events = { sink: eventSink(hostMember.handler), instance, clock, random, logger }, recordCluster = clusterRecorder(events, signal)
  const distribution = await startDistribution({
    fleetId, storage, stored, members, leadership, seen: seen.promise, policies: policies.versions[0]!.resources, clusterSets: clusterSets.reader, ownNamespace: secretNamespace, namespaces: host.namespaces, ...(host.priorityClasses && { priorityClasses: host.priorityClasses }), isStandalone: host.kind === 'standalone',
    events: { ...events, fleetId, leads: () => leadership.isLeader }, maxRemovalsPerMinute: operation.maxRemovalsPerMinute, failover: operation.failover, clock, random, logger,
  }, signal)
  const own: { groups: readonly ApiGroup[] } = { groups: [] }, metrics = new ServerMetrics(clock), ownCatalog: Catalog = new JoinedCatalog([{ groups: () => own.groups }, distribution.templates]), timeMerge = measureFederation(metrics, { members, storage, eventsDropped: distribution.eventsDropped, groups: () => [...ownCatalog.groups(), ...options.ownGroups], signal })
  const fleets = new Fleets({ fleetId, ownNamespace: secretNamespace, epochs, leads: () => leadership.isLeader, clock, logger, idleMs, graceMs, ownGroups: () => ownCatalog.groups(), timeMerge, templates: { ...distribution, storage, stored, epochs }, connect: (fleet, kind, bound) => memberSubresources(fleet, kind, { bound, members }) })
  distribution.templates.onChange(() => fleets.refresh(), signal)
  const documents = new CatalogDocuments(ownCatalog, () => ({ ...OWN_DEFINITIONS, ...distribution.templates.definitions() }), INFO, () => ({ ...OWN_DEFINITIONS, ...distribution.templates.openDefinitions() }))
  const proxy = fleetEndpoint({ fleets, clock, random, authorizer, ...(host.connection && { rulesOf: rulesOfUser(host.connection.handler) }), ownGroups: () => ownCatalog.groups(), version, ownOpenApi: documents, limits, measure: (of) => metrics.filter(of, 'fleet'), annotate: (annotations) => audit?.annotate(annotations) })
  own.groups = [{ name: 'cluster.federation', versions: [{ version: 'v1alpha1', resources: [{ ...clusters, connect: { proxy: clusterProxy(members) } }, { ...clusterSets, connect: { proxy } }] }] }, policies]

  const catalog = new JoinedCatalog([ownCatalog, new MirroredGroups(fleets, options.mirroredVersions), { groups: () => options.ownGroups }]), health = new HealthChecks(logger)
  metrics.healthOf(health)
  const resources = resourceHandler(catalog, { clock, random, authorizer }), mirrored = withEntry(authorizer, resources)
  const isMirrored = ({ method, path, query }: Request) => isMirror(ownCatalog.groups(), requestInfo(method, path, query)), dispatch: Handler = (request, inner) => (isMirrored(request) ? mirrored : resources)(request, inner)
  const openApi = new CatalogDocuments(catalog, () => ({ ...coreDefinitions, ...OWN_DEFINITIONS, ...distribution.templates.definitions() }), INFO, () => ({ ...coreDefinitions, ...OWN_DEFINITIONS, ...distribution.templates.openDefinitions() }))
  const ready = Promise.withResolvers<void>(), state = { isReady: false }
  const filters = serverFilters({ clock, logger, randomUuid, authenticator: host.authenticator, authorizer, frontProxy: host.frontProxy, isReady: () => state.isReady, limits, goaway: { chance: operation.goawayChance, random }, measure: metrics.filter(catalog, 'apiserver'), ...(audit && { audit }) })
  health.register('fleets', () => { if (!state.isReady) throw new Error('no fleet has been put together yet') }, ['readyz'])
  health.register('store', async (inner) => { await storage.revision(inner) })

  const controllers = Promise.all([
    distribution.run(signal),
    runClusterController({
      clusters: clusters.reader, writer: clusters.writer, secrets: host.secrets, members, leadership, connect, thresholds: options.thresholds, probeMs: options.probeMs, probeTimeoutMs: Math.min(options.probeMs, 5000), requestTimeoutMs: 10_000,
      allowLocalAddresses: allowLocalMembers, summaries: true, idleMs, cacheBytesMax: operation.cacheBytesMax, streamsLists: operation.streamsLists, clock, random, logger, ...(options.preset && { preset: options.preset }),
    }, seen.resolve, signal),
    runTaintController({
      clusters, policies: policies.versions[0]!.resources.find(({ kind }) => kind.kind === 'ClusterTaintPolicy')!.reader, leadership, evictionTimeoutMs: operation.failover.evictionTimeoutMs, clock, random, logger,
      onChange: (cluster, message) => recordCluster(cluster, { type: 'Normal', reason: 'TaintsChanged', message }),
    }, signal),
    followMembership({ halted: distribution.halted, clusterSets, members, fleets, epochs, leadership, seen: seen.promise, host: hostMember, endpointOf, clock, logger }, () => { state.isReady = true; ready.resolve() }, signal),
    fleets.run(signal),
    epochs.follow({ clock, logger }, signal),
  ])
  const switching = resourceUpgrader(catalog, { clock, random }), mirroredSwitching = upgradeThrough([(next) => withEntry(authorizer, next)], switching)
  const upgrader: Upgrader = (request, connection, inner) => (isMirrored(request) ? mirroredSwitching : switching)(request, connection, inner)
  const inProcess = apiHandler({ catalog, resources: dispatch, clock, version, openApi, health, metrics })
  return {
    inProcess,
    handler: compose(filters, inProcess),
    upgrader: upgradeThrough(filters, upgrader),
    health, clusters, members, customVersions: customVersions(distribution.templates, leadership), ready: ready.promise, done: controllers.then(() => undefined),
  }
}

const OWN_DEFINITIONS = { ...clusterDefinitions, ...policyDefinitions }
/** By version too: policy.federation/v1alpha1 is ours, policy.federation/v1 would be the mirror of policy/v1. */
const isMirror = (own: readonly ApiGroup[], { group, version }: Pick<RequestInfo, 'group' | 'version'>): boolean =>
  isOurs(group) && !own.some(({ name, versions }) => name === group && versions.some((one) => one.version === version))
const INFO = { title: 'federation-apiserver', version: PROGRAM_VERSION }
