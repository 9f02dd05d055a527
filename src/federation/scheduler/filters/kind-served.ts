import type { ApiEnablement } from '../../../apis/cluster.federation/v1alpha1/cluster.ts'
import type { Filter } from './filter.ts'

/** The cluster must serve the kind, by what it was last seen to serve. What is a target already stays one: its API may be away for a moment only. */
export const kindServed: Filter = ({ cluster: { status }, kind, isTarget }) => {
  const enablements = status?.apiEnablements ?? []
  if (isTarget || servedKinds(enablements).has(kind)) return undefined
  return { reason: 'KindNotServed', message: enablements.length === 0 ? `is not known to serve ${kind}: its APIs were not discovered yet` : `does not serve ${kind} among its ${enablements.length} group versions` }
}

/** Statuses are immutable, and the same one is asked about for every template. */
const memo = new WeakMap<readonly ApiEnablement[], ReadonlySet<string>>()

function servedKinds(enablements: readonly ApiEnablement[]): ReadonlySet<string> {
  let served = memo.get(enablements)
  if (!served) memo.set(enablements, (served = new Set(enablements.flatMap(({ groupVersion, resources = [] }) => resources.filter(({ name }) => !name.includes('/')).map(({ kind }) => `${groupVersion} ${kind}`)))))
  return served
}
