import resources from '../../openapi/kubernetes/resources.json' with { type: 'json' }
import { groupOf } from '../federation/interpreter/folded-uid.ts'
import type { DiscoveredKind } from '../federation/member/discovery.ts'
import { compareVersions } from '../machinery/meta/version-order.ts'

interface Described { kind: string; plural: string; namespaced: boolean; verbs: string[]; shortNames?: string[]; categories?: string[]; subresources?: Record<string, unknown> }

/**
 * Kubernetes' own kinds in stable versions: what a fleet serves before its first member is known. Clients then get empty lists, and the
 * host's aggregator, which looks once a minute, knows the mirrored groups' resources from the start.
 */
export const builtInKinds: readonly DiscoveredKind[] = Object.entries(resources as unknown as Record<string, Described[]>).flatMap(([groupVersion, kinds]) => {
  const group = groupOf(groupVersion), version = groupVersion.slice(groupVersion.indexOf('/') + 1)
  return /^v\d+$/.test(version) && group !== 'apiregistration.k8s.io' ? kinds.map((kind) => described(group, version, kind)) : []
})

const compiledIn = new Set(Object.entries(resources as unknown as Record<string, Described[]>).flatMap(([groupVersion, kinds]) => kinds.map(({ plural }) => `${groupOf(groupVersion)}/${plural}`)))

/** Whether a kind is one of Kubernetes' own in any version, or of metrics, which come from servers that are built like it. */
export const isCompiledIn = ({ group, plural }: Pick<DiscoveredKind, 'group' | 'plural'>): boolean => compiledIn.has(`${group}/${plural}`) || /(?:^|\.)metrics\.k8s\.io$/.test(group)

function described(group: string, version: string, { kind, plural, namespaced, verbs, shortNames = [], categories = [], subresources = {} }: Described): DiscoveredKind {
  const others = Object.keys(resources).filter((one) => one.startsWith(`${group}/`) && group !== '').map((one) => one.slice(group.length + 1)).toSorted(compareVersions)
  return { group, version, kind, plural, singular: kind.toLowerCase(), shortNames, categories, namespaced, verbs, subresources: Object.keys(subresources), preferred: group === '' || others[0] === version }
}
