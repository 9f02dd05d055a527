import type { Logger } from '../../lib/logger.ts'
import { REVISION_ANNOTATION } from '../template/marks.ts'
import type { KubeObject } from '../../machinery/meta/core.ts'

/** A copy that was made from a later decision than the store holds. */
export interface Evidence { readonly cluster: string; readonly template: string; readonly copy: string; readonly stored: string }

/**
 * Copies say which decision they were made from. One that is newer than what is stored means that the store is an old backup: what it says must not be carried out,
 * or what was done since would be undone. Then nothing is written to any member until an administrator has said which side is right.
 */
export class StoreGuard {
  readonly #logger: Logger
  readonly #listeners = new Set<() => void>()
  #evidence: Evidence | undefined
  #isAccepted = false

  constructor(logger: Logger) { this.#logger = logger }

  /** Why nothing may be written; undefined: it may. */
  get evidence(): Evidence | undefined { return this.#isAccepted ? undefined : this.#evidence }

  /** The store is right, an administrator said. */
  get isAccepted(): boolean { return this.#isAccepted }

  trip(evidence: Evidence): void {
    if (this.#evidence) return
    this.#evidence = evidence
    this.#logger.error({ ...evidence }, 'the store is behind the members: nothing is written to any of them until an administrator says which side is right')
    this.#tell()
  }

  /** The administrator's word: the store is right, whatever the members hold. */
  accept(isAccepted: boolean): void {
    if (isAccepted === this.#isAccepted) return
    this.#isAccepted = isAccepted
    this.#tell()
  }

  onChange(listener: () => void, signal: AbortSignal): void {
    this.#listeners.add(listener)
    signal.addEventListener('abort', () => this.#listeners.delete(listener), { once: true })
  }

  #tell(): void { for (const listener of this.#listeners) listener() }
}

/** Generation and decision that a copy was made from; undefined where it does not say. */
export function revisionOf(copy: KubeObject): readonly [generation: number, decision: number] | undefined {
  const match = /^(\d+)\.(\d+)$/.exec(copy.metadata.annotations?.[REVISION_ANNOTATION] ?? '')
  return match ? [Number(match[1]), Number(match[2])] : undefined
}
