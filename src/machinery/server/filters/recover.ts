import type { Logger } from '../../../lib/logger.ts'
import { StatusError } from '../../meta/status-error.ts'
import type { Filter } from '../filter.ts'
import { respondError, respondText } from '../respond.ts'

/** Turns what is thrown into a response: a StatusError into its Status, anything else, a bug, into a line in the log and a text without detail. */
export const recover = (logger: Logger): Filter => (next) => async (request, signal) => {
  try {
    return await next(request, signal)
  } catch (error) {
    if (error instanceof StatusError) {
      if (error.code >= 500) logger.warn({ id: request.id, method: request.method, path: request.path, reason: error.reason, error: error.message, cause: error.cause }, 'request failed')
      return respondError(error, request)
    }
    if (!signal.aborted) logger.error({ id: request.id, method: request.method, path: request.path, error: error instanceof Error ? error.stack : error }, 'request handler failed')
    return respondText(500, 'This request caused apiserver to panic. Look in the logs for details.')
  }
}
