import { allOf, isOneOf, isPresent, not } from '../checks.ts'
import type { Interpretation } from '../interpretation.ts'
import { namedAt, podReferences } from '../pod-template.ts'
import { replicasAt } from '../replica-rules.ts'

/** A workflow's spec has the fields of a pod's that all of its steps share. */
const workflow: Interpretation = {
  summed: [['spec', 'parallelism']],
  replicas: replicasAt('spec.parallelism', { pod: 'spec' }),
  isHealthy: allOf(isPresent('status.phase'), not(isOneOf('status.phase', '', 'Error', 'Failed'))),
  references: (object) => [
    ...podReferences(object['spec']),
    ...namedAt(object, 'ServiceAccount', ['spec.executor.serviceAccountName']),
    ...namedAt(object, 'PersistentVolumeClaim', ['spec.volumeClaimTemplates.*.metadata.name']),
  ],
  kept: ['spec.suspend', 'status'],
}

export const argo: Readonly<Record<string, Interpretation>> = { 'argoproj.io/Workflow': workflow }
