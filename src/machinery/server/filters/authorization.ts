import { withSpan } from '../../../lib/tracing.ts'
import type { Logger } from '../../../lib/logger.ts'
import type { Authorizer, Decision } from '../../auth/authorizer.ts'
import { attributesOf, forbidden } from '../../auth/authorizer.ts'
import { requestInfo } from '../../auth/request-info.ts'
import type { Filter } from '../filter.ts'
import { respondError, respondText } from '../respond.ts'

/** Lets through what the user may do, judged from the request alone. An authorizer that does not answer is an error of the server, no refusal. */
export const authorize = (authorizer: Authorizer, logger: Logger, annotate: (annotations: Record<string, string>) => void = () => undefined): Filter => (next) => async (request, signal) => {
  const { user, method, path, query } = request
  if (!user) throw new Error('no user in the request: authentication comes before authorisation')
  const attributes = attributesOf(user, requestInfo(method, path, query))
  let decision: Decision
  try {
    decision = await withSpan('authorize', { verb: attributes.verb }, () => authorizer.authorize(attributes, signal))
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    logger.error({ id: request.id, path, error: message }, 'the authorizer does not answer')
    return respondText(500, `Internal Server Error: ${JSON.stringify(path)}: ${message}\n`)
  }
  annotate({ 'authorization.k8s.io/decision': decision.allowed ? 'allow' : 'forbid', 'authorization.k8s.io/reason': decision.reason })
  return decision.allowed ? next(request, signal) : respondError(forbidden(attributes, decision.reason), request, [['x-content-type-options', 'nosniff']])
}
