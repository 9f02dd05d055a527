import type { Request, Response } from '../../meta/core.ts'
import { isSpacedToken } from '../../auth/token-review.ts'
import { header } from '../../meta/headers.ts'
import { warningHeaders } from '../respond.ts'
import type { Filter } from '../filter.ts'

/**
 * After this answer an HTTP/2 connection takes no more requests; those that run go on. HTTP/1.1 is left alone.
 * `Connection` itself says nothing in HTTP/2, so the transport reads it as this wish, and nobody else may set it.
 */
export const closing = (response: Response): Response => ({ ...response, headers: [...response.headers, ['connection', 'close']] })

/** A share of clients is told to connect again, so that connections spread over replicas that came later (apiserver/pkg/server/filters/goaway.go). What handlers pass on from other servers says nothing of this connection. */
export const goaway = (chance: number, random: () => number): Filter => (next) => async (request, signal) => {
  const response = await next(request, signal)
  return chance > 0 && random() < chance ? closing(response) : response
}

/** Who proved nothing may not keep a connection on which requests are cheap to make; a certificate is some proof, and a proxy's connection carries others too (CVE-2023-44487). */
export const isUnproven = ({ peer }: Request, groups: readonly string[]): boolean => groups.includes('system:unauthenticated') && !peer?.certificates.length

/** A header that a person mistyped is ignored by Kubernetes with a warning. */
export function ignoredTokenWarning(request: Request): Response['headers'] {
  return isSpacedToken(header(request.headers, 'authorization')) ? warningHeaders(['the provided Authorization header contains extra space before the bearer token, and is ignored']) : []
}
