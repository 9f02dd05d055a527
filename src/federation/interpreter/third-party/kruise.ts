import type { JsonObject } from '../../../machinery/meta/json-value.ts'
import { allOf, anyOf, hasRolledOut, hasRolledOutEverywhere, isEqualTo, isPresent, isZero, not } from '../checks.ts'
import type { Aggregate } from '../fold-rule.ts'
import type { Interpretation } from '../interpretation.ts'
import { byField, clustersWhere, CONCATENATED, concluded, LAST, LAST_OF_TYPE, type Merge, OBSERVED, SUM } from '../merges.ts'
import { podReferences } from '../pod-template.ts'
import { fixedReplicas, replicasAt } from '../replica-rules.ts'
import { NODE_COUNTS, referencesOfPods } from '../workload.ts'

const sums = (...fields: readonly string[]): Record<string, Merge> => Object.fromEntries(fields.map((field) => [field, SUM]))
const kept = (status: Readonly<Record<string, Merge>>): Pick<Interpretation, 'reflected' | 'aggregate'> => ({ reflected: Object.keys(status), aggregate: byField(status) })
const scaled: Interpretation = { summed: [['spec', 'replicas']], replicas: replicasAt('spec.replicas'), isHealthy: hasRolledOut, references: referencesOfPods('spec.template') }

const broadcastStatus = { ...sums('active', 'succeeded', 'failed', 'desired'), phase: LAST }
const hasFailed: Aggregate = (given, context) => {
  const failed = clustersWhere(given, 'Failed'), completed = clustersWhere(given, 'Complete', 'Completed'), conditions: JsonObject[] = []
  if (failed.length > 0) conditions.push(concluded(given, { type: 'Failed', reason: 'JobFailed', message: `Job executed failed in member clusters: ${failed.join(', ')}` }))
  if (completed.length === given.length && context.silent === 0) conditions.push(concluded(given, { type: 'Completed', reason: 'Completed', message: 'Job completed' }, ['Complete', 'Completed']))
  return { ...byField(broadcastStatus)(given, context), ...(conditions.length > 0 && { conditions }) }
}

export const kruise: Readonly<Record<string, Interpretation>> = {
  'apps.kruise.io/CloneSet': {
    ...scaled,
    ...kept({ ...sums('replicas', 'updatedReplicas', 'readyReplicas', 'availableReplicas', 'updatedReadyReplicas', 'expectedUpdatedReplicas'), updateRevision: LAST, currentRevision: LAST, labelSelector: LAST, observedGeneration: OBSERVED }),
  },
  'apps.kruise.io/StatefulSet': {
    ...scaled,
    ...kept({ ...sums('replicas', 'readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas', 'updatedReadyReplicas'), updateRevision: LAST, currentRevision: LAST, observedGeneration: OBSERVED }),
  },
  'apps.kruise.io/UnitedDeployment': {
    ...scaled,
    ...kept({ ...sums('replicas', 'updatedReplicas', 'readyReplicas', 'availableReplicas', 'unavailableReplicas'), conditions: LAST_OF_TYPE, observedGeneration: OBSERVED }),
  },
  'apps.kruise.io/DaemonSet': {
    ...kept({ ...sums(...NODE_COUNTS), daemonSetHash: LAST, observedGeneration: OBSERVED }),
    isHealthy: hasRolledOutEverywhere,
    references: referencesOfPods('spec.template'),
  },
  'apps.kruise.io/BroadcastJob': {
    replicas: replicasAt('spec.parallelism'),
    isHealthy: allOf(not(isZero('status.desired')), isZero('status.failed'), not(allOf(isZero('status.succeeded'), isZero('status.active')))),
    reflected: ['conditions', 'startTime', 'completionTime', ...Object.keys(broadcastStatus)],
    aggregate: hasFailed,
    references: referencesOfPods('spec.template'),
    kept: ['spec.template.metadata.labels'],
  },
  'apps.kruise.io/AdvancedCronJob': {
    aggregate: byField({ active: CONCATENATED, type: LAST, lastScheduleTime: LAST }),
    references: referencesOfPods('spec.template.jobTemplate.spec.template', 'spec.template.broadcastJobTemplate.spec.template'),
  },
  /** Adds containers to the pods of others: it has none of its own. */
  'apps.kruise.io/SidecarSet': {
    replicas: fixedReplicas(0),
    isHealthy: allOf(isPresent('status'), anyOf(isZero('status.matchedPods'), isEqualTo('status.updatedPods', 'status.matchedPods'))),
    ...kept(sums('matchedPods', 'updatedPods', 'readyPods')),
    references: ({ spec }) => podReferences(spec).filter(({ kind }) => kind === 'ConfigMap' || kind === 'Secret'),
  },
}
