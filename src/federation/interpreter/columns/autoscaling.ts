import type { Column, KubeObject } from '../../../machinery/meta/core.ts'
import { age, column, count, name, plain, text } from './column.ts'

const MAX_SHOWN = 2

/** Of autoscaling/v2; v1's one target, the CPU, is shown the same way. */
export const horizontalPodAutoscalerColumns: readonly Column[] = [
  name,
  column('Reference', (autoscaler) => { const { kind, name } = specOf(autoscaler).scaleTargetRef ?? {}; return `${kind ?? ''}/${name ?? ''}` }, { reads: ['spec.scaleTargetRef'] }),
  column('Targets', targets, { reads: ['spec.metrics', 'spec.targetCPUUtilizationPercentage', 'status.currentMetrics', 'status.currentCPUUtilizationPercentage'] }), text('MinPods', 'spec.minReplicas', { absent: '<unset>' }), count('MaxPods', 'spec.maxReplicas', { type: 'string' }), count('Replicas', 'status.currentReplicas', { type: 'string' }), age,
]

export const podDisruptionBudgetColumns: readonly Column[] = [
  name, text('Min Available', 'spec.minAvailable', { absent: 'N/A' }), text('Max Unavailable', 'spec.maxUnavailable', { absent: 'N/A' }), count('Allowed Disruptions', 'status.disruptionsAllowed'), age,
]

interface Value { averageValue?: string; value?: string; averageUtilization?: number }
interface Source { name?: string; target?: Value; current?: Value }
interface Metric { type: string; external?: Source; pods?: Source; object?: Source; resource?: Source; containerResource?: Source }
interface AutoscalerSpec { scaleTargetRef?: { kind?: string; name?: string }; metrics?: Metric[]; targetCPUUtilizationPercentage?: number }
interface AutoscalerStatus { currentMetrics?: (Metric | null)[] | null; currentCPUUtilizationPercentage?: number }
const specOf = (autoscaler: KubeObject) => (autoscaler['spec'] ?? {}) as AutoscalerSpec

function targets(autoscaler: KubeObject): string {
  const { metrics, targetCPUUtilizationPercentage: cpuTarget } = specOf(autoscaler), { currentMetrics, currentCPUUtilizationPercentage: cpu } = (autoscaler['status'] ?? {}) as AutoscalerStatus
  const specs: readonly Metric[] = metrics ?? (cpuTarget === undefined ? [] : [{ type: 'Resource', resource: { name: 'cpu', target: { averageUtilization: cpuTarget } } }])
  const currents = metrics || cpu === undefined ? (currentMetrics ?? []) : [{ type: 'Resource', resource: { current: { averageUtilization: cpu } } }]
  if (specs.length === 0) return '<none>'
  const shown = specs.slice(0, MAX_SHOWN).map((spec, i) => target(spec, currents[i] ?? undefined)).join(', ')
  return specs.length > MAX_SHOWN ? `${shown} + ${specs.length - MAX_SHOWN} more...` : shown
}

function target({ type, external, pods, object, resource, containerResource }: Metric, current: Metric | undefined): string {
  switch (type) {
    case 'External': return valueTarget(external, current?.external)
    case 'Object': return valueTarget(object, current?.object)
    case 'Pods': return `${current?.pods ? quantity(current.pods.current?.averageValue) : '<unknown>'}/${quantity(pods?.target?.averageValue)}`
    case 'Resource': return resourceTarget(resource, current?.resource)
    case 'ContainerResource': return resourceTarget(containerResource, current?.containerResource)
    default: return '<unknown type>'
  }
}

function valueTarget(spec: Source | undefined, current: Source | undefined): string {
  if (spec?.target?.averageValue !== undefined) return `${current?.current?.averageValue ?? '<unknown>'}/${spec.target.averageValue} (avg)`
  return `${current ? quantity(current.current?.value) : '<unknown>'}/${quantity(spec?.target?.value)}`
}

function resourceTarget(spec: Source | undefined, current: Source | undefined): string {
  const { averageValue, averageUtilization } = spec?.target ?? {}, now = current?.current
  if (averageValue !== undefined) return `${spec?.name ?? ''}: ${current ? quantity(now?.averageValue) : '<unknown>'}/${averageValue}`
  return `${spec?.name ?? ''}: ${percent(now?.averageUtilization, '<unknown>')}/${percent(averageUtilization, '<auto>')}`
}

const quantity = (value: string | undefined) => (value === undefined ? '<nil>' : plain(value))
const percent = (value: number | undefined, absent: string) => (value === undefined ? absent : `${value}%`)
