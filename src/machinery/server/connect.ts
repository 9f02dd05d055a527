import type { RequestInfo } from '../auth/request-info.ts'
import type { Connector, ConnectTarget } from '../meta/core.ts'
import { StatusError } from '../meta/status-error.ts'
import type { Route } from './route.ts'

/**
 * A connecting subresource and where it leads. The rest of the path is handed on as it was sent, so what another server might read differently is refused:
 * `.`, `..`, empty segments and encoded slashes. Throws StatusError BadRequest.
 */
export function connection({ target, name, subresource }: Extract<Route, { action: 'connect' }>, info: RequestInfo): { readonly connector: Connector; readonly to: ConnectTarget } {
  checkRest(info.rest)
  return { connector: target.resource.connect![subresource]!, to: { ...(target.namespace !== '' && { namespace: target.namespace }), name, path: info.rest } }
}

function checkRest(path: string): void {
  const refuse = (what: string) => StatusError.badRequest(`the path behind the subresource must not hold ${what}: ${JSON.stringify(path)}`)
  const segments = path.split('/').slice(1)
  segments.forEach((segment, index) => {
    const decoded = segment.replaceAll(/%2e/gi, '.')
    if (decoded === '.' || decoded === '..') throw refuse('"." or ".."')
    if (/%2f|%5c|\\/i.test(segment)) throw refuse('encoded slashes')
    // One slash at the end is how directories are asked for.
    if (segment === '' && index < segments.length - 1) throw refuse('empty segments')
  })
}
