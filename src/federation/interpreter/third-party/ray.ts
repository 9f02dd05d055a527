import type { KubeObject } from '../../../machinery/meta/core.ts'
import type { JsonObject } from '../../../machinery/meta/json-value.ts'
import type { Quantity } from '../../../machinery/meta/quantity.ts'
import { allOf, anyOf, holds, isOneOf, not } from '../checks.ts'
import { divide } from '../divide.ts'
import { countAt, listAt, objectAt, textAt, valueAt, withField } from '../fields.ts'
import type { Component, Interpretation } from '../interpretation.ts'
import { byField, CONCATENATED, eachMember, FIRST, LARGEST, LATEST, QUANTITY, SUM, within, worst } from '../merges.ts'
import { type Amounts, podRequests, raiseAmounts } from '../pod-requests.ts'
import { requirementsOf, type Requirements } from '../pod-template.ts'
import { referencesOfPods } from '../workload.ts'

/** A cluster of Ray is one head and groups of workers; `at` is where its spec lies. */
const groupsAt = (object: KubeObject, at: string) => listAt(object, `${at}.workerGroupSpecs`)

const part = (name: string, replicas: number, requirements: Requirements | undefined): Component => ({ name, replicas, ...(requirements && { requirements }) })
const componentsAt = (at: string) => (object: KubeObject): Component[] => {
  const needs = (group: unknown) => requirementsOf(valueAt(group, 'template.spec'), object.metadata.namespace), head = objectAt(object, `${at}.headGroupSpec`)
  return [...(head ? [part('ray-head', 1, needs(head))] : []), ...groupsAt(object, at).map((group, i) => part(textAt(group, 'groupName') ?? `worker-${i + 1}`, countAt(group, 'replicas'), needs(group)))]
}
const referencesAt = (at: string, ...more: readonly string[]) => referencesOfPods(`${at}.headGroupSpec.template`, `${at}.workerGroupSpecs.*.template`, ...more)

const SERVICE = 'spec.rayClusterConfig', workersOf = (object: KubeObject) => groupsAt(object, SERVICE).map((group) => countAt(group, 'replicas'))
/** One size for all: the largest of any group. */
function largest(object: KubeObject): Amounts {
  const amounts = new Map<string, Quantity>()
  for (const group of [valueAt(object, `${SERVICE}.headGroupSpec`), ...groupsAt(object, SERVICE)]) raiseAmounts(amounts, podRequests(objectAt(group, 'template.spec') ?? {}))
  return amounts
}

export const ray: Readonly<Record<string, Interpretation>> = {
  'ray.io/RayCluster': {
    components: componentsAt('spec'),
    isHealthy: allOf(holds('HeadPodReady'), holds('RayClusterProvisioned'), not(holds('RayClusterReplicaFailure'))),
    aggregate: byField({
      availableWorkerReplicas: SUM, readyWorkerReplicas: SUM, desiredWorkerReplicas: SUM, minWorkerReplicas: SUM, maxWorkerReplicas: SUM,
      desiredCPU: QUANTITY, desiredMemory: QUANTITY, desiredGPU: QUANTITY, desiredTPU: QUANTITY,
      conditions: CONCATENATED, lastUpdateTime: LATEST, endpoints: FIRST, head: FIRST, state: FIRST, stateTransitionTimes: FIRST,
    }, { alone: true }),
    references: referencesAt('spec'),
  },
  'ray.io/RayJob': {
    components: componentsAt('spec.rayClusterSpec'),
    isHealthy: anyOf(isOneOf('status.jobDeploymentStatus', 'Running'), allOf(isOneOf('status.jobDeploymentStatus', 'Complete'), isOneOf('status.jobStatus', 'SUCCEEDED'))),
    /** Reason and message are those of the cluster where the deployment is worst. */
    aggregate(given, context) {
      const [first] = given, deployments = given.map(({ cluster, value }) => ({ cluster, value: { jobDeploymentStatus: value['jobDeploymentStatus'], reason: value['reason'], message: value['message'] } }))
      if (given.length === 1 && context.silent === 0) return first!.value
      const worstDeployment = worst([['Failed'], ['ValidationFailed'], ['Complete'], ['Running'], ['Retrying'], ['Suspended', 'Suspending'], ['Waiting'], ['Initializing']], ['jobDeploymentStatus'])(deployments, context) as JsonObject
      return { ...worstDeployment, ...byField({ jobStatus: worst([['FAILED'], ['STOPPED'], ['SUCCEEDED'], ['RUNNING'], ['PENDING']]) })(given, context) }
    },
    references: referencesAt('spec.rayClusterSpec', 'spec.submitterPodTemplate'),
  },
  'ray.io/RayService': {
    components: componentsAt(SERVICE),
    replicas: {
      count: (object) => 1 + workersOf(object).reduce((a, b) => a + b, 0),
      requirements: (object) => requirementsOf(valueAt(object, `${SERVICE}.headGroupSpec.template.spec`), object.metadata.namespace, largest(object)),
      /** Every share has a head of its own; the rest goes to the groups in proportion to their sizes. */
      revise(object, replicas) {
        const groups = groupsAt(object, SERVICE), shares = divide(Math.max(replicas - 1, 0), workersOf(object))
        return groups.length === 0 ? object : withField(object, `${SERVICE}.workerGroupSpecs`, groups.map((group, i) => ({ ...(group as JsonObject), replicas: shares[i] })))
      },
    },
    isHealthy: holds('Ready'),
    aggregate: byField({
      conditions: CONCATENATED, numServeEndpoints: SUM, lastUpdateTime: LATEST, observedGeneration: LARGEST, serviceStatus: worst([[''], ['Running']]),
      activeServiceStatus: within('applicationStatuses', eachMember(worst([['DEPLOY_FAILED'], ['UNHEALTHY'], ['DELETING'], ['DEPLOYING'], ['NOT_STARTED'], ['RUNNING']], ['status']))), pendingServiceStatus: FIRST,
    }, { alone: true }),
    references: referencesAt(SERVICE),
  },
}
