import type { Clock } from '../../../lib/clock.ts'
import type { Logger } from '../../../lib/logger.ts'
import { requestInfo } from '../../auth/request-info.ts'
import { header } from '../../meta/headers.ts'
import type { Filter } from '../filter.ts'
import { statusOf } from '../respond.ts'

/** One line per request once it is answered: who, what, how long until the first byte. Streams are logged when they begin. */
export const accessLog = (logger: Logger, clock: Clock): Filter => (next) => async (request, signal) => {
  const start = clock.now()
  const log = (status: number | undefined) => {
    const { verb } = requestInfo(request.method, request.path, request.query)
    logger.debug({ id: request.id, verb, path: request.path, user: request.user?.name, agent: header(request.headers, 'user-agent'), address: request.peer?.address, status, milliseconds: clock.now() - start }, 'request')
  }
  try {
    const response = await next(request, signal)
    log(response.status)
    return response
  } catch (error) {
    log(statusOf(error).code)
    throw error
  }
}
