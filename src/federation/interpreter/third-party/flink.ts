import type { KubeObject } from '../../../machinery/meta/core.ts'
import { allOf, anyOf, isOneOf, isPresent, mentions, not } from '../checks.ts'
import { countAt, objectAt, valueAt } from '../fields.ts'
import type { Interpretation } from '../interpretation.ts'
import { byField, LAST } from '../merges.ts'
import { requirementsOf } from '../pod-template.ts'
import { type Amounts, amountsOf, raiseAmounts } from '../pod-requests.ts'
import { integerAt } from '../replica-rules.ts'

const FIELDS = ['clusterInfo', 'error', 'jobManagerDeploymentStatus', 'jobStatus', 'observedGeneration', 'lifecycleState', 'reconciliationStatus', 'taskManager']
const state = (...states: readonly string[]) => isOneOf('status.jobStatus.state', ...states)

const jobManagers = (object: KubeObject) => integerAt(object, 'spec.jobManager.replicas') ?? 1
/** As many as the job's parallelism fills, unless their number is said. */
function taskManagers(object: KubeObject): number {
  const said = integerAt(object, 'spec.taskManager.replicas'), slots = Number(valueAt(object, ['spec', 'flinkConfiguration', 'taskmanager.numberOfTaskSlots'])), parallelism = countAt(object, 'spec.job.parallelism')
  return said ?? (slots > 0 && parallelism > 0 ? Math.ceil(parallelism / slots) : 1)
}

/** Sizes are read as Kubernetes quantities. */
const size = (object: KubeObject, manager: string) => amountsOf((objectAt(object, ['spec', manager, 'resource']) ?? {}) as Record<string, string | number>)
const largest = (...sizes: readonly Amounts[]) => { const all = new Map(sizes[0]); for (const size of sizes) raiseAmounts(all, size); return new Map([...all].filter(([name]) => name === 'cpu' || name === 'memory')) }
const needs = (object: KubeObject, ...managers: readonly string[]) => requirementsOf(valueAt(object, 'spec.podTemplate.spec'), object.metadata.namespace, largest(...managers.map((manager) => size(object, manager))))

function component(object: KubeObject, name: string, replicas: number, manager: string) {
  const requirements = needs(object, manager)
  return { name, replicas, ...(requirements && { requirements }) }
}

/** A job that is on its way counts as healthy where only its image is missing: waiting for that is not for another cluster to end. */
const flinkDeployment: Interpretation = {
  replicas: { count: (object) => jobManagers(object) + taskManagers(object), requirements: (object) => needs(object, 'jobManager', 'taskManager') },
  components: (object) => [component(object, 'jobmanager', jobManagers(object), 'jobManager'), component(object, 'taskmanager', taskManagers(object), 'taskManager')],
  isHealthy: anyOf(
    state('RUNNING', 'FINISHED', 'FAILED', 'CANCELED', 'SUSPENDED', 'CANCELLING', 'FAILING', 'RESTARTING'),
    allOf(state('CREATED', 'INITIALIZING', 'RECONCILING'), mentions('status.error', 'ErrImagePull', 'ImagePullBackOff', 'CrashLoopBackOff')),
    allOf(not(isPresent('status.jobStatus.state')), isOneOf('status.jobManagerDeploymentStatus', 'READY'), isOneOf('status.lifecycleState', 'STABLE')),
  ),
  reflected: FIELDS,
  aggregate: byField(Object.fromEntries(FIELDS.map((field) => [field, LAST]))),
}

export const flink: Readonly<Record<string, Interpretation>> = { 'flink.apache.org/FlinkDeployment': flinkDeployment }
