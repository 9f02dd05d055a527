import type { ClusterOverride, ClusterOverrides } from '../../apis/types.federation/v1alpha1/cluster-overrides.ts'
import { IDENTITY_STAYS, isIdentity } from '../../apis/policy.federation/v1alpha1/overriders.ts'
import type { Operation } from './apply-operation.ts'
import type { FailureReason } from './override-failure.ts'

/** A mistake in a list of overrides by cluster; `field` is inside that list: `[0].clusterOverrides[1].path`. */
export interface ListMistake { readonly reason: FailureReason; readonly field: string; readonly value: string; readonly message: string }

/** What is wrong with the list whatever object and cluster it is for, in its order. */
export function listMistakes(overrides: readonly ClusterOverrides[]): ListMistake[] {
  return overrides.flatMap(({ clusterName, clusterOverrides = [] }, index): ListMistake[] => [
    ...(overrides.findIndex((other) => other.clusterName === clusterName) < index ? [{ reason: 'DuplicateCluster' as const, field: `[${index}].clusterName`, value: clusterName, message: `${clusterName} has an entry already` }] : []),
    ...operationMistakes(clusterOverrides, `[${index}].clusterOverrides`),
  ])
}

function operationMistakes(operations: readonly ClusterOverride[], at: string): ListMistake[] {
  const pointers = operations.map(({ path }) => toPointer(path))
  return operations.flatMap(({ op, path }, index): ListMistake[] => [
    ...(isIdentity(pointers[index]!) ? [{ reason: 'Forbidden' as const, field: `${at}[${index}].path`, value: path, message: IDENTITY_STAYS }] : []),
    ...(pointers.indexOf(pointers[index]!) < index ? [{ reason: 'DuplicatePath' as const, field: `${at}[${index}].path`, value: path, message: `${path} is changed already` }] : []),
    ...(isOperator(op || 'replace') ? [] : [{ reason: 'UnsupportedOperator' as const, field: `${at}[${index}].op`, value: op ?? '', message: 'must be add, remove or replace' }]),
  ])
}

/** The operations for one cluster, of a list without mistakes. */
export const operationsFor = (overrides: readonly ClusterOverrides[], cluster: string): Operation[] =>
  (overrides.find(({ clusterName }) => clusterName === cluster)?.clusterOverrides ?? []).map(({ op, path, value }) => ({ operator: (op || 'replace') as Operation['operator'], path: toPointer(path), value }))

const isOperator = (op: string) => op === 'add' || op === 'remove' || op === 'replace'

/** KubeFed's early form has dots instead of slashes: `spec.replicas`. */
export const toPointer = (path: string) => (/^[\w-]+(?:\.[\w-]+)*$/.test(path) ? `/${path.replaceAll('.', '/')}` : path)
