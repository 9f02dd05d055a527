import { requestInfo } from '../../auth/request-info.ts'
import type { Filter } from '../filter.ts'
import { isLongRunning } from '../long-running.ts'
import { respondText } from '../respond.ts'

const MAX_READING = 400, MAX_MUTATING = 200
const READING = new Set(['get', 'list', 'watch', 'head', 'options'])

/** So many requests at a time and no more; long-running ones and administrators excepted (apiserver/pkg/server/filters/maxinflight.go). */
export function maxInFlight({ reading = MAX_READING, mutating = MAX_MUTATING }: { reading?: number; mutating?: number } = {}): Filter {
  const counts = { reading: 0, mutating: 0 }, limits = { reading, mutating }
  return (next) => async (request, signal) => {
    const info = requestInfo(request.method, request.path, request.query)
    if (isLongRunning(info) || request.user?.groups.includes('system:masters')) return next(request, signal)
    const sort = READING.has(info.verb) ? 'reading' : 'mutating'
    if (counts[sort] >= limits[sort]) return respondText(429, 'Too many requests, please try again later.\n', [['retry-after', '1']])
    counts[sort]++
    try {
      return await next(request, signal)
    } finally {
      counts[sort]--
    }
  }
}
