import type { Handler } from '../../machinery/meta/core.ts'
import { bytesOf } from '../../machinery/client/failure.ts'
import { StatusError } from '../../machinery/meta/status-error.ts'

export type ConditionStatus = 'True' | 'False' | 'Unknown'
export type ReadyReason = 'ClusterReady' | 'ClusterNotReady' | 'ClusterNotReachable' | 'StatusCollectionFailed'

/** One look at a member. */
export interface Observation { readonly status: ConditionStatus; readonly reason: ReadyReason; readonly message: string }

/** What counts now, and since when observations have had their present status (milliseconds). */
export interface Health { readonly counted: Observation; readonly observed: ConditionStatus; readonly since: number }

export interface HealthThresholds { readonly successMs: number; readonly failureMs: number }

/**
 * The first observation counts at once. After that a change between ready and not ready counts only once it has been seen steadily for the threshold, so that a member which flaps, or an API server that restarts, moves nothing.
 * False and Unknown replace each other at once. (Karmada's rule, pkg/controllers/status/cluster_condition_cache.go.)
 */
export function nextHealth(previous: Health | undefined, observation: Observation, now: number, { successMs, failureMs }: HealthThresholds): Health {
  if (!previous) return { counted: observation, observed: observation.status, since: now }
  const since = observation.status === previous.observed ? previous.since : now
  const flips = (observation.status === 'True') !== (previous.counted.status === 'True')
  const isHeldBack = flips && now - since < (observation.status === 'True' ? successMs : failureMs)
  return { counted: isHeldBack ? previous.counted : observation, observed: observation.status, since }
}

/** Asks `/readyz`, or `/healthz` where that is not known. Never throws, but for the abort of `signal`. */
export async function probe(handler: Handler, timeoutMs: number, signal: AbortSignal): Promise<Observation> {
  const limit = AbortSignal.timeout(timeoutMs), either = AbortSignal.any([signal, limit])
  try {
    const first = await ask(handler, '/readyz', either), { status, text } = first.status === 404 ? await ask(handler, '/healthz', either) : first
    if (status === 200) return { status: 'True', reason: 'ClusterReady', message: 'cluster is healthy and ready to accept workloads' }
    if (status === 401) return notReady('the member refused the credential (401): renew the token or certificate in the Secret of spec.secretRef')
    if (status === 403) return notReady('the member forbids GET /readyz (403): bind the credential to a role that allows it')
    if (status === 404) return notReady('neither /readyz nor /healthz exists there: check that spec.apiEndpoint is that of a Kubernetes API server')
    return notReady(`the health check answered ${status}${text ? `: ${text}` : ''}`)
  } catch (error) {
    signal.throwIfAborted()
    if (limit.aborted) return unreachable(`no answer within ${timeoutMs / 1000} s: check that the server is up and not overloaded, and that no firewall drops its packets`)
    return unreachable(error instanceof Error ? error.message : String(error))
  }
}

const notReady = (message: string): Observation => ({ status: 'False', reason: 'ClusterNotReady', message })
export const unreachable = (message: string): Observation => ({ status: 'False', reason: 'ClusterNotReachable', message })

/** It answers, but not with what a Kubernetes API server would. */
export const collectionFailed = (error: unknown): Observation => ({
  status: 'False', reason: 'StatusCollectionFailed',
  message: error instanceof StatusError && error.code === 401 ? 'the member refused the credential (401): renew the token or certificate in the Secret of spec.secretRef' : error instanceof Error ? error.message : String(error),
})

async function ask(handler: Handler, path: string, signal: AbortSignal): Promise<{ status: number; text: string }> {
  const response = await handler({ method: 'GET', path, query: new URLSearchParams(), headers: [] }, signal)
  const text = Buffer.from(await bytesOf(response, 4096)).toString('utf8')
  return { status: response.status, text: (/\[-\][^\n]*/.exec(text)?.[0] ?? text).slice(0, 200).replace(/\s+/g, ' ').trim() }
}
