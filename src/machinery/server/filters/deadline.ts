import type { Clock } from '../../../lib/clock.ts'
import { requestInfo } from '../../auth/request-info.ts'
import { StatusError } from '../../meta/status-error.ts'
import type { Filter } from '../filter.ts'
import { isLongRunning } from '../long-running.ts'

const MAX_MS = 60_000
/** Given as the reason, or each request would make an error with a stack that nobody reads. */
const ANSWERED = new Error('the request is answered')

/** Ends what takes longer than `maxMs`, or than `timeout` in the query says, with 504; watches and connections excepted (apiserver/pkg/endpoints/filters/request_deadline.go). */
export const deadline = (clock: Clock, maxMs = MAX_MS): Filter => (next) => async (request, signal) => {
  const { method, path, query } = request
  if (isLongRunning(requestInfo(method, path, query))) return next(request, signal)
  const ms = limitMs(query.get('timeout'), maxMs), done = new AbortController(), limit = new AbortController()
  const overdue = async (): Promise<never> => {
    await clock.sleep(ms, done.signal)
    // Whoever won the race is not waited for any more.
    if (done.signal.aborted) return new Promise<never>(() => {})
    limit.abort()
    throw new StatusError('Timeout', 'Timeout: request did not complete within the allotted timeout', { details: {} })
  }
  try {
    return await Promise.race([next(request, AbortSignal.any([signal, limit.signal])), overdue()])
  } finally {
    done.abort(ANSWERED)
  }
}

function limitMs(text: string | null, maxMs: number): number {
  if (!text) return maxMs
  const ms = parseDurationMs(text)
  if (ms === undefined) throw StatusError.badRequest(`invalid timeout specified in the request URL - time: invalid duration ${JSON.stringify(text)}`)
  return ms <= 0 ? maxMs : Math.min(ms, maxMs)
}

const UNITS = new Map([['ns', 1e-6], ['us', 1e-3], ['µs', 1e-3], ['μs', 1e-3], ['ms', 1], ['s', 1_000], ['m', 60_000], ['h', 3_600_000]])

/** Durations as Go writes them: `1m30s`, `1.5h`, `500ms`, `0`; undefined: none. */
export function parseDurationMs(text: string): number | undefined {
  if (/^[-+]?0$/.test(text)) return 0
  const whole = /^([-+]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/.exec(text)
  if (!whole) return undefined
  const sum = [...whole[2]!.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)].reduce((ms, [, count, unit]) => ms + Number(count) * UNITS.get(unit!)!, 0)
  return whole[1] === '-' ? -sum : sum
}
