/** What drives a template out of a cluster, and when. Pure. */
import type { Toleration } from '../../../apis/cluster.federation/v1alpha1/placement.ts'
import { type Taint, taintText } from '../../../apis/cluster.federation/v1alpha1/taint.ts'
import type { Failover } from '../../../apis/policy.federation/v1alpha1/failover.ts'
import type { ClusterState } from '../../../apis/types.federation/v1alpha1/federated-object.ts'
import { isAutomatic, NOT_READY_TAINT } from '../../taint/health-taints.ts'
import type { ClusterFacts } from '../snapshot.ts'
import type { FailoverOptions } from './failover-options.ts'
import { toleratedUntil } from './tolerated-until.ts'

export interface Cause {
  readonly cluster: string
  readonly reason: 'TaintUntolerated' | 'ApplicationFailure'
  /** One sentence without its full stop, about the cluster. */
  readonly message: string
  /** From then on the cluster is left (milliseconds). */
  readonly dueAt: number
  /** Nobody said that the cluster be left: it, or the copy there, is not well. Then it is left only for a place elsewhere. */
  readonly byHealth: boolean
}

export interface Rules extends Pick<FailoverOptions, 'notReadyTolerationSeconds' | 'unreachableTolerationSeconds'> {
  readonly tolerations: readonly Toleration[]
  /** Of the policy. */
  readonly failover: Failover | undefined
}

/**
 * NoExecute taints, by whoever set them. Those that this server sets because a cluster is not ready count while it is not, and for templates whose policy has cluster failover,
 * or whose placement tolerates them for a time: others stay, since what cannot be seen may well run.
 */
export function taintCause({ cluster: { metadata, spec }, state }: Pick<ClusterFacts, 'cluster' | 'state'>, { tolerations, failover, ...rules }: Rules, now: number): Cause | undefined {
  const isReady = state.state === 'ready' || state.state === 'connecting', driving = (spec.taints ?? []).flatMap((taint) => {
    if (taint.effect !== 'NoExecute' || (isReady && isAutomatic(taint))) return []
    const until = isAutomatic(taint) ? automaticUntil(taint, { tolerations, failover, ...rules }, now) : toleratedUntil(taint, tolerations, now)
    return until === Infinity ? [] : [{ taint, until }]
  })
  const first = driving.toSorted((a, b) => a.until - b.until)[0]
  if (!first) return undefined
  const { taint, until } = first
  return { cluster: metadata.name ?? '', reason: 'TaintUntolerated', message: `its taint ${taintText(taint)} is ${until > 0 ? 'no longer' : 'not'} tolerated`, dueAt: until, byHealth: !isReady || isAutomatic(taint) }
}

function automaticUntil(taint: Taint, { tolerations, failover, notReadyTolerationSeconds, unreachableTolerationSeconds }: Rules, now: number): number {
  const said = toleratedUntil(taint, tolerations, now)
  if (said > 0) return said
  if (!failover?.cluster) return Infinity
  return toleratedUntil(taint, [{ key: taint.key, operator: 'Exists', tolerationSeconds: taint.key === NOT_READY_TAINT ? notReadyTolerationSeconds : unreachableTolerationSeconds }], now)
}

const TOLERATED_SECONDS = 300

/** A copy that has been seen not to work for longer than the policy tolerates. A copy that cannot be seen is not known to fail. */
export function applicationCause({ cluster: { metadata }, state }: Pick<ClusterFacts, 'cluster' | 'state'>, copy: ClusterState | undefined, failover: Failover | undefined): Cause | undefined {
  if (!failover?.application || state.state !== 'ready' || copy?.health !== 'Unhealthy' || copy.unhealthySince === undefined) return undefined
  const seconds = failover.application.decisionConditions.tolerationSeconds ?? TOLERATED_SECONDS
  return { cluster: metadata.name ?? '', reason: 'ApplicationFailure', message: `the copy there has been unhealthy since ${copy.unhealthySince}, for longer than ${seconds} s`, dueAt: Date.parse(copy.unhealthySince) + seconds * 1000, byHealth: true }
}
