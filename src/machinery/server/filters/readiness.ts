import { StatusError } from '../../meta/status-error.ts'
import type { Filter } from '../filter.ts'

const API = /^\/+(?:apis?|openapi)(?:\/|$)/

/** Until everything is in place nothing of the API is said to be missing: garbage collection and namespace deletion act on 404. */
export const untilReady = (isReady: () => boolean): Filter => (next) => async (request, signal) => {
  if (isReady() || !API.test(request.path)) return next(request, signal)
  throw StatusError.unavailable('the request has been made before all known HTTP paths have been installed, please try again', 5)
}
