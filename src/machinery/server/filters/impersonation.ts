import type { Authorizer } from '../../auth/authorizer.ts'
import { impersonate } from '../../auth/impersonation.ts'
import type { Filter } from '../filter.ts'

/** Lets users who may act as others. */
export const impersonation = (authorizer: Authorizer): Filter => (next) => async (request, signal) => next(request.user ? await impersonate(request, request.user, authorizer, signal) : request, signal)
