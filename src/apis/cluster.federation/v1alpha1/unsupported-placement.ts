import { type FieldError, fieldError } from '../../../machinery/meta/status-error.ts'
import type { Placement } from './placement.ts'

const NOT_YET = 'is not supported by this release'

/** What the schema knows and the scheduler does not do yet, by name: refused rather than passed over. */
export function unsupportedPlacement({ clusterAffinities = [], replicaScheduling, workloadAffinity }: Placement, path: string): FieldError[] {
  const looksAtRoom = replicaScheduling?.replicaSchedulingType !== 'Duplicated' && (replicaScheduling?.replicaDivisionPreference === 'Aggregated' || replicaScheduling?.weightPreference?.dynamicWeight !== undefined)
  return [
    ...(workloadAffinity ? [fieldError.forbidden(`${path}.workloadAffinity`, NOT_YET)] : []),
    ...clusterAffinities.flatMap(({ overflowAffinities = [] }, index) => (overflowAffinities.length > 0 && !looksAtRoom ? [fieldError.forbidden(`${path}.clusterAffinities[${index}].overflowAffinities`, 'needs a division that looks at room: Aggregated or dynamicWeight')] : [])),
  ]
}
