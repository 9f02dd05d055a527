import { age as formatAge } from '../../../machinery/server/age.ts'
import type { Cell, Column, FieldPath, KubeObject } from '../../../machinery/meta/core.ts'
import { REPLICAS_ANNOTATION } from '../marks.ts'
import { age, column, containerColumns, count, formatLabels, formatSelector, name, numberOf, selectorColumn, since, size, text, valueAt } from './column.ts'

const template = containerColumns('spec.template')
/** Of all copies together, which for a template may be more, or fewer, than it names. */
const replicas = (object: KubeObject): number => {
  const total = object.metadata.annotations?.[REPLICAS_ANNOTATION]
  return total !== undefined && /^\d{1,10}$/.test(total) ? Number(total) : numberOf(valueAt(object, ['spec', 'replicas']))
}
const replicasReads: readonly FieldPath[] = [['metadata', 'annotations', REPLICAS_ANNOTATION], 'spec.replicas']
const ready = column('Ready', (object) => `${numberOf(valueAt(object, ['status', 'readyReplicas']))}/${replicas(object)}`, { reads: ['status.readyReplicas', ...replicasReads] })
const desired = column('Desired', replicas, { type: 'integer', reads: replicasReads }), current = count('Current', 'status.replicas'), readyCount = count('Ready', 'status.readyReplicas')

export const deploymentColumns: readonly Column[] = [
  name, ready, count('Up-to-date', 'status.updatedReplicas', { type: 'string' }), count('Available', 'status.availableReplicas', { type: 'string' }), age, ...template,
  column('Selector', ({ spec }) => formatSelector(valueAt(spec, ['selector']), '', '<invalid>'), { wide: true, reads: ['spec.selector'] }),
]

export const replicaSetColumns: readonly Column[] = [name, desired, current, readyCount, age, ...template, selectorColumn('spec.selector')]

export const replicationControllerColumns: readonly Column[] = [name, desired, current, readyCount, age, ...template, column('Selector', ({ spec }) => formatLabels(valueAt(spec, ['selector'])), { wide: true, reads: ['spec.selector'] })]

export const statefulSetColumns: readonly Column[] = [name, ready, age, ...template]

export const daemonSetColumns: readonly Column[] = [
  name, count('Desired', 'status.desiredNumberScheduled'), count('Current', 'status.currentNumberScheduled'), count('Ready', 'status.numberReady'),
  count('Up-to-date', 'status.updatedNumberScheduled'), count('Available', 'status.numberAvailable'),
  column('Node Selector', ({ spec }) => formatLabels(valueAt(spec, ['template', 'spec', 'nodeSelector'])), { reads: ['spec.template.spec.nodeSelector'] }), age, ...template, selectorColumn('spec.selector'),
]

export const controllerRevisionColumns: readonly Column[] = [
  name,
  column('Controller', ({ metadata }) => {
    const owner = metadata.ownerReferences?.find(({ controller }) => controller)
    if (!owner) return '<none>'
    const slash = owner.apiVersion.indexOf('/')
    return `${owner.kind}${slash < 0 ? '' : `.${owner.apiVersion.slice(0, slash)}`}`.toLowerCase() + `/${owner.name}`
  }, { reads: ['metadata.ownerReferences'] }),
  count('Revision', 'revision', { type: 'string' }), age,
]

export const podTemplateColumns: readonly Column[] = [name, ...containerColumns('template', { wide: false }), column('Pod Labels', (object) => formatLabels(valueAt(object, ['template', 'metadata', 'labels'])), { reads: ['template.metadata.labels'] })]

export const jobColumns: readonly Column[] = [
  name, column('Status', jobStatus, { reads: ['metadata.deletionTimestamp', 'status.conditions.type', 'status.conditions.status'] }), column('Completions', jobCompletions, { reads: ['spec.completions', 'spec.parallelism', 'status.succeeded'] }),
  column('Duration', jobDuration, { reads: ['status.startTime', 'status.completionTime'] }), age, ...template, selectorColumn('spec.selector'),
]

export const cronJobColumns: readonly Column[] = [
  name, text('Schedule', 'spec.schedule'), text('Timezone', 'spec.timeZone', { absent: '<none>' }),
  column('Suspend', ({ spec }) => { const suspend = valueAt(spec, ['suspend']); return typeof suspend === 'boolean' ? (suspend ? 'True' : 'False') : '<unset>' }, { type: 'boolean', reads: ['spec.suspend'] }),
  size('Active', 'status.active'), column('Last Schedule', ({ status }) => { const time = valueAt(status, ['lastScheduleTime']); return time === undefined || time === null ? '<none>' : since(time) }, { reads: ['status.lastScheduleTime'] }), age,
  ...containerColumns('spec.jobTemplate.spec.template'), selectorColumn('spec.jobTemplate.spec.selector'),
]

interface JobSpec { completions?: number; parallelism?: number }
interface JobStatus { succeeded?: number; startTime?: string; completionTime?: string; conditions?: { type: string; status: string }[] }

function jobStatus({ metadata, status }: KubeObject): string {
  const { conditions = [] } = (status ?? {}) as JobStatus, holds = (type: string) => conditions.find((condition) => condition.type === type)?.status === 'True'
  if (holds('Complete')) return 'Complete'
  if (holds('Failed')) return 'Failed'
  if (metadata.deletionTimestamp !== undefined) return 'Terminating'
  return ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'].find(holds) ?? 'Running'
}

function jobCompletions({ spec, status }: KubeObject): string {
  const { completions, parallelism = 0 } = (spec ?? {}) as JobSpec, { succeeded = 0 } = (status ?? {}) as JobStatus
  if (completions !== undefined && completions !== null) return `${succeeded}/${completions}`
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`
}

function jobDuration({ status }: KubeObject): Cell {
  const { startTime, completionTime } = (status ?? {}) as JobStatus
  if (!startTime) return ''
  return completionTime ? formatAge(Date.parse(completionTime) - Date.parse(startTime)) : since(startTime)
}
