import type { Clock } from '../../../lib/clock.ts'
import type { Logger } from '../../../lib/logger.ts'
import type { MemberState } from '../../member/member.ts'
import { evictionRate, type FailoverOptions } from './failover-options.ts'

interface Options {
  readonly members: { readonly list: () => readonly { readonly state: MemberState }[] }
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
    const states = members.list().map(({ state }) => state.state), total = states.length, notReady = states.filter((state) => state === 'unreachable' || state === 'refused').length, rate = evictionRate({ total, notReady }, rates)
    if (rate === 0 || this.#isNone) this.#haltedAt = now
    this.#isNone = rate === 0
    const isHalted = this.#haltedAt !== undefined && (rate === 0 || now - this.#haltedAt < evictionTimeoutMs)
    if (isHalted !== this.#isHalted) logger.warn({ clusters: total, notReady }, isHalted ? 'nothing leaves clusters because of their health: too many of them are not ready, as if this server were cut off' : 'clusters may be left again because of their health')
    this.#isHalted = isHalted
    // Who has just started finds them one by one: the first that do not answer may be the first of all. What is not known yet is no news of an outage, though.
    return isHalted ? 0 : evictionRate({ total, notReady: notReady + states.filter((state) => state === 'connecting').length }, rates)
  }
}
