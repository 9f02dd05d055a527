import { postJson } from '../../machinery/client/json-client.ts'
import type { Handler, KubeObject } from '../../machinery/meta/core.ts'
import { isReason } from '../../machinery/meta/status-error.ts'

/** On namespaces of members: the fleet that made them. They are not copies of a template, and carry no label of copies. */
const CREATED_BY = 'cluster.federation/created-by'
/** What decides what pods may do is as on the host. */
const OF_HOST = 'pod-security.kubernetes.io/'

/** Whether the fleet made it: a namespace that was there before is never its to remove. */
export const isMadeBy = (namespace: KubeObject, fleetId: string): boolean => namespace.metadata.annotations?.[CREATED_BY] === fleetId

/** Creates a namespace in a member where it is missing. `labels`: the host namespace's. */
export async function ensureNamespace(handler: Handler, name: string, { labels, fleetId }: { readonly labels: Readonly<Record<string, string>>; readonly fleetId: string }, signal: AbortSignal): Promise<void> {
  const copied = Object.fromEntries(Object.entries(labels).filter(([label]) => label.startsWith(OF_HOST)))
  try {
    await postJson(handler, '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: copied, annotations: { [CREATED_BY]: fleetId } } }, signal)
  } catch (error) {
    if (!isReason(error, 'AlreadyExists')) throw error
  }
}
