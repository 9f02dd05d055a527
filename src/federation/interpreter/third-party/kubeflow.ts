import type { KubeObject } from '../../../machinery/meta/core.ts'
import type { JsonObject } from '../../../machinery/meta/json-value.ts'
import { allOf, anyOf, type Check, holds, isOneOf, isPresent, isZero, not } from '../checks.ts'
import { objectAt, textAt, valueAt, valuesAt } from '../fields.ts'
import type { Aggregate } from '../fold-rule.ts'
import type { Given } from '../given.ts'
import type { Component, Interpretation } from '../interpretation.ts'
import { byField, clustersWhere, concluded, EARLIEST, eachMember, LATEST, NEWEST_OF_TYPE, SUM } from '../merges.ts'
import { requirementsOf } from '../pod-template.ts'
import { fixedReplicas } from '../replica-rules.ts'
import { referencesOfPods } from '../workload.ts'

/** Numbers are often written as text; `unset` where there is none. */
const written = (value: unknown, unset: number) => { const number = value === '' || value === undefined ? Number.NaN : Number(value); return Number.isNaN(number) ? unset : number }

function role(object: KubeObject, spec: JsonObject, name: string, unset = 1): Component {
  const requirements = requirementsOf(valueAt(spec, 'template.spec'), object.metadata.namespace)
  return { name, replicas: written(spec['replicas'], unset), ...(requirements && { requirements }) }
}
const roles = (specs: string, names: readonly string[]) => (object: KubeObject): Component[] => names.flatMap((name) => { const spec = objectAt(object, `${specs}.${name}`); return spec ? [role(object, spec, name.toLowerCase())] : [] })

const replicas = { replicaStatuses: eachMember(eachMember(SUM)), startTime: EARLIEST, lastReconcileTime: LATEST }
const among = (clusters: readonly string[]) => `in member clusters: ${clusters.join(', ')}`

interface Wording { readonly kind: string; readonly succeeded: { readonly reason: string; readonly message: string }; /** Whether it is told that the job was created, and that it runs. */ readonly tellsProgress?: boolean }

/** Conditions are made from how many clusters say what: failed if one did, succeeded, and complete in time, only if all did. */
const training = ({ kind, succeeded, tellsProgress = false }: Wording): Aggregate => (given, context) => {
  const failed = clustersWhere(given, 'Failed'), isDone = clustersWhere(given, 'Succeeded').length === given.length && context.silent === 0, says = (type: string) => tellsProgress && clustersWhere(given, type).length > 0
  const conditions = [
    ...(says('Created') ? [concluded(given, { type: 'Created', reason: `${kind}Created`, message: `${kind} is created.` })] : []),
    ...(says('Running') ? [concluded(given, { type: 'Running', reason: `${kind}Running`, message: `${kind} is running.` })] : []),
    ...(failed.length > 0 ? [concluded(given, { type: 'Failed', reason: `${kind}Failed`, message: `${kind} executed failed ${among(failed)}` })] : []),
    ...(isDone && failed.length === 0 ? [concluded(given, { type: 'Succeeded', ...succeeded })] : []),
  ]
  return { ...byField({ ...replicas, ...(isDone && { completionTime: LATEST }) })(given, context), ...(conditions.length > 0 && { conditions }) }
}

const hasNotFailed: Check = allOf(isPresent('status.conditions'), not(holds('Failed')))
const TENSORFLOW = ['PS', 'Worker', 'Chief', 'Master', 'Evaluator'], PYTORCH = ['Master', 'Worker']

const isRunning = isPresent('status.containerState.running'), isStarting = isOneOf('status.containerState.waiting.reason', 'ContainerCreating')
const hasEndedWell = allOf(isPresent('status.containerState.terminated'), isZero('status.containerState.terminated.exitCode'), not(isOneOf('status.containerState.terminated.reason', 'Error', 'OOMKilled', 'ContainerCannotRun')))
const notebookIsHealthy = anyOf(isRunning, isStarting, hasEndedWell)

/** A notebook that ended badly goes before one that waits, which goes before those that run, of which the one started last is shown. */
const notebooks: Aggregate = (given, context) => {
  const [first] = given
  if (given.length === 1 && context.silent === 0) return first!.value
  const copies = given.map(({ cluster, value }) => ({ cluster, copy: { metadata: {}, status: value } as KubeObject })), failed = copies.filter(({ copy }) => !notebookIsHealthy(copy))
  const conditions = failed.length > 0
    ? [concluded(given, { type: 'Failed', reason: 'NotebookFailed', message: `Notebook executed failed ${among(failed.map(({ cluster }) => cluster))}` })]
    : copies.every(({ copy }) => isRunning(copy)) && context.silent === 0 ? [concluded(given, { type: 'Ready', reason: 'Ready', message: 'All notebooks are ready' })] : []
  return { ...byField({ readyReplicas: SUM })(given, context), containerState: containerState(given, failed.length > 0), ...(conditions.length > 0 && { conditions }) }
}

function containerState(given: readonly Given<JsonObject>[], someFailed: boolean): JsonObject {
  const states = given.map(({ value }) => objectAt(value, 'containerState') ?? {}), has = (field: string) => states.filter((state) => valueAt(state, field) !== undefined)
  const ended = has('terminated'), waiting = has('waiting'), running = has('running').toSorted((a, b) => Date.parse(textAt(b, 'running.startedAt') ?? '') - Date.parse(textAt(a, 'running.startedAt') ?? ''))
  return ended[0] ?? waiting[0] ?? (someFailed ? { waiting: { reason: 'Unschedulable' } } : running[0] ?? {})
}

export const kubeflow: Readonly<Record<string, Interpretation>> = {
  'kubeflow.org/Notebook': {
    replicas: fixedReplicas(1, 'spec.template.spec'),
    isHealthy: notebookIsHealthy,
    reflected: ['readyReplicas', 'containerState', 'conditions'],
    aggregate: notebooks,
    references: referencesOfPods('spec.template'),
  },
  'kubeflow.org/PyTorchJob': {
    components: roles('spec.pytorchReplicaSpecs', PYTORCH),
    isHealthy: hasNotFailed,
    aggregate: training({ kind: 'PyTorchJob', succeeded: { reason: 'PyTorchJobSucceeded', message: 'PyTorchJob is successfully completed.' }, tellsProgress: true }),
    references: referencesOfPods(...PYTORCH.map((name) => `spec.pytorchReplicaSpecs.${name}.template`)),
  },
  'kubeflow.org/TFJob': {
    components: roles('spec.tfReplicaSpecs', TENSORFLOW),
    isHealthy: hasNotFailed,
    aggregate: training({ kind: 'TFJob', succeeded: { reason: 'Completed', message: 'TFJob completed successfully' } }),
    references: referencesOfPods(...TENSORFLOW.map((name) => `spec.tfReplicaSpecs.${name}.template`)),
  },
  'kubeflow.org/MPIJob': {
    /** Named as written; without workers the launcher does the work. */
    components: (object) => Object.entries(objectAt(object, 'spec.mpiReplicaSpecs') ?? {}).flatMap(([name, spec]) => (objectAt(spec, 'template') ? [role(object, spec as JsonObject, name, name === 'Worker' ? 0 : 1)] : [])),
    isHealthy: allOf((object) => valuesAt(object, 'status.conditions.*').length > 0, hasNotFailed),
    reflected: ['replicaStatuses', 'conditions', 'startTime', 'completionTime', 'lastReconcileTime'],
    aggregate: byField({ ...replicas, completionTime: LATEST, conditions: NEWEST_OF_TYPE }, { alone: true }),
    references: referencesOfPods('spec.mpiReplicaSpecs.*.template'),
  },
}
