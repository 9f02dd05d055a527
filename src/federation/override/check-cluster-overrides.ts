import type { ClusterOverrides } from '../../apis/types.federation/v1alpha1/cluster-overrides.ts'
import { type FieldError, fieldError } from '../../machinery/meta/status-error.ts'
import { checkOperation, type OverriddenKind } from './check-overriders.ts'
import { listMistakes, toPointer } from './cluster-overrides.ts'
import type { FailureReason } from './override-failure.ts'

/** What is wrong with the overrides of a federated object, and what of them can fit no object of its kind; `path` is that of the list. KubeFed tells neither before it writes to members. */
export const checkClusterOverrides = (overrides: readonly ClusterOverrides[], kind: OverriddenKind, path: string): FieldError[] => [
  ...listMistakes(overrides).map(({ reason, field, value, message }) => MISTAKES[reason](`${path}${field}`, value, message)),
  ...overrides.flatMap(({ clusterOverrides = [] }, index) =>
    clusterOverrides.flatMap(({ op, path: pointer, value }, at) => checkOperation({ operator: op || 'replace', pointer: toPointer(pointer), value }, kind, `${path}[${index}].clusterOverrides[${at}]`))),
]

const MISTAKES: Readonly<Record<FailureReason, (field: string, value: string, message: string) => FieldError>> = {
  PatchFailed: fieldError.invalid, UnknownVariable: fieldError.invalid,
  Forbidden: (field, _, message) => fieldError.forbidden(field, message),
  DuplicateCluster: fieldError.duplicate, DuplicatePath: fieldError.duplicate,
  UnsupportedOperator: (field, value) => fieldError.notSupported(field, value, ['add', 'remove', 'replace']),
}
