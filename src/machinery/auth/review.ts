import type { Clock } from '../../lib/clock.ts'
import { Backoff } from '../../lib/backoff.ts'
import { postJson } from '../client/json-client.ts'
import type { Handler } from '../meta/core.ts'
import { StatusError } from '../meta/status-error.ts'

/** How a review reaches the host. */
export interface ReviewOptions { readonly host: Handler; readonly clock: Clock; readonly random: () => number }

const TIMEOUT_MS = 10_000, STEPS = 5

/**
 * Posts a review and answers its status. Trouble on the way is retried four times (apiserver/pkg/util/webhook), then thrown.
 * It runs to its own time limit: several callers may wait for one answer, and one that leaves must not take it from the others.
 */
export async function review(path: string, body: object, { host, clock, random }: ReviewOptions): Promise<Record<string, unknown>> {
  const backoff = new Backoff({ initialMs: 500, maxMs: 5_000, jitter: 0.2, random })
  for (let step = 1; ; step++) {
    try {
      const { status } = await postJson<{ status?: Record<string, unknown> }>(host, path, body, AbortSignal.timeout(TIMEOUT_MS))
      return status ?? {}
    } catch (error) {
      const final = error instanceof StatusError && error.code < 500 && error.code !== 429
      if (step === STEPS || final) throw error
      await clock.sleep(backoff.nextMs())
    }
  }
}
