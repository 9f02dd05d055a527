import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import type { Authenticator } from '../auth/authenticator.ts'
import type { Authorizer } from '../auth/authorizer.ts'
import type { FrontProxyOptions } from '../auth/front-proxy.ts'
import type { Response, Upgrader } from '../meta/core.ts'
import type { Filter } from './filter.ts'
import { compose } from './filter.ts'
import { accessLog } from './filters/access-log.ts'
import { auditId } from './filters/audit-id.ts'
import { authenticate } from './filters/authentication.ts'
import { authorize } from './filters/authorization.ts'
import { cacheControl } from './filters/cache-control.ts'
import { compression } from './filters/compression.ts'
import { deadline } from './filters/deadline.ts'
import { impersonation } from './filters/impersonation.ts'
import { maxInFlight } from './filters/in-flight.ts'
import { untilReady } from './filters/readiness.ts'
import { recover } from './filters/recover.ts'

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
}

/** What every request passes, outermost first: the order of a kube-apiserver (apiserver/pkg/server/config.go DefaultBuildHandlerChain). */
export const serverFilters = ({ clock, logger, randomUuid, authenticator, authorizer, frontProxy, isReady, measure }: ChainOptions): readonly Filter[] => [
  auditId(randomUuid),
  ...(measure ? [measure] : []),
  cacheControl,
  recover(logger),
  untilReady(isReady),
  deadline(clock),
  authenticate(authenticator, frontProxy, logger),
  accessLog(logger, clock),
  impersonation(authorizer),
  maxInFlight(),
  authorize(authorizer, logger),
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
