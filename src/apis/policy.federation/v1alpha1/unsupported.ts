import { type FieldError, fieldError } from '../../../machinery/meta/status-error.ts'
import type { PropagationPolicySpec } from './propagation-policy.ts'

const DEFAULT_SCHEDULER = 'default-scheduler'

/**
 * Fields of a policy, placement aside, that are part of the API and that nothing acts on yet: each with what of it is refused. A field whose values all have effect leaves this list.
 * Values that ask for nothing (false, an empty list) are accepted.
 */
const UNSUPPORTED: readonly { readonly field: keyof PropagationPolicySpec; readonly isUsed: (spec: PropagationPolicySpec) => boolean; readonly instead?: string }[] = [
  { field: 'association', isUsed: ({ association }) => association === true, instead: 'it is superseded by propagateDeps' },
  { field: 'schedulerName', isUsed: ({ schedulerName = DEFAULT_SCHEDULER }) => schedulerName !== DEFAULT_SCHEDULER, instead: `there is only ${DEFAULT_SCHEDULER}` },
]

/** What a policy asks for that cannot be done yet: refused, since a policy that is silently not followed is worse. Placement is asked apart. */
export const unsupportedPolicySpec = (spec: PropagationPolicySpec, path: string): FieldError[] =>
  UNSUPPORTED.filter(({ isUsed }) => isUsed(spec)).map(({ field, instead }) => fieldError.forbidden(`${path}.${field}`, `not supported by this release${instead ? `; ${instead}` : ''}`))
