import type { Cell, Column, KubeObject } from '../../../machinery/meta/core.ts'
import { column, name, since, text } from './column.ts'

const firstSeenReads = ['firstTimestamp', 'deprecatedFirstTimestamp', 'eventTime'], aboutReads = ['involvedObject', 'regarding']

/** Of both groups: events.k8s.io has other names for the same fields. */
export const eventColumns: readonly Column[] = [
  column('Last Seen', lastSeen, { reads: ['series.lastObservedTime', 'lastTimestamp', 'deprecatedLastTimestamp', ...firstSeenReads] }), text('Type', 'type'), text('Reason', 'reason'), column('Object', target, { reads: aboutReads }),
  column('Subobject', (event) => about(event).fieldPath ?? '', { wide: true, reads: aboutReads }),
  column('Source', source, { wide: true, reads: ['source', 'deprecatedSource', 'reportingComponent', 'reportingController', 'reportingInstance'] }),
  column('Message', (event) => { const { message, note } = fieldsOf(event); return (message ?? note ?? '').trim() }, { reads: ['message', 'note'] }),
  column('First Seen', firstSeen, { wide: true, reads: firstSeenReads }),
  column('Count', (event) => { const { series, count, deprecatedCount } = fieldsOf(event); return series ? (series.count ?? 0) : (count ?? deprecatedCount) || 1 }, { wide: true, reads: ['series.count', 'count', 'deprecatedCount'] }),
  { ...name, priority: 1 },
]

interface EventSource { component?: string; host?: string }
interface Reference { kind?: string; name?: string; fieldPath?: string }
type Time = string | null
interface EventFields {
  involvedObject?: Reference; message?: string; source?: EventSource; reportingComponent?: string; firstTimestamp?: Time; lastTimestamp?: Time; count?: number
  regarding?: Reference; note?: string; deprecatedSource?: EventSource; reportingController?: string; deprecatedFirstTimestamp?: Time; deprecatedLastTimestamp?: Time; deprecatedCount?: number
  eventTime?: Time; series?: { count?: number; lastObservedTime?: Time }; reportingInstance?: string
}
const fieldsOf = (event: KubeObject) => event as unknown as EventFields
const about = (event: KubeObject) => { const { involvedObject, regarding } = fieldsOf(event); return involvedObject ?? regarding ?? {} }

function firstSeen(event: KubeObject): Cell {
  const { firstTimestamp, deprecatedFirstTimestamp, eventTime } = fieldsOf(event)
  return since(firstTimestamp ?? deprecatedFirstTimestamp ?? eventTime)
}

function lastSeen(event: KubeObject): Cell {
  const { series, lastTimestamp, deprecatedLastTimestamp } = fieldsOf(event)
  if (series) return since(series.lastObservedTime)
  const last = lastTimestamp ?? deprecatedLastTimestamp
  return last ? since(last) : firstSeen(event)
}

function target(event: KubeObject): string {
  const { kind = '', name } = about(event)
  return name ? `${kind.toLowerCase()}/${name}` : kind.toLowerCase()
}

function source(event: KubeObject): string {
  const { source, deprecatedSource, reportingComponent, reportingController, reportingInstance } = fieldsOf(event), { component, host } = source ?? deprecatedSource ?? {}
  return [component || reportingComponent || reportingController || '', host || reportingInstance].filter((part, i) => i === 0 || part).join(', ')
}
