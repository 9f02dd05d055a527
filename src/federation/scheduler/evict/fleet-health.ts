import type { Cluster } from '../../../apis/cluster.federation/v1alpha1/cluster.ts'
import type { Clock } from '../../../lib/clock.ts'
import type { Logger } from '../../../lib/logger.ts'
import type { MemberState } from '../../member/member.ts'
import { evictionRate, type FailoverOptions } from './failover-options.ts'

interface Options {
  readonly members: { readonly list: () => readonly { readonly cluster: Pick<Cluster, 'metadata' | 'status'>; readonly state: MemberState }[] }
  readonly failover: FailoverOptions
  readonly clock: Clock
  readonly logger: Logger
}

/**
 * How much of the fleet is well, and so how fast clusters may be left. After a time in which nobody might leave, because too much of the fleet looked down, all clusters get
 * the whole timeout again to show that they are well: they do not come back in the same moment.
 */
export class FleetHealth {
  readonly #options: Options
  /** The last moment in which nobody might leave. */
  #haltedAt: number | undefined
  #isNone = false
  #isHalted = false

  constructor(options: Options) { this.#options = options }

  /** Templates that may leave clusters in a second; 0: none. Asked too whenever a member changes, so that no time is missed in which too much looked down. */
  rateOf(byHealth: boolean): number {
    const { members, failover: { rates, evictionTimeoutMs }, clock, logger } = this.#options, now = clock.now()
    if (!byHealth) return rates.perSecond
    const all = members.list(), total = all.length, count = (is: (member: (typeof all)[number]) => boolean) => all.filter(is).length, notReady = count(({ state: { state } }) => state === 'unreachable' || state === 'refused')
    const rate = evictionRate({ total, notReady }, rates), isBack = ({ cluster, state }: (typeof all)[number]) => state.state === 'ready' && cameBack(cluster, now - evictionTimeoutMs)
    if (rate === 0 || this.#isNone) this.#haltedAt = now
    this.#isNone = rate === 0
    // A server that has just started remembers nothing: that many were not ready is seen by how many have come back.
    const isHalted = (this.#haltedAt !== undefined && (rate === 0 || now - this.#haltedAt < evictionTimeoutMs)) || evictionRate({ total, notReady: notReady + count(isBack) }, rates) === 0
    if (isHalted !== this.#isHalted) logger.warn({ clusters: total, notReady }, isHalted ? 'nothing leaves clusters because of their health: too many of them are not ready, as if this server were cut off' : 'clusters may be left again because of their health')
    this.#isHalted = isHalted
    // Who has just started finds them one by one: the first that do not answer may be the first of all. What is not known yet is no news of an outage, though.
    return isHalted ? 0 : evictionRate({ total, notReady: notReady + count(({ state: { state } }) => state === 'connecting') }, rates)
  }
}

/** Whether it became ready after `since`, and was there before. */
function cameBack({ metadata: { creationTimestamp = '' }, status }: Pick<Cluster, 'metadata' | 'status'>, since: number): boolean {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')
  return ready?.status === 'True' && Date.parse(ready.lastTransitionTime) > since && !(Date.parse(creationTimestamp) > since)
}
