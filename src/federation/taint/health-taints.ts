/** The taints that this server sets by itself, from whether a cluster is ready. Pure. */
import type { Condition } from '../../apis/meta/v1/condition.ts'
import type { Taint } from '../../apis/cluster.federation/v1alpha1/taint.ts'

/** Ready is False: it answers that it is not well, or does not answer. */
export const NOT_READY_TAINT = 'cluster.federation/not-ready'
/** Ready is Unknown: nobody tells how it is. */
const UNREACHABLE_TAINT = 'cluster.federation/unreachable'
const AUTOMATIC: ReadonlySet<string> = new Set([NOT_READY_TAINT, UNREACHABLE_TAINT])

export const isAutomatic = ({ key }: Pick<Taint, 'key'>): boolean => AUTOMATIC.has(key)

/** Of a taint what makes it the one it is. */
type TaintId = Pick<Taint, 'key' | 'effect'>

export interface TaintChange {
  readonly add: readonly Taint[]
  readonly remove: readonly TaintId[]
  /** When there will be more to do; absent: not before the cluster changes. */
  readonly lookAgainAt?: number
}

const both = (key: string): TaintId[] => [{ key, effect: 'NoSchedule' }, { key, effect: 'NoExecute' }]

/**
 * While a cluster is not ready nothing new goes there; once it has been so for `evictionTimeoutMs`, what is there is driven out, if it does not tolerate that.
 * `evictionTimeoutMs` 0: it never is. A cluster of which nothing is known yet has no taint: its connection keeps it out of every decision.
 */
export function healthTaints(conditions: readonly Condition[], taints: readonly Taint[], now: number, evictionTimeoutMs: number): TaintChange {
  const ready = conditions.find(({ type }) => type === 'Ready')
  if (!ready) return { add: [], remove: [] }
  if (ready.status === 'True') return { add: [], remove: [...both(NOT_READY_TAINT), ...both(UNREACHABLE_TAINT)] }
  const [key, other] = ready.status === 'False' ? [NOT_READY_TAINT, UNREACHABLE_TAINT] : [UNREACHABLE_TAINT, NOT_READY_TAINT]
  const dueAt = Date.parse(ready.lastTransitionTime) + evictionTimeoutMs, isEnabled = evictionTimeoutMs > 0
  // False after Unknown is one and the same outage.
  const drivesOut = isEnabled && (now >= dueAt || taints.some((taint) => taint.effect === 'NoExecute' && taint.key === other))
  return {
    add: [{ key, effect: 'NoSchedule' }, ...(drivesOut ? [{ key, effect: 'NoExecute' as const }] : [])],
    remove: [...both(other), ...(isEnabled ? [] : [{ key, effect: 'NoExecute' as const }])],
    ...(isEnabled && !drivesOut && { lookAgainAt: dueAt }),
  }
}

/** The taints of a cluster after a change, in their order, new ones last. The same list where nothing changes. */
export function changeTaints(taints: readonly Taint[], { add, remove }: Pick<TaintChange, 'add' | 'remove'>): readonly Taint[] {
  const left = taints.filter((taint) => !remove.some((id) => isSameTaint(id, taint))), added = add.filter((taint) => !taints.some((one) => isSameTaint(one, taint)))
  return left.length === taints.length && added.length === 0 ? taints : [...left, ...added]
}

/** The value does not count. */
export const isSameTaint = (a: TaintId, b: TaintId): boolean => a.key === b.key && a.effect === b.effect
