/** What templates use of quotas, and how much more they may. Pure. */
import type { FederatedResourceQuota } from '../../apis/policy.federation/v1alpha1/federated-resource-quota.ts'
import type { ScheduledTarget } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import { addQuantities, compareQuantities, formatQuantity, parseQuantity, type Quantity, subtractQuantities, ZERO } from '../../machinery/meta/quantity.ts'

/** What one replica counts for, by resource as quotas of pods name them, without `requests.`. */
export type Share = ReadonlyMap<string, Quantity>
/** The same of all replicas in all clusters. */
export type Usage = ReadonlyMap<string, Quantity>

const ONE: Quantity = { nano: 1_000_000_000n, format: 'DecimalSI' }

/** `request`: canonical quantities, by resource. */
export const shareOf = (request: Readonly<Record<string, string | number>> | undefined): Share =>
  new Map([...Object.entries(request ?? {}).map(([name, amount]) => [name, parseQuantity(String(amount)) ?? ZERO] as const), ['pods', ONE]])

/** Replicas in all targets; one without a number has as many as the template says. */
export const placedReplicas = (targets: readonly ScheduledTarget[], replicas: number): number => targets.reduce((sum, target) => sum + (target.replicas ?? replicas), 0)

export const times = (share: Share, replicas: number): Usage => new Map([...share].map(([name, { nano, format }]) => [name, { nano: nano * BigInt(replicas), format }]))

export function sumOf(usages: Iterable<Usage>): Usage {
  const total = new Map<string, Quantity>()
  for (const usage of usages) for (const [name, amount] of usage) total.set(name, addQuantities(total.get(name) ?? ZERO, amount))
  return total
}

/** The limits of a quota that templates can be counted against, by the name that the quota gives them. */
export function limitsOf({ spec: { overall } }: FederatedResourceQuota): ReadonlyMap<string, { readonly resource: string; readonly limit: Quantity }> {
  return new Map(Object.entries(overall).flatMap(([name, amount]) => {
    const resource = resourceOf(name), limit = parseQuantity(String(amount))
    return resource !== undefined && limit ? [[name, { resource, limit }] as const] : []
  }))
}

/** Undefined: what templates say does not tell. */
function resourceOf(name: string): string | undefined {
  if (name.startsWith('requests.')) return name === 'requests.storage' ? undefined : name.slice('requests.'.length)
  return name === 'count/pods' ? 'pods' : ['cpu', 'memory', 'ephemeral-storage', 'pods'].includes(name) || name.startsWith('hugepages-') ? name : undefined
}

/** Replicas that may be placed beside what others use; Infinity: no limit. `quota`: the one that limits most. */
export function allowed(quotas: readonly FederatedResourceQuota[], others: Usage, share: Share): { readonly replicas: number; readonly why: string } {
  let replicas = Infinity, why = ''
  for (const quota of quotas) for (const [name, { resource, limit }] of limitsOf(quota)) {
    const each = share.get(resource), used = others.get(resource) ?? ZERO
    if (!each || each.nano <= 0n) continue
    const room = limit.nano - used.nano, fits = room > 0n ? Number(room / each.nano) : 0
    if (fits < replicas) { replicas = fits; why = `quota ${quota.metadata.name ?? ''}: ${name} ${formatQuantity(each)} each, ${formatQuantity(used)} used by others, ${formatQuantity(limit)} limited` }
  }
  return { replicas, why }
}

/** What a kube-apiserver says of a request beyond a quota (resourcequota admission, checkRequest); undefined: nothing is. What grows in no resource is never beyond one. */
export function excess(quotas: readonly FederatedResourceQuota[], { others, before, next }: { readonly others: Usage; readonly before: Usage; readonly next: Usage }): string | undefined {
  for (const quota of quotas.toSorted((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1))) {
    const beyond = [...limitsOf(quota)].flatMap(([name, { resource, limit }]) => {
      const had = before.get(resource) ?? ZERO, wants = next.get(resource) ?? ZERO, used = addQuantities(others.get(resource) ?? ZERO, had), requested = subtractQuantities(wants, had)
      return requested.nano > 0n && compareQuantities(addQuantities(used, requested), limit) > 0 ? [{ name, requested, used, limit }] : []
    }).toSorted((a, b) => (a.name < b.name ? -1 : 1))
    const said = (of: 'requested' | 'used' | 'limit') => beyond.map((one) => `${one.name}=${formatQuantity(one[of])}`).join(',')
    if (beyond.length > 0) return `exceeded quota: ${quota.metadata.name ?? ''}, requested: ${said('requested')}, used: ${said('used')}, limited: ${said('limit')}`
  }
  return undefined
}
