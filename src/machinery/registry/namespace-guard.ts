import type { ResourceName } from '../meta/status-error.ts'
import { StatusError } from '../meta/status-error.ts'

/** Who knows which namespaces there are. `missing` must be certain: a namespace that was made a moment ago exists. */
export interface NamespaceGuard { phase(namespace: string, signal: AbortSignal): Promise<'active' | 'terminating' | 'missing'> }

/** Objects created while their namespace ends would be left behind, or keep it from ending. Throws StatusError NotFound or Forbidden, as NamespaceLifecycle admission does. */
export async function checkNamespace(guard: NamespaceGuard, namespace: string, object: { readonly of: ResourceName; readonly name: string }, signal: AbortSignal): Promise<void> {
  const phase = await guard.phase(namespace, signal)
  if (phase === 'missing') throw StatusError.notFound({ group: '', resource: 'namespaces' }, namespace)
  if (phase === 'active') return
  const { message, details } = StatusError.forbidden(object.of, object.name, `unable to create new content in namespace ${namespace} because it is being terminated`)
  throw new StatusError('Forbidden', message, { details: { ...details, causes: [{ reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' }] } })
}
