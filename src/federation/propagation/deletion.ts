import type { FederatedObject } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import type { KubeObject } from '../../machinery/meta/core.ts'
import { isJsonObject } from '../../machinery/meta/json-value.ts'
import { ORPHAN_FINALIZER } from '../../machinery/meta/object-meta.ts'
import type { PropagationRules } from './propagation-rules.ts'
import { DELETION_ANNOTATION, KUBEFED_ORPHAN_ANNOTATION } from '../template/marks.ts'

/** Whether the copies are to stay in the members when the template goes: as whoever deletes it says, as KubeFed's mark says, or as the policy does, or did before it went. */
export function isOrphaned({ metadata: { deletionTimestamp, annotations = {}, finalizers = [] }, status }: FederatedObject, rules: PropagationRules | undefined): boolean {
  return deletionTimestamp !== undefined && ((rules ?? status?.policy)?.preserveResourcesOnDeletion === true || annotations[DELETION_ANNOTATION] === 'Orphan' || annotations[KUBEFED_ORPHAN_ANNOTATION] === 'true' || finalizers.includes(ORPHAN_FINALIZER))
}

/** Why nothing is sent to a cluster for now; undefined: it is. */
export function suspension({ spec: { suspend } }: FederatedObject, rules: PropagationRules | undefined, cluster: string): string | undefined {
  if (suspend) return 'spec.suspend is set: nothing is sent or removed'
  if (rules?.suspension?.dispatching) return 'the policy is suspended: nothing is sent or removed'
  return rules?.suspension?.dispatchingOnClusters?.clusterNames?.includes(cluster) ? 'the policy is suspended for this cluster: nothing is sent or removed' : undefined
}

/** How members are asked to delete a copy: as the user asked to delete the template. */
export const removalPolicy = ({ metadata: { annotations = {} } }: FederatedObject): 'Foreground' | 'Background' => (annotations[DELETION_ANNOTATION] === 'Foreground' ? 'Foreground' : 'Background')

/** Whether a Job has run to its end. */
export function isFinished({ kind, status }: KubeObject): boolean {
  const conditions = kind === 'Job' && isJsonObject(status) ? status['conditions'] : undefined
  return Array.isArray(conditions) && conditions.some((condition: unknown) => isJsonObject(condition) && (condition['type'] === 'Complete' || condition['type'] === 'Failed') && condition['status'] === 'True')
}
