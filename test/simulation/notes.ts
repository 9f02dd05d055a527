import type { KubeObject } from '../../src/machinery/meta/core.ts'

/** What the invariants must know of what was done. */
export class Notes {
  /** Objects that others made, by `cluster plural key`. */
  readonly foreign = new Map<string, KubeObject>()
  /** Copies of these may be in these clusters without a template: `cluster uid` of the template. They were away, came back from a backup, or arrived late. */
  readonly leftBehind = new Set<string>()
  /** Jobs that were tidied away in members, or taken away after they had run: `cluster key`. */
  readonly tidied = new Set<string>()
  /** Copies that were to be left, and have no business being marked or removed: `cluster plural key` → uid. */
  readonly orphans = new Map<string, string>()
  /** uids of objects that may be adopted: they hold what no template says. */
  readonly adoptable = new Set<string>()
  /** Names of which some template might adopt what it found: `plural key`. */
  readonly overwritten = new Set<string>()
  readonly log: string[] = []

  /** Something is no more in a member: its namespace went, say. */
  forget(cluster: string, plural: string, key: string): void {
    const id = `${cluster} ${plural} ${key}`
    this.foreign.delete(id)
    this.orphans.delete(id)
    if (plural === 'jobs') this.tidied.add(`${cluster} ${key}`)
  }
}

export type Happening = readonly [weight: number, name: string, happen: () => Promise<unknown>]
