import type { Placement } from '../../apis/cluster.federation/v1alpha1/placement.ts'
import type { HubPlacement, PlacementSource, ReplicaPreference } from './placement-request.ts'
import type { V1Placement } from './v1-annotations.ts'

interface Placements {
  /** spec.placement of the hub object. */
  readonly inline?: HubPlacement
  readonly annotations?: V1Placement
  /** Of the claiming policy; a policy without one means all clusters. */
  readonly policy?: { readonly placement?: Placement }
  readonly preference?: ReplicaPreference
  /** defaultPlacement of the cluster set. */
  readonly fallback?: Placement
}

const EVERYWHERE: HubPlacement = { clusterSelector: {} }

/** The placement that counts: inline, then Federation v1's annotations, then the policy's, then the set's default; a preference alone means all clusters. Undefined: the template waits. An inline placement that says nothing is none. */
export function effectivePlacement({ inline, annotations, policy, preference, fallback }: Placements): PlacementSource | undefined {
  if (inline && Object.values(inline).some((value) => value !== undefined)) return { by: 'placement', placement: inline }
  if (annotations) return { by: 'annotations', annotations }
  const placement = policy ? (policy.placement ?? EVERYWHERE) : (fallback ?? (preference && EVERYWHERE))
  return placement && { by: 'placement', placement }
}
