import type { Authenticator } from '../machinery/auth/authenticator.ts'
import type { Authorizer } from '../machinery/auth/authorizer.ts'
import type { FrontProxyOptions } from '../machinery/auth/front-proxy.ts'
import type { ListerWatcher } from '../machinery/meta/core.ts'
import type { MemberConnection } from '../machinery/client/connect.ts'

/** What is asked of the cluster that hosts this server, or of the server itself where there is none. */
export interface Host {
  readonly kind: 'kubernetes' | 'standalone'
  readonly authenticator: Authenticator
  readonly authorizer: Authorizer
  readonly namespaces: ListerWatcher
  /** Absent where there are none but those among the templates. */
  readonly priorityClasses?: ListerWatcher
  readonly secrets: Secrets
  /** Whose identity headers are trusted at present; undefined: nobody's. */
  readonly frontProxy: () => FrontProxyOptions | undefined
  /** The host's API; undefined where there is none. */
  readonly connection: MemberConnection | undefined
}

/** Secrets of the server's own namespace; no others are ever read. */
export interface Secrets {
  readonly namespace: string
  /** Decoded values; undefined where there is no such Secret. Errors: StatusError ServiceUnavailable while Secrets cannot be read. */
  get(name: string, signal: AbortSignal): Promise<Readonly<Record<string, string>> | undefined>
  /** Called with the name of every Secret that changes, until the signal aborts. */
  onChange(listener: (name: string) => void, signal: AbortSignal): void
}
