import { createHmac } from 'node:crypto'
import type { User } from '../meta/core.ts'
import { header } from '../meta/headers.ts'
import { StatusError } from '../meta/status-error.ts'
import type { Authenticator } from './authenticator.ts'
import { ExpiringCache } from './expiring-cache.ts'
import type { ReviewOptions } from './review.ts'
import { review } from './review.ts'
import { webSocketToken } from './websocket-token.ts'

const TTL_MS = 10_000, MAX_TOKENS = 4_096

/**
 * Bearer tokens, checked by the host. Good and bad answers count for 10 s; tokens are kept as keyed hashes only.
 * `hashKey`: random bytes of this process.
 */
export function tokenReviews(options: ReviewOptions & { readonly hashKey: Uint8Array; readonly audiences?: readonly string[] }): Authenticator {
  const answers = new ExpiringCache<User | undefined>({ max: MAX_TOKENS, now: () => options.clock.now(), ttlMs: () => TTL_MS })
  return {
    authenticate: async ({ headers }) => {
      const token = bearerToken(header(headers, 'authorization')) ?? webSocketToken(headers)
      if (!token) return undefined
      const user = await answers.get(createHmac('sha256', options.hashKey).update(token).digest('base64'), () => ask(token, options))
      if (!user) throw StatusError.unauthorized('invalid bearer token')
      return user
    },
  }
}

/** Undefined also for a second space before the token, which Kubernetes ignores with a warning. */
export function bearerToken(authorization: string | undefined): string | undefined {
  const [scheme, token] = (authorization ?? '').trim().split(' ')
  return scheme?.toLowerCase() === 'bearer' && token ? token : undefined
}

/** Whether a second space stands before the token. */
export const isSpacedToken = (authorization: string | undefined): boolean => /^bearer {2,}\S/i.test((authorization ?? '').trim())

async function ask(token: string, options: ReviewOptions & { readonly audiences?: readonly string[] }): Promise<User | undefined> {
  const { audiences } = options
  const status = await review('/apis/authentication.k8s.io/v1/tokenreviews', { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token, ...(audiences && { audiences }) } }, options)
  if (status['authenticated'] !== true) return undefined
  const user = (status['user'] ?? {}) as { username?: string; uid?: string; groups?: string[]; extra?: Record<string, string[]> }
  return { name: user.username ?? '', ...(user.uid && { uid: user.uid }), groups: user.groups ?? [], extra: user.extra ?? {} }
}
