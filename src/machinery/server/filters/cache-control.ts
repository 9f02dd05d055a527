import { header } from '../../meta/headers.ts'
import type { Filter } from '../filter.ts'

/** Nothing that depends on rights may be kept by anyone between, unless a handler says otherwise. */
export const cacheControl: Filter = (next) => async (request, signal) => {
  const response = await next(request, signal)
  return header(response.headers, 'cache-control') === undefined ? { ...response, headers: [...response.headers, ['cache-control', 'no-cache, private']] } : response
}
