/** Moves between clusters: grow first, wait until ready, then shrink. Pure. */
import { listed } from '../../lib/listed.ts'
import type { Health } from '../interpreter/health.ts'

/** The copy of a template in one of its other targets. */
export interface OtherTarget {
  readonly cluster: string
  /** The cluster can be reached. */
  readonly reachable: boolean
  /** What the latest decision wants there has been sent. */
  readonly settled: boolean
  /** Undefined: no copy is to be seen. */
  readonly health: Health | undefined
  /** Replicas that the copy asks for and has not got yet. */
  readonly missing: number
}

/** How long a copy or replicas that are no longer wanted stay for the sake of clusters that do not get ready: as long as a Deployment has by default. */
const PATIENCE_MS = 600_000, NAMED = 3

/** The cluster is left because it, or the copy there, failed, or because it drives the template out. */
export interface Leaving {
  readonly purgeMode: 'Directly' | 'Gracefully' | 'Never'
  /** How long the copy waits for the others. */
  readonly patienceMs: number
  /** The copy serves, in part at least. */
  readonly serves: boolean
}

/**
 * Why a copy that is no longer wanted stays for now, or the replicas that it has too many; undefined: nothing speaks for it. `waitedMs`: since when it has stayed.
 * However long it takes, the last copy that works is not taken, unless the policy says that it goes at once. A template that goes nowhere has no others, and is gone for by its author's wish.
 */
export function stays(others: readonly OtherTarget[], waitedMs: number, leaving?: Leaving): string | undefined {
  if (leaving?.purgeMode === 'Never') return 'it stays as long as the policy says so (purgeMode Never)'
  if (others.length === 0 || leaving?.purgeMode === 'Directly') return undefined
  const growing = others.filter(({ reachable, settled, health, missing }) => reachable && (!settled || missing > 0 || health === undefined || health === 'Unhealthy')).map(({ cluster }) => cluster)
  if (growing.length > 0 && waitedMs < (leaving?.patienceMs ?? PATIENCE_MS)) return `it stays until ${listed(growing, NAMED)} can do without it`
  // What does not serve anybody is no loss.
  if (leaving?.serves === false) return undefined
  return others.some(({ reachable, health, missing }) => reachable && health !== undefined && health !== 'Unhealthy' && missing === 0) ? undefined : 'it is the last copy that works'
}
