import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import type { Authenticator } from '../auth/authenticator.ts'
import type { Authorizer } from '../auth/authorizer.ts'
import type { FrontProxyOptions } from '../auth/front-proxy.ts'
import type { Response, Upgrader } from '../meta/core.ts'
import type { AuditLog } from './audit/audit-log.ts'
import type { Filter } from './filter.ts'
import { compose } from './filter.ts'
import { accessLog } from './filters/access-log.ts'
import { auditId } from './filters/audit-id.ts'
import { authenticate } from './filters/authentication.ts'
import { authorize } from './filters/authorization.ts'
import { cacheControl } from './filters/cache-control.ts'
import { compression } from './filters/compression.ts'
import { deadline } from './filters/deadline.ts'
import { goaway } from './filters/goaway.ts'
import { impersonation } from './filters/impersonation.ts'
import { maxInFlight } from './filters/in-flight.ts'
import { untilReady } from './filters/readiness.ts'
import { traced } from './filters/tracing.ts'
import { recover } from './filters/recover.ts'

/** How long a request may take, and how many may be answered at a time. */
export interface RequestLimits { readonly timeoutMs: number; readonly reading: number; readonly mutating: number }

export interface ChainOptions {
  readonly clock: Clock
  readonly logger: Logger
  readonly randomUuid: () => string
  readonly authenticator: Authenticator
  /** Should pass administrators and probes by itself: `withPrivileges`. */
  readonly authorizer: Authorizer
  /** Headers that a front proxy sets just now. */
  readonly frontProxy: () => FrontProxyOptions | undefined
  /** False until every path is known. */
  readonly isReady: () => boolean
  /** Sees every request and its final answer: measures it. */
  readonly measure?: Filter
  /** Absent: a kube-apiserver's. */
  readonly limits?: RequestLimits
  /** Share of HTTP/2 requests after which the client is told to connect again. */
  readonly goaway?: { readonly chance: number; readonly random: () => number }
  /** Absent: nothing is recorded. */
  readonly audit?: AuditLog
}

/** What every request passes, outermost first: the order of a kube-apiserver (apiserver/pkg/server/config.go DefaultBuildHandlerChain). */
export const serverFilters = ({ clock, logger, randomUuid, authenticator, authorizer, frontProxy, isReady, measure, audit, limits, goaway: leave }: ChainOptions): readonly Filter[] => [
  auditId(randomUuid),
  traced,
  ...(measure ? [measure] : []),
  ...(audit ? [audit.begin] : []),
  cacheControl,
  ...(leave ? [goaway(leave.chance, leave.random)] : []),
  recover(logger),
  untilReady(isReady),
  deadline(clock, limits?.timeoutMs),
  authenticate(authenticator, frontProxy, logger),
  accessLog(logger, clock),
  ...(audit ? [audit.identified] : []),
  impersonation(authorizer),
  ...(audit ? [audit.impersonated] : []),
  maxInFlight(limits),
  authorize(authorizer, logger, (annotations) => audit?.annotate(annotations)),
  compression,
]

/** Switches of protocol pass the same filters. */
export const upgradeThrough = (filters: readonly Filter[], upgrader: Upgrader): Upgrader => async (request, connection, signal) => {
  let taken = false
  const handler = compose(filters, async (inner, innerSignal) => {
    const refused = await upgrader(inner, connection, innerSignal)
    taken = refused === undefined
    return refused ?? SWITCHED
  })
  const response = await handler(request, signal)
  return taken ? undefined : response
}

const SWITCHED: Response = { status: 101, headers: [], body: new Uint8Array() }
