import { InvalidArgumentError, type Command } from 'commander'
import { defaultFailover, type FailoverOptions } from '../federation/scheduler/evict/failover-options.ts'
import { parseDurationMs } from '../machinery/server/filters/deadline.ts'

export interface FailoverFlags {
  failoverEvictionTimeout: number
  defaultNotReadyTolerationSeconds: number
  defaultUnreachableTolerationSeconds: number
  gracefulEvictionTimeout: number
  resourceEvictionRate: number
  secondaryResourceEvictionRate: number
  unhealthyClusterThreshold: number
  largeClusterNumThreshold: number
  partitionClusterThreshold: number
}

/** The names are Karmada's, where it has, or had, the flag. */
export function withFailoverFlags(command: Command): Command {
  const { rates } = defaultFailover, number = (check: (value: number) => boolean, what: string) => (text: string) => {
    const value = Number(text)
    if (text.trim() === '' || !check(value)) throw new InvalidArgumentError(`must be ${what}`)
    return value
  }
  const duration = (text: string) => {
    const ms = parseDurationMs(text)
    if (ms === undefined || ms < 0) throw new InvalidArgumentError('must be a duration such as 5m')
    return ms
  }
  const share = number((value) => value > 0 && value <= 1, 'a share, above 0 and up to 1'), rate = number((value) => value >= 0 && Number.isFinite(value), 'a number, 0 or above'), count = number((value) => Number.isInteger(value) && value >= 0, 'a whole number')
  return command
    .option('--failover-eviction-timeout <duration>', 'how long a cluster is not ready before it gets the NoExecute taint that drives out templates with failover; 0: it never does', duration, defaultFailover.evictionTimeoutMs)
    .option('--default-not-ready-toleration-seconds <seconds>', 'how long templates with spec.failover.cluster tolerate cluster.federation/not-ready:NoExecute, where their placement does not say', count, defaultFailover.notReadyTolerationSeconds)
    .option('--default-unreachable-toleration-seconds <seconds>', 'the same for cluster.federation/unreachable:NoExecute', count, defaultFailover.unreachableTolerationSeconds)
    .option('--graceful-eviction-timeout <duration>', 'how long a copy in a cluster that is left waits for the others, before it goes though they are not ready; the last copy that serves stays', duration, defaultFailover.gracefulEvictionSeconds * 1000)
    .option('--resource-eviction-rate <count>', 'templates that leave a cluster in a second; 0: none do', rate, rates.perSecond)
    .option('--secondary-resource-eviction-rate <count>', 'the same while a large part of a large fleet is not ready', rate, rates.secondaryPerSecond)
    .option('--unhealthy-cluster-threshold <share>', 'share of clusters that are not ready which is a large part', share, rates.unhealthyThreshold)
    .option('--large-cluster-num-threshold <count>', 'a fleet of more clusters is large; in others nothing is evicted while a large part is not ready', count, rates.largeFleet)
    .option('--partition-cluster-threshold <share>', 'share of clusters that are not ready from which on it is likelier that this server is cut off: nothing is evicted', share, rates.partitionThreshold)
}

export const failoverOptions = (flags: FailoverFlags): FailoverOptions => ({
  evictionTimeoutMs: flags.failoverEvictionTimeout, notReadyTolerationSeconds: flags.defaultNotReadyTolerationSeconds, unreachableTolerationSeconds: flags.defaultUnreachableTolerationSeconds, gracefulEvictionSeconds: flags.gracefulEvictionTimeout / 1000,
  rates: { perSecond: flags.resourceEvictionRate, secondaryPerSecond: flags.secondaryResourceEvictionRate, unhealthyThreshold: flags.unhealthyClusterThreshold, largeFleet: flags.largeClusterNumThreshold, partitionThreshold: flags.partitionClusterThreshold },
})
