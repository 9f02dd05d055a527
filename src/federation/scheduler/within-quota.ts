import { type Rescheduled, reschedule } from './rescheduling/reschedule.ts'
import type { ReschedulingFacts } from './rescheduling/rescheduling-facts.ts'
import type { SchedulingSnapshot, Target } from './snapshot.ts'

/** Replicas that may be placed, in all clusters together, and which quota says so. */
export interface Allowance { readonly replicas: number; readonly why: string }

export interface WithinQuota extends Rescheduled {
  /** Nothing of it may be placed, or placed more often than it is: why, for people. What is placed stays. */
  readonly refused?: string
}

/**
 * A decision that places no more replicas than quotas allow; those beyond stay unplaced. As in Kubernetes, what is placed already is never taken for the sake of a quota.
 * `allowance` undefined: there is no quota.
 */
export function withinQuota(given: Omit<SchedulingSnapshot, 'rescheduling' | 'fresh'>, facts: ReschedulingFacts, allowance: Allowance | undefined): WithinQuota {
  const { template, preference, previous } = given, total = preference?.totalReplicas ?? template.replicas, plain = () => reschedule(given, facts)
  if (!allowance) return plain()
  const placed = previous?.targets.reduce((sum, { replicas }) => sum + (replicas ?? total ?? 1), 0) ?? 0, isCounted = total !== undefined && previous?.targets.every(({ replicas }) => replicas !== undefined) !== false
  const made = isCounted && total <= Math.max(allowance.replicas, placed) ? plain() : undefined
  if (made && made.schedule.algorithm !== 'Duplicated') return withWaiting(made, Math.max(allowance.replicas, placed))
  const whole = made ?? plain(), { targets, scheduled: { reason } } = whole.schedule
  if (reason === 'Nowhere') return whole
  if (whole.schedule.algorithm === 'Duplicated' || total === undefined) {
    const wanted = targets.length * (total ?? 1)
    return targets.length > (previous?.targets.length ?? 0) && wanted > allowance.replicas ? { ...whole, refused: `${wanted} replicas in ${targets.length} clusters are beyond ${allowance.why}` } : whole
  }
  const most = Math.max(allowance.replicas, Math.min(placed, total)), beyond = total - most, text = `${beyond} of ${total} replicas are beyond ${allowance.why}`
  if (beyond <= 0) return whole
  if (most === 0) return { ...whole, refused: text }
  const limited = reschedule({ ...given, template: { ...template, replicas: most }, ...(preference && { preference: { ...preference, totalReplicas: most } }) }, facts), kept = withWaiting(limited, Math.max(allowance.replicas, placed)), { schedule } = kept, { scheduled } = schedule
  return { ...kept, schedule: { ...schedule, unplaced: (schedule.unplaced ?? 0) + beyond, scheduled: { ...scheduled, ...(scheduled.status === 'True' && { reason: 'QuotaExceeded' as const }), message: `${scheduled.message}; ${text}` } } }
}

/** Replicas that wait for room are asked for besides those that run, and count like these: as many of them as `most` leaves. */
function withWaiting(made: Rescheduled, most: number): Rescheduled {
  const { targets } = made.schedule
  let beyond = targets.reduce((sum, { replicas = 0 }) => sum + replicas, 0) - most
  if (beyond <= 0 || targets.every(({ waiting }) => waiting === undefined)) return made
  const fitting = targets.map((target): Target => {
    const { cluster, waiting = 0, replicas = 0 } = target, less = Math.min(waiting, Math.max(beyond, 0)), left = waiting - less
    beyond -= less
    return less === 0 ? target : { cluster, replicas: replicas - less, ...(left > 0 && { waiting: left }), message: `gets ${replicas - less} replicas; ${left} of them wait for room, as many as the quota allows` }
  })
  return { ...made, schedule: { ...made.schedule, targets: fitting } }
}
