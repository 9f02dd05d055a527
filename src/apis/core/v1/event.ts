import type { KubeObject } from '../../../machinery/meta/core.ts'
import { defineKind } from '../../../machinery/meta/define-kind.ts'
import { resolveSchema } from '../../../machinery/schema/resolve-schema.ts'
import { nameColumn } from '../../meta/v1/columns.ts'
import { coreDefinitions } from './definitions.ts'

export interface ObjectReference { apiVersion?: string; kind?: string; namespace?: string; name?: string; uid?: string; resourceVersion?: string; fieldPath?: string }

export interface Event extends KubeObject {
  involvedObject: ObjectReference
  reason?: string
  message?: string
  type?: string
  count?: number
  firstTimestamp?: string
  lastTimestamp?: string
  eventTime?: string
  source?: { component?: string; host?: string }
  reportingComponent?: string
  reportingInstance?: string
  action?: string
}

const lastSeen = ({ lastTimestamp, eventTime, firstTimestamp }: Event) => {
  const since = Date.parse(lastTimestamp ?? eventTime ?? firstTimestamp ?? '')
  return Number.isNaN(since) ? '<unknown>' : { since }
}

export const eventKind = defineKind<Event>({
  group: '', version: 'v1', kind: 'Event', plural: 'events', shortNames: ['ev'], scope: 'Namespaced', hasStatus: false,
  schema: resolveSchema(coreDefinitions, 'io.k8s.api.core.v1.Event'),
  columns: [
    { name: 'Last Seen', type: 'string', description: 'Time since it was last observed.', cell: lastSeen },
    { name: 'Type', type: 'string', description: 'Normal or Warning.', cell: ({ type }) => type ?? '' },
    { name: 'Reason', type: 'string', description: 'Why it happened, for programs.', cell: ({ reason }) => reason ?? '' },
    { name: 'Object', type: 'string', description: 'What it is about.', cell: ({ involvedObject: { kind = '', name = '' } }) => `${kind.toLowerCase()}/${name}` },
    { name: 'Message', type: 'string', description: 'What happened, for people.', cell: ({ message }) => (message ?? '').trim() },
    { name: 'Source', type: 'string', priority: 1, description: 'Who reported it.', cell: ({ source, reportingComponent }) => source?.component ?? reportingComponent ?? '' },
    { name: 'Count', type: 'string', priority: 1, description: 'How often it was observed.', cell: ({ count }) => count ?? 1 },
    { ...nameColumn, priority: 1 },
  ],
  fields: {
    'involvedObject.kind': ({ involvedObject }) => involvedObject.kind ?? '',
    'involvedObject.namespace': ({ involvedObject }) => involvedObject.namespace ?? '',
    'involvedObject.name': ({ involvedObject }) => involvedObject.name ?? '',
    'involvedObject.uid': ({ involvedObject }) => involvedObject.uid ?? '',
    reason: ({ reason }) => reason ?? '',
    type: ({ type }) => type ?? '',
    source: ({ source, reportingComponent }) => source?.component ?? reportingComponent ?? '',
  },
  strategy: { allowCreateOnUpdate: true, allowUnconditionalUpdate: true },
})
