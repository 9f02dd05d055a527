import type { KubeObject } from '../../../machinery/meta/core.ts'
import { addQuantities, compareQuantities, parseQuantity, type Quantity } from '../../../machinery/meta/quantity.ts'
import { allOf, isOneOf, isPresent, not } from '../checks.ts'
import { countAt, objectAt, quantityAt, textAt } from '../fields.ts'
import type { Component, Interpretation } from '../interpretation.ts'
import { byField, LATEST, SUM, UNITED, worst } from '../merges.ts'
import { requirementsOf } from '../pod-template.ts'

const MINIMAL_OVERHEAD = parseQuantity('384Mi')!
const JAVA_UNITS: Readonly<Record<string, string>> = { '': '', b: '', k: 'Ki', kb: 'Ki', m: 'Mi', mb: 'Mi', g: 'Gi', gb: 'Gi', t: 'Ti', tb: 'Ti' }

/** Sizes as Java writes them, `512m`, in powers of 1024. */
function javaMemory(text: string): Quantity | undefined {
  const match = /^(\d+(?:\.\d+)?)([a-z]*)$/.exec(text.toLowerCase()), unit = match && JAVA_UNITS[match[2]!]
  return match && unit !== undefined && unit !== null ? parseQuantity(`${match[1]!}${unit}`) : undefined
}

/** What runs outside the heap comes on top: what the application says, else a tenth of the heap, or two fifths for Python and R, and no less than 384 MiB. */
function memoryOf(object: KubeObject, role: string): Quantity {
  const heap = javaMemory(textAt(object, ['spec', role, 'memory']) ?? '1g') ?? parseQuantity('1Gi')!, said = javaMemory(textAt(object, ['spec', role, 'memoryOverhead']) ?? '')
  const isJvm = ['Java', 'Scala'].includes(textAt(object, 'spec.type') ?? ''), factor = quantityAt(object, 'spec.memoryOverheadFactor') ?? parseQuantity(isJvm ? '0.1' : '0.4')!
  const share: Quantity = { nano: (heap.nano * factor.nano) / NANO, format: 'BinarySI' }
  const { nano } = addQuantities(heap, said ?? (compareQuantities(share, MINIMAL_OVERHEAD) > 0 ? share : MINIMAL_OVERHEAD))
  return { nano, format: nano % NANO === 0n ? 'BinarySI' : 'DecimalSI' }
}
const NANO = 1_000_000_000n

function needs(object: KubeObject, role: string): Component['requirements'] {
  const spec = objectAt(object, ['spec', role]), gpu = textAt(spec, 'gpu.name'), amounts = new Map([['cpu', quantityAt(spec, 'cores') ?? parseQuantity('1')!], ['memory', memoryOf(object, role)]])
  if (gpu !== undefined && countAt(spec, 'gpu.quantity') > 0) amounts.set(gpu, quantityAt(spec, 'gpu.quantity')!)
  return requirementsOf(spec, object.metadata.namespace, amounts)
}

function executors(object: KubeObject): number {
  const instances = countAt(object, 'spec.executor.instances') || 1
  return isDynamic(object) ? Math.max(instances, countAt(object, 'spec.dynamicAllocation.initialExecutors'), countAt(object, 'spec.dynamicAllocation.minExecutors')) : instances
}
const isDynamic = isOneOf('spec.dynamicAllocation.enabled', true)

function component(object: KubeObject, role: string, replicas: number): Component {
  const requirements = needs(object, role)
  return { name: role, replicas, ...(requirements && { requirements }) }
}

const sparkApplication: Interpretation = {
  components: (object) => [component(object, 'driver', 1), component(object, 'executor', executors(object))],
  isHealthy: allOf(isPresent('status.applicationState.state'), not(isOneOf('status.applicationState.state', 'FAILED'))),
  reflected: ['applicationState', 'driverInfo', 'executorState', 'sparkApplicationId', 'lastSubmissionAttemptTime', 'submissionAttempts', 'executionAttempts', 'submissionID', 'terminationTime'],
  aggregate: byField({
    applicationState: worst([['FAILED', 'FAILING', 'SUBMISSION_FAILED'], ['INVALIDATING'], ['RUNNING', 'RESUMING', 'SUCCEEDING'], ['SUSPENDED', 'SUSPENDING'], ['COMPLETED'], ['SUBMITTED', 'PENDING_RERUN']], ['state']),
    executionAttempts: SUM, submissionAttempts: SUM, lastSubmissionAttemptTime: LATEST, terminationTime: LATEST, executorState: UNITED,
  }, { alone: true }),
}

export const spark: Readonly<Record<string, Interpretation>> = { 'sparkoperator.k8s.io/SparkApplication': sparkApplication }
