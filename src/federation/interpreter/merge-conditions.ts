import type { JsonObject } from '../../machinery/meta/json-value.ts'
import type { Given, MergeContext } from './given.ts'

/** Types whose True means trouble or an exception: True in one cluster makes the fleet's True. A cluster that does not report one has none. */
const ALARMS = new Set(['ReplicaFailure', 'Failed', 'FailureTarget', 'Stalled', 'Degraded', 'Dangling', 'Reconciling', 'DisruptionTarget', 'Terminating'])
const MAX_LINES = 10

/**
 * Each type once, in order of first appearance: True only where it is True in every cluster, else False where one says so, else Unknown
 * (alarms the other way round). The reason is that of the first cluster with the outcome; the message names who says what; times are the latest.
 *
 *   member1 Available True  "Deployment has minimum availability."
 *   member2 Available False "Deployment does not have minimum availability."   ⇒   Available False "member2: Deployment does not have minimum availability."
 */
export function mergeConditions(given: readonly Given<readonly JsonObject[]>[], { clusters, alarms, observed }: MergeContext): JsonObject[] {
  const byCluster = new Map(given.map(({ cluster, value }) => [cluster, new Map(value.map((condition) => [condition['type'] as string, condition]))]))
  const types = new Set(given.flatMap(({ value }) => value.map((condition) => condition['type'] as string)))
  return [...types].map((type) => {
    const reports = clusters.map((cluster): Report => ({ cluster, condition: byCluster.get(cluster)?.get(type) })), isAlarm = alarms === 'all' || ALARMS.has(type)
    return mergeReports(type, isAlarm ? reports.filter(({ condition }) => condition) : reports, { isAlarm, total: clusters.length, observed })
  })
}

interface Report { readonly cluster: string; readonly condition: JsonObject | undefined }

function mergeReports(type: string, reports: readonly Report[], { isAlarm, total, observed }: { readonly isAlarm: boolean; readonly total: number; readonly observed: MergeContext['observed'] }): JsonObject {
  const says = (status: string) => (report: Report) => statusOf(report) === status
  const [strongest, opposite] = isAlarm ? ['True', 'False'] : ['False', 'True']
  const status = reports.some(says(strongest)) ? strongest : reports.every(says(opposite)) ? opposite : 'Unknown'
  const known = reports.flatMap(({ condition }) => (condition ? [condition] : [])), spokesman = reports.find((report) => report.condition && says(status)(report))?.condition
  const merged: JsonObject = { ...(spokesman ?? { type, status, reason: 'NotReported' }) }
  for (const field of new Set(known.flatMap((condition) => Object.keys(condition).filter((name) => name.endsWith('Time'))))) merged[field] = latestTime(known.map((condition) => condition[field]))
  const generations = reports.flatMap(({ cluster, condition }) => (condition?.['observedGeneration'] === undefined ? [] : [{ cluster, value: condition['observedGeneration'] }]))
  if (generations.length > 0) merged['observedGeneration'] = observed(generations, generations.length)
  const message = messageOf(status === opposite ? reports : reports.filter((report) => !says(opposite)(report)), total)
  if (message === undefined) delete merged['message']
  else merged['message'] = message
  return merged
}

const statusOf = ({ condition }: Report) => { const status = condition?.['status']; return status === 'True' || status === 'False' ? status : 'Unknown' }

/** What all say needs no names; clusters that say the same share a line. */
function messageOf(reports: readonly Report[], total: number): string | undefined {
  const lines = new Map<string, string[]>()
  for (const { cluster, condition } of reports) {
    const text = condition ? (condition['message'] as string | undefined) || (condition['reason'] as string | undefined) || '' : 'not reported'
    const line = lines.get(text)
    if (line) line.push(cluster)
    else lines.set(text, [cluster])
  }
  if (lines.size === 1 && reports.length === total) return reports[0]?.condition?.['message'] as string | undefined
  const texts = [...lines].map(([text, clusters]) => (text ? `${clusters.join(', ')}: ${text}` : clusters.join(', ')))
  return [...texts.slice(0, MAX_LINES), ...(texts.length > MAX_LINES ? [`and ${texts.length - MAX_LINES} more`] : [])].join('; ')
}

/** The latest of RFC 3339 times; anything else counts as never. */
export function latestTime(values: readonly unknown[]): unknown {
  return values.reduce((latest, value) => (value !== undefined && value !== null && !(timeOf(value) <= timeOf(latest)) ? value : latest), undefined)
}
const timeOf = (value: unknown) => { const time = typeof value === 'string' ? Date.parse(value) : Number.NaN; return Number.isNaN(time) ? -Infinity : time }
