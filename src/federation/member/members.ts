import type { Member } from './member.ts'

/** The members that are joined now, by cluster name. */
export class Members {
  readonly #members = new Map<string, Member>()
  readonly #listeners = new Set<(member: Member | undefined) => void>()
  #list: readonly Member[] | undefined

  get(name: string): Member | undefined { return this.#members.get(name) }
  /** By name. */
  list(): readonly Member[] { return (this.#list ??= [...this.#members.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))) }

  add(member: Member): void {
    this.#members.set(member.name, member)
    this.#list = undefined
    this.changed(member)
  }

  remove(member: Member): void {
    if (this.#members.get(member.name) === member) this.#members.delete(member.name)
    this.#list = undefined
    this.changed()
  }

  /** Tells everybody that a member came or changed (state, identity, kinds, labels); without one, that some went or changed. */
  changed(member?: Member): void {
    // It may still change when another has its name.
    if (!member || this.#members.get(member.name) === member) for (const listener of this.#listeners) listener(member)
  }

  /** Called at every change until the signal aborts; what changed is found by looking, at all members where none is given: a thousand that connect are not to be looked at a thousand times. */
  onChange(listener: (member: Member | undefined) => void, signal: AbortSignal): void {
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
