import type { Member } from './member.ts'

/** The members that are joined now, by cluster name. */
export class Members {
  readonly #members = new Map<string, Member>()
  readonly #listeners = new Set<() => void>()

  get(name: string): Member | undefined { return this.#members.get(name) }
  /** By name. */
  list(): readonly Member[] { return [...this.#members.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1)) }

  add(member: Member): void {
    this.#members.set(member.name, member)
    this.changed()
  }

  remove(member: Member): void {
    if (this.#members.get(member.name) === member) this.#members.delete(member.name)
    this.changed()
  }

  /** Tells everybody that a member came, went, or changed (state, identity, kinds, labels). */
  changed(): void { for (const listener of this.#listeners) listener() }

  /** Called at every change until the signal aborts; what changed is found by looking. */
  onChange(listener: () => void, signal: AbortSignal): void {
    if (signal.aborted) return
    this.#listeners.add(listener)
    signal.addEventListener('abort', () => this.#listeners.delete(listener), { once: true })
  }

  /** Yields after changes, several at once as one. */
  async *changes(signal: AbortSignal): AsyncGenerator<void> {
    let wake = Promise.withResolvers<void>()
    const end = () => wake.resolve()
    this.onChange(end, signal)
    signal.addEventListener('abort', end)
    while (!signal.aborted) {
      await wake.promise
      wake = Promise.withResolvers<void>()
      if (!signal.aborted) yield
    }
  }
}
