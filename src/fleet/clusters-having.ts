import { bytesOf, failure } from '../machinery/client/failure.ts'
import { METADATA_ONLY } from '../machinery/client/metadata-only.ts'
import { resourcePath } from '../machinery/client/resource-path.ts'
import type { Kind } from '../machinery/meta/core.ts'
import { StatusError } from '../machinery/meta/status-error.ts'
import type { FleetMember } from './fleet-member.ts'

/**
 * The clusters that have an object of that name, sorted, asked all at once by the cheapest request there is. Those that do not answer are left out, unless none does:
 * missing data is unknown, never absence. Errors: ServiceUnavailable.
 */
export async function clustersHaving(kind: Pick<Kind, 'group' | 'version' | 'plural' | 'namespaced'>, named: { readonly namespace?: string; readonly name: string }, members: readonly Pick<FleetMember, 'cluster' | 'handler'>[], signal: AbortSignal): Promise<string[]> {
  const silent: string[] = [], path = resourcePath(kind, named)
  const found = await Promise.all(members.map(async ({ cluster, handler }) => {
    try {
      const response = await handler({ method: 'GET', path, query: new URLSearchParams(), headers: [['accept', METADATA_ONLY]] }, signal)
      if (response.status !== 200 && response.status !== 404) throw await failure(response)
      await bytesOf(response)
      return response.status === 200 ? [cluster] : []
    } catch (error) {
      signal.throwIfAborted()
      silent.push(`cluster ${cluster} did not answer: ${error instanceof Error ? error.message : String(error)}`)
      return []
    }
  }))
  if (silent.length > 0 && silent.length === members.length) throw StatusError.unavailable(silent.join('; '), 1)
  return found.flat().toSorted()
}
