import type { Filter } from './filter.ts'

/** In the clusters where all others of the group are that are anywhere; the first one of a group goes where it will. What is a target already stays one. */
export const workloadAffinity: Filter = ({ cluster: { metadata: { name = '' } }, peers: { affinity }, isTarget }) => {
  const here = affinity?.clusters.get(name) ?? 0
  if (isTarget || !affinity || here === affinity.placed) return undefined
  return { reason: 'WorkloadAffinity', message: `has ${here} of the ${affinity.placed} placed workloads of group ${affinity.group}, which are to be together` }
}
