import type { PropagationPolicySpec } from '../../apis/policy.federation/v1alpha1/propagation-policy.ts'

/** The part of a PropagationPolicy's spec that is about copies. */
export type PropagationRules = Pick<PropagationPolicySpec, 'conflictResolution' | 'suspension' | 'preserveResourcesOnDeletion' | 'rollout'>
