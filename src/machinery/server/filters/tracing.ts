import { withServerSpan } from '../../../lib/tracing.ts'
import type { Filter } from '../filter.ts'

/** One span per request, until its answer begins; a trace that the client is in goes on. Names hold no paths: there would be one per object. */
export const traced: Filter = (next) => (request, signal) =>
  withServerSpan(request.method, { 'http.request.method': request.method, 'url.path': request.path, 'audit-id': request.id ?? '' }, request.headers, () => next(request, signal))
