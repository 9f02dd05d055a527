import type { Filter } from './filter.ts'

/** Where a FederatedNamespace places the namespace, its contents go nowhere else (KubeFed). */
export const namespacePlaced: Filter = ({ cluster: { metadata: { name = '' } }, namespaceClusters }) =>
  (!namespaceClusters || namespaceClusters.has(name) ? undefined : { reason: 'NamespaceNotPlaced', message: `is none of the ${namespaceClusters.size} clusters that the FederatedNamespace is placed in` })
