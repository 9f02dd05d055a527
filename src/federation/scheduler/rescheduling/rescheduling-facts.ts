import type { Rescheduling } from '../../../apis/policy.federation/v1alpha1/propagation-policy.ts'
import type { ReschedulingStatus } from '../../../apis/types.federation/v1alpha1/rescheduling-status.ts'

export type ReschedulingTrigger = NonNullable<Rescheduling['triggers']>[number]

/** When replicas that are placed may move, understood. */
export interface ReschedulingRule {
  readonly triggers: ReadonlySet<ReschedulingTrigger>
  readonly minIntervalMs: number
  /** At a time; Infinity: no limit. */
  readonly maxMoves: number
}

/** What a decision about moving rests on, besides the clusters. */
export interface ReschedulingFacts {
  /** Absent: nothing moves by itself. */
  readonly rule?: ReschedulingRule
  /** Absent: nothing is remembered. */
  readonly before?: ReschedulingStatus
  /** Of the template's annotation; absent: nobody asked. */
  readonly requested?: string
  /** By cluster: replicas that are there, and those of them that have found no node for a minute, and were not seen to when a limit was met there. */
  readonly stuck: ReadonlyMap<string, { readonly replicas: number; readonly unschedulable: number }>
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** Moving takes a while, and what is pending meanwhile is no news: two times are never closer. */
const MIN_INTERVAL_MS = 60_000

const memo = new WeakMap<Rescheduling, ReschedulingRule>()

export function reschedulingRule(spec: Rescheduling): ReschedulingRule {
  let rule = memo.get(spec)
  if (!rule) memo.set(spec, (rule = { triggers: new Set(spec.triggers), minIntervalMs: Math.max(MIN_INTERVAL_MS, spec.minInterval === undefined ? 0 : durationMs(spec.minInterval)), maxMoves: spec.maxMoves ?? Infinity }))
  return rule
}

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** 1h30m → 5,400,000. The schema has seen to its form. */
const durationMs = (text: string): number => [...text.matchAll(/([0-9]+)(ms|s|m|h)/g)].reduce((sum, [, count, unit]) => sum + Number(count) * UNITS_MS[unit!]!, 0)
