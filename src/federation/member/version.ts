import { getJson } from '../../machinery/client/json-client.ts'
import type { Handler } from '../../machinery/meta/core.ts'
import { StatusError } from '../../machinery/meta/status-error.ts'

/** gitVersion of a member, e.g. v1.36.3. Errors: StatusError; a server without one is no Kubernetes API server. */
export async function readVersion(handler: Handler, signal: AbortSignal): Promise<string> {
  const { gitVersion } = await getJson<{ gitVersion?: unknown }>(handler, '/version', signal)
  if (typeof gitVersion === 'string') return gitVersion
  throw new StatusError('InternalError', '/version names no gitVersion: check that spec.apiEndpoint is that of a Kubernetes API server')
}
