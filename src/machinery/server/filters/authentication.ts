import { withSpan } from '../../../lib/tracing.ts'
import type { Logger } from '../../../lib/logger.ts'
import type { Authenticator } from '../../auth/authenticator.ts'
import type { FrontProxyOptions } from '../../auth/front-proxy.ts'
import { isIdentityHeader } from '../../auth/front-proxy.ts'
import { withoutWebSocketToken } from '../../auth/websocket-token.ts'
import { withoutHeaders } from '../../meta/headers.ts'
import { isReason } from '../../meta/status-error.ts'
import type { Filter } from '../filter.ts'
import { respondError } from '../respond.ts'
import { closing, ignoredTokenWarning, isUnproven } from './goaway.ts'

/** Sets the user, or answers 401. What proved it does not travel on: credentials and identity headers are taken off. `proxy`: which headers those are just now. */
export const authenticate = (authenticator: Authenticator, proxy: () => FrontProxyOptions | undefined, logger: Logger): Filter => (next) => async (request, signal) => {
  let user
  try {
    user = await withSpan('authenticate', {}, () => authenticator.authenticate(request, signal))
  } catch (error) {
    if (!isReason(error, 'Unauthorized')) throw error
    logger.info({ id: request.id, path: request.path, address: request.peer?.address, cause: error.cause }, 'request is not authenticated')
    const refused = respondError(error, request)
    return request.peer?.certificates.length ? refused : closing(refused)
  }
  const options = proxy()
  const response = await next({ ...request, ...(user && { user }), headers: withoutWebSocketToken(withoutHeaders(request.headers, (name) => isIdentityHeader(name, options))) }, signal), warnings = ignoredTokenWarning(request)
  // What another server said of its connection says nothing of this one.
  const answer = { ...response, headers: [...withoutHeaders(response.headers, (name) => name === 'connection'), ...warnings] }
  return isUnproven(request, user?.groups ?? []) ? closing(answer) : answer
}
