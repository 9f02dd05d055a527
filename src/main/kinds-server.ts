/** A server of custom kinds without its surroundings: definitions, store and host in, handlers out. */
import { coreDefinitions } from '../apis/core/v1/definitions.ts'
import { HostAdmission } from '../host/host-admission.ts'
import type { Host } from '../host/host.ts'
import { customDefinitions, customGroups } from '../kinds/custom-groups.ts'
import type { CustomKind } from '../kinds/custom-kind.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import { CelEvaluator } from '../machinery/admission/cel/cel-evaluator.ts'
import { withPrivileges } from '../machinery/auth/authorizer.ts'
import type { Handler, Storage, Upgrader } from '../machinery/meta/core.ts'
import { nameSuffix } from '../machinery/meta/generate-name.ts'
import type { NamespaceGuard } from '../machinery/registry/namespace-guard.ts'
import { apiHandler } from '../machinery/server/api-handler.ts'
import { CatalogDocuments } from '../machinery/server/catalog-documents.ts'
import type { ApiGroup, Catalog } from '../machinery/server/catalog.ts'
import { serverFilters, upgradeThrough } from '../machinery/server/chain.ts'
import { compose } from '../machinery/server/filter.ts'
import { HealthChecks } from '../machinery/server/health.ts'
import { resourceHandler, resourceUpgrader } from '../machinery/server/resource-handler.ts'
import { ServerMetrics } from '../machinery/server/metrics.ts'
import { versionInfo } from '../machinery/server/version.ts'

export interface KindsServerOptions {
  readonly kinds: readonly CustomKind[]
  readonly storage: Storage
  /** Who users are and what they may do. */
  readonly host: Pick<Host, 'authenticator' | 'authorizer' | 'frontProxy'> & Partial<Pick<Host, 'connection'>>
  readonly namespaces: NamespaceGuard
  /** What is served besides: the core group where there is no host. */
  readonly ownGroups: readonly ApiGroup[]
  readonly clock: Clock
  readonly random: () => number
  readonly randomUuid: () => string
  readonly logger: Logger
  readonly programVersion: string
}

/** Serves until the signal aborts. */
export async function startKinds(options: KindsServerOptions, signal: AbortSignal): Promise<{ readonly handler: Handler; readonly upgrader: Upgrader; readonly health: HealthChecks }> {
  const { kinds, storage, host, namespaces, clock, random, randomUuid, logger, programVersion } = options
  const rules = await compiledRules(kinds, signal)
  const admission = host.connection && new HostAdmission({ handler: host.connection.handler, expressions: rules, clock, random, randomUuid }, signal)
  const groups = [...options.ownGroups, ...await customGroups(kinds, storage, { clock, randomUuid, randomSuffix: () => nameSuffix(random), namespaces, logger, rules, ...(admission && { admission }) }, signal)]
  const catalog: Catalog = { groups: () => groups }, authorizer = withPrivileges(host.authorizer), health = new HealthChecks(logger), metrics = new ServerMetrics(clock)
  metrics.healthOf(health)
  health.register('store', async (inner) => { await storage.revision(inner) })
  const openApi = new CatalogDocuments(catalog, { ...coreDefinitions, ...await customDefinitions(kinds, signal) }, { title: 'federation-apiserver', version: programVersion })
  const filters = serverFilters({ clock, logger, randomUuid, authenticator: host.authenticator, authorizer, frontProxy: host.frontProxy, isReady: () => true, measure: metrics.filter(catalog, 'apiserver') })
  return {
    handler: compose(filters, apiHandler({ catalog, resources: resourceHandler(catalog, { clock, random, authorizer }), clock, version: versionInfo(programVersion), openApi, health, metrics })),
    upgrader: upgradeThrough(filters, resourceUpgrader(catalog, { clock, random })), health,
  }
}

/** Evaluates until the signal aborts. Errors: throws Error that names the kind and every rule that cannot be used. */
async function compiledRules(kinds: readonly CustomKind[], signal: AbortSignal): Promise<CelEvaluator> {
  const rules = new CelEvaluator()
  signal.addEventListener('abort', () => { void rules.close() }, { once: true })
  for (const { group, version, plural, schema } of kinds.flatMap(({ served }) => served)) {
    const errors = await rules.ruleErrors(await schema(signal), signal)
    if (errors.length > 0) throw new Error(`${plural}.${group}/${version}: ${errors.map(({ field, message }) => `${field}: ${message}`).join('; ')}`)
  }
  return rules
}
