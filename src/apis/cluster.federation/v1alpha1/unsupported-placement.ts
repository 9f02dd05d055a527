import { type FieldError, fieldError } from '../../../machinery/meta/status-error.ts'
import type { Placement } from './placement.ts'

const NOT_YET = 'is not supported by this release'

/** What the schema knows and the scheduler does not do yet, by name: refused rather than passed over. */
export function unsupportedPlacement({ workloadAffinity }: Placement, path: string): FieldError[] {
  return [
    ...(workloadAffinity ? [fieldError.forbidden(`${path}.workloadAffinity`, NOT_YET)] : []),
  ]
}
