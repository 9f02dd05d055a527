/** Gives clusters the ResourceQuotas that are assigned to them, and says what is used. They are a template like any other, owned by the quota. */
import { type Condition, nextCondition } from '../../apis/meta/v1/condition.ts'
import type { ClusterQuotaStatus, FederatedResourceQuota, FederatedResourceQuotaStatus } from '../../apis/policy.federation/v1alpha1/federated-resource-quota.ts'
import type { FederatedObject } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import { Queue } from '../../lib/queue.ts'
import { runController } from '../../machinery/controller/controller.ts'
import { follow } from '../../machinery/controller/follow.ts'
import type { Resource } from '../../machinery/meta/core.ts'
import { equalJson, isJsonObject } from '../../machinery/meta/json-value.ts'
import { keyOfObject, scopeOfKey } from '../../machinery/meta/object-key.ts'
import { addQuantities, formatQuantity, parseQuantity, ZERO } from '../../machinery/meta/quantity.ts'
import { StatusError } from '../../machinery/meta/status-error.ts'
import { objectAt } from '../interpreter/fields.ts'
import { SERVER, writeStatus } from '../template/server-user.ts'
import type { Templates, TemplateStore } from '../template/templates.ts'
import { limitsOf, type Usage } from './quota-usage.ts'
import type { Quotas } from './quotas.ts'

export interface QuotaControllerOptions {
  readonly quotas: Quotas
  /** Of FederatedResourceQuotas. */
  readonly resource: Resource
  readonly templates: Templates
  readonly leads: () => boolean
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Logger
}

/** What is used changes with every decision; it is written that often at most. */
const SETTLE_MS = 1000
const KIND = 'FederatedResourceQuota', TARGET = 'resourcequotas'

export class QuotaController {
  readonly #options: QuotaControllerOptions
  readonly #queue: Queue
  /** Keys of quotas, and of what is made of them. */
  readonly #seen = new Set<string>()

  constructor(options: QuotaControllerOptions) {
    this.#options = options
    this.#queue = new Queue({ clock: options.clock, random: options.random })
  }

  /** Looks at every quota again: called when this replica begins to lead. */
  kickAll(): void { for (const key of this.#seen) this.#kick(key) }

  async run(signal: AbortSignal): Promise<void> {
    const { quotas, templates, clock, logger } = this.#options, store = templates.get(TARGET)!
    quotas.onChange((namespace, quota) => { for (const key of quota === undefined ? quotas.of(namespace).map(({ metadata }) => keyOfObject({ metadata })) : [quota]) this.#kick(key) })
    // One whose quota went while nobody looked is found by its owner.
    const { done } = follow(store.cache, (key, object) => { if (!object || ownerOf(object as FederatedObject)) this.#kick(key) }, { clock, logger, parse: store.parse }, signal)
    await quotas.ready
    await runController({ name: 'quotas', queue: this.#queue, sources: [], reconcile: (key, inner) => this.#reconcile(store, key, inner), concurrency: 2, logger }, signal)
    await done
  }

  #kick(key: string): void {
    this.#seen.add(key)
    this.#queue.add(key, SETTLE_MS)
  }

  async #reconcile(store: TemplateStore, key: string, signal: AbortSignal): Promise<{ readonly requeueAfterMs?: number }> {
    const { quotas, leads, resource, clock } = this.#options, quota = quotas.get(key), there = store.get(key), owner = there && ownerOf(there)
    if (!quota && !there) this.#seen.delete(key)
    if (!leads()) return {}
    const wanted = quota && quota.metadata.deletionTimestamp === undefined && quota.spec.staticAssignments?.length ? templateOf(quota) : undefined, isOurs = owner !== undefined && owner === quota?.metadata.uid
    if (there && owner !== undefined && there.metadata.deletionTimestamp === undefined && !(wanted && isOurs)) await store.resource.writer.delete(key, { ...SERVER, ...(there.metadata.uid !== undefined && { uid: there.metadata.uid }), propagation: 'Background' }, signal)
    else if (wanted && (!there || (isOurs && !equalJson(there.spec, { ...there.spec, ...wanted.spec })))) await this.#put(store, key, wanted, signal)
    if (!quota) return {}
    const isTaken = wanted !== undefined && there !== undefined && owner === undefined
    await writeStatus({ kind: resource.kind, writer: resource.writer! }, key, (current) => nextStatus(current as FederatedResourceQuota, { used: quotas.usedIn(scopeOfKey(key).namespace ?? ''), there: isOurs ? there : undefined, isTaken, now: clock.now() }), signal)
    return {}
  }

  async #put(store: TemplateStore, key: string, wanted: FederatedObject, signal: AbortSignal): Promise<void> {
    await store.resource.writer.update(key, (current) => {
      if (current && ownerOf(current as FederatedObject) === undefined) throw StatusError.conflict({ group: store.kind.group, resource: store.kind.plural }, key, 'it is not this server\'s')
      return current ? { ...current, spec: { ...(current as FederatedObject).spec, ...wanted.spec } } : wanted
    }, SERVER, signal)
  }
}

const ownerOf = ({ metadata: { ownerReferences = [] } }: FederatedObject): string | undefined => ownerReferences.find(({ kind, apiVersion }) => kind === KIND && apiVersion === 'policy.federation/v1alpha1')?.uid

/** One ResourceQuota for all, with other limits in each cluster. */
function templateOf({ metadata: { namespace = '', name = '', uid = '' }, spec: { staticAssignments = [] } }: FederatedResourceQuota): FederatedObject {
  return {
    apiVersion: 'types.federation/v1alpha1', kind: 'FederatedResourceQuota', metadata: { namespace, name, ownerReferences: [{ apiVersion: 'policy.federation/v1alpha1', kind: KIND, name, uid, controller: true }] },
    spec: {
      template: { apiVersion: 'v1', kind: 'ResourceQuota', spec: { hard: {} } }, placement: { clusters: staticAssignments.map(({ clusterName }) => ({ name: clusterName })) },
      overrides: staticAssignments.map(({ clusterName, hard }) => ({ clusterName, clusterOverrides: [{ op: 'replace', path: '/spec/hard', value: hard }] })),
    },
  }
}

/** Pure. The same object where nothing changed. */
export function nextStatus(quota: FederatedResourceQuota, { used, there, isTaken, now }: { readonly used: Usage; readonly there: FederatedObject | undefined; readonly isTaken: boolean; readonly now: number }): FederatedResourceQuotaStatus {
  const aggregatedStatus = (quota.spec.staticAssignments ?? []).map(({ clusterName, hard }): ClusterQuotaStatus => {
    const status = there?.status?.clusters?.find(({ name }) => name === clusterName)?.status, seen = isJsonObject(status) ? objectAt(status, 'used') as Record<string, string> | undefined : undefined
    return { clusterName, hard, ...(seen && { used: seen }) }
  })
  const counted = new Map([...limitsOf(quota)].map(([name, { resource }]) => [name, used.get(resource) ?? ZERO]))
  const reported = (name: string) => aggregatedStatus.reduce((sum, one) => addQuantities(sum, parseQuantity(String(one.used?.[name] ?? 0)) ?? ZERO), ZERO)
  const next: FederatedResourceQuotaStatus = {
    overall: quota.spec.overall, overallUsed: Object.fromEntries(Object.keys(quota.spec.overall).map((name) => [name, formatQuantity(counted.get(name) ?? reported(name))])),
    ...(aggregatedStatus.length > 0 && { aggregatedStatus, conditions: [distributed(quota, there, isTaken, now)] }),
  }
  return quota.status && equalJson(next, quota.status) ? quota.status : next
}

function distributed(quota: FederatedResourceQuota, there: FederatedObject | undefined, isTaken: boolean, now: number): Condition {
  const propagated = there?.status?.conditions?.find(({ type }) => type === 'Propagated')
  const [status, reason, message] = isTaken ? ['False' as const, 'NameTaken', 'a FederatedResourceQuota of types.federation of that name is there, which somebody else made'] : [propagated?.status ?? 'Unknown' as const, propagated?.reason ?? 'Pending', propagated?.message ?? 'it is about to be given to the clusters']
  return nextCondition(quota, { type: 'Distributed', status, reason, message }, now)
}
