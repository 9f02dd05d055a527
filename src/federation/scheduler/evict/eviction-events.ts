import type { FederatedObject } from '../../../apis/types.federation/v1alpha1/federated-object.ts'
import type { Placed } from '../place.ts'

/** What leaving clusters tells people. `before`: the template as it was. Pure. */
export function evictionEvents({ status }: FederatedObject, { schedule, leaving }: Placed): { type: 'Normal' | 'Warning'; reason: string; message: string }[] {
  const known = new Map(status?.schedule?.evictions?.map((eviction) => [eviction.cluster, eviction])), now = schedule.evictions ?? [], cancelled = leaving?.cancelled ?? []
  const said = status?.conditions?.find(({ type }) => type === 'Scheduled')?.message ?? ''
  return [
    ...now.filter(({ cluster }) => !known.has(cluster)).map(({ cluster, message, purgeMode, movedTo = [] }) => ({ type: 'Warning' as const, reason: 'Evicting', message: `cluster ${cluster} is left, ${HOW[purgeMode]}: ${message}${movedTo.length > 0 ? `; ${movedTo.map((to) => `${to.cluster} gets ${to.replicas === undefined ? 'a copy' : `${to.replicas} replicas`}`).join(', ')}` : ''}` })),
    ...cancelled.map(({ cluster }) => ({ type: 'Normal' as const, reason: 'EvictionCancelled', message: `cluster ${cluster} is not left after all: it is well again, and nothing had taken its place yet` })),
    ...[...known.keys()].filter((cluster) => !now.some((one) => one.cluster === cluster) && !cancelled.some((one) => one.cluster === cluster)).map((cluster) => ({ type: 'Normal' as const, reason: 'Evicted', message: `cluster ${cluster} has been left` })),
    ...(leaving?.held ?? []).filter(({ message }) => !said.includes(message)).map(({ cluster, message }) => ({ type: 'Warning' as const, reason: 'EvictionHeld', message: `cluster ${cluster}: ${message}` })),
  ]
}

const HOW = { Directly: 'at once', Gracefully: 'as soon as others can do without it', Never: 'its copy stays' } as const
