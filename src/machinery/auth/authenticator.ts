import type { Request, User } from '../meta/core.ts'
import { StatusError } from '../meta/status-error.ts'

/** Answers who asks, or undefined where it finds nothing to go by; throws StatusError Unauthorized where what it finds is wrong. */
export interface Authenticator { authenticate(request: Request, signal: AbortSignal): Promise<User | undefined> }

export const ANONYMOUS: User = { name: 'system:anonymous', groups: ['system:unauthenticated'], extra: {} }

/**
 * The first that succeeds wins; its user joins `system:authenticated`. A failure without any success is Unauthorized, never anonymous.
 * Nothing presented at all is `system:anonymous` (apiserver/pkg/authentication/authenticatorfactory/delegating.go).
 */
export function union(authenticators: readonly Authenticator[]): Authenticator {
  return {
    authenticate: async (request, signal) => {
      const failures: unknown[] = []
      for (const authenticator of authenticators) {
        try {
          const user = await authenticator.authenticate(request, signal)
          if (user) return withGroup(user, 'system:authenticated')
        } catch (error) {
          failures.push(error)
        }
      }
      if (failures.length > 0) throw new StatusError('Unauthorized', 'Unauthorized', { cause: failures.length === 1 ? failures[0] : new AggregateError(failures) })
      return ANONYMOUS
    },
  }
}

const withGroup = (user: User, group: string): User => (user.groups.includes(group) || user.groups.includes('system:unauthenticated') ? user : { ...user, groups: [...user.groups, group] })
