import type { ApiEnablement, ApiResource, ClusterStatus } from '../../apis/cluster.federation/v1alpha1/cluster.ts'
import { groupVersion, type DiscoveredKind, type Discovery } from './discovery.ts'

/** What was discovered, as it is kept in Cluster.status: a restart without the member then serves the same kinds. */
export function toApiEnablements({ kinds }: Pick<Discovery, 'kinds'>): ApiEnablement[] {
  const byVersion = Map.groupBy(kinds, ({ group, version }) => groupVersion(group, version))
  return [...byVersion].map(([name, members]) => ({
    groupVersion: name, ...(members[0]!.preferred && { preferred: true }), resources: members.flatMap(toResources).toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  })).toSorted((a, b) => (a.groupVersion < b.groupVersion ? -1 : 1))
}

function toResources({ kind, plural, singular, shortNames, categories, namespaced, verbs, subresources }: DiscoveredKind): ApiResource[] {
  return [
    { name: plural, kind, namespaced, verbs: [...verbs], ...(singular && { singularName: singular }), ...(shortNames.length && { shortNames: [...shortNames] }), ...(categories.length && { categories: [...categories] }) },
    ...subresources.map((name): ApiResource => ({ name: `${plural}/${name}`, kind, namespaced })),
  ]
}

/** The way back; nothing of it is stale, because nothing newer is known. */
export function fromApiEnablements(status: Pick<ClusterStatus, 'apiEnablements'> | undefined): Discovery | undefined {
  if (!status?.apiEnablements?.length) return undefined
  const kinds = status.apiEnablements.flatMap(({ groupVersion: name, preferred = false, resources = [] }) => {
    const [group, version] = name.includes('/') ? (name.split('/', 2) as [string, string]) : ['', name]
    return resources.filter((it) => !it.name.includes('/')).map(({ name: plural, kind, singularName = '', shortNames = [], categories = [], namespaced = false, verbs = [] }): DiscoveredKind => ({
      group, version, kind, plural, singular: singularName, shortNames, categories, namespaced, verbs, preferred,
      subresources: resources.filter((it) => it.name.startsWith(`${plural}/`)).map((it) => it.name.slice(plural.length + 1)),
    }))
  })
  return { kinds, stale: [], tags: [] }
}

/** The condition that says how much of it is known. */
export function completeness({ kinds, stale }: Discovery): { readonly status: 'True' | 'False'; readonly reason: 'Complete' | 'Partial' | 'Empty'; readonly message: string } {
  if (kinds.length === 0) return { status: 'False', reason: 'Empty', message: 'no API is known' }
  if (stale.length > 0) return { status: 'False', reason: 'Partial', message: `the servers of ${stale.join(', ')} do not answer the member: what was known of them is kept` }
  return { status: 'True', reason: 'Complete', message: 'all APIs are known' }
}
