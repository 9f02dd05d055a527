import type { Event } from '../apis/core/v1/event.ts'
import { patchJson, postJson } from '../machinery/client/json-client.ts'
import type { Handler } from '../machinery/meta/core.ts'

/** Where Events are written. Errors: StatusError as the server says, ServiceUnavailable where it does not answer. */
export interface EventSink {
  create(event: Event, signal: AbortSignal): Promise<void>
  /** What was said is said again. */
  repeat(event: EventRepeat, signal: AbortSignal): Promise<void>
}

export interface EventRepeat { readonly namespace: string; readonly name: string; readonly count: number; readonly lastTimestamp: string; readonly message: string }

/** Events of a host, or of this server itself: whoever answers `handler`. */
export function eventSink(handler: Handler): EventSink {
  const pathOf = (namespace: string) => `/api/v1/namespaces/${encodeURIComponent(namespace)}/events`
  return {
    create: async (event, signal) => { await postJson(handler, pathOf(event.metadata.namespace!), { apiVersion: 'v1', kind: 'Event', ...event }, signal) },
    repeat: async ({ namespace, name, ...patch }, signal) => { await patchJson(handler, `${pathOf(namespace)}/${encodeURIComponent(name)}`, patch, signal) },
  }
}
