/** What kinds that run pods from a template have in common. */
import type { KubeObject } from '../../machinery/meta/core.ts'
import type { Path } from './fields.ts'
import { podReferences, podSpecsAt, type Reference } from './pod-template.ts'

/** Everything that the pods of these templates name. */
export const referencesOfPods = (...templates: readonly Path[]) => (object: KubeObject): Reference[] => podSpecsAt(object, templates).flatMap(podReferences)

const REPLICA_COUNTS = ['replicas', 'readyReplicas', 'availableReplicas', 'terminatingReplicas']
/** The counts of a workload, whether its latest spec is observed, and its conditions, which clients wait for. */
export const REPLICA_STATUS: readonly string[] = [...REPLICA_COUNTS, 'observedGeneration', 'conditions']
export const ROLLOUT_STATUS: readonly string[] = [...REPLICA_STATUS, 'updatedReplicas']
export const NODE_COUNTS: readonly string[] = ['currentNumberScheduled', 'desiredNumberScheduled', 'numberAvailable', 'numberMisscheduled', 'numberReady', 'numberUnavailable', 'updatedNumberScheduled']
