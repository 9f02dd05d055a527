import type { Filter } from './filter.ts'

/** In no cluster where another one of the group is. What is a target already stays one. */
export const workloadAntiAffinity: Filter = ({ cluster: { metadata: { name = '' } }, peers: { antiAffinity }, isTarget }) => {
  const here = antiAffinity?.clusters.get(name) ?? 0
  if (isTarget || !antiAffinity || here === 0) return undefined
  return { reason: 'WorkloadAntiAffinity', message: `has ${here} of the ${antiAffinity.placed} placed workloads of group ${antiAffinity.group}, which are to be apart` }
}
