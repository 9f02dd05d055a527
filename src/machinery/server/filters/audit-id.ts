import { header } from '../../meta/headers.ts'
import type { Filter } from '../filter.ts'

/** The id under which a request is found in every log: the client's own, else a new one; answered with the response. */
export const auditId = (randomUuid: () => string): Filter => (next) => async (request, signal) => {
  const id = header(request.headers, 'audit-id') || randomUuid()
  const response = await next({ ...request, id }, signal)
  return { ...response, headers: [...response.headers, ['audit-id', id]] }
}
