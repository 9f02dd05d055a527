/** A binary heap: of what it holds, the one that is before all others is found at once. Of equal ones any may be first. */
export class Heap<T> {
  readonly #isBefore: (a: T, b: T) => boolean
  readonly #items: T[]

  constructor(isBefore: (a: T, b: T) => boolean, items: Iterable<T> = []) {
    this.#isBefore = isBefore
    this.#items = [...items]
    for (let at = (this.#items.length >> 1) - 1; at >= 0; at--) this.#sink(at)
  }

  get size(): number { return this.#items.length }
  get first(): T | undefined { return this.#items[0] }

  push(item: T): void {
    const items = this.#items
    let at = items.push(item) - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      if (!this.#isBefore(item, items[above]!)) break
      items[at] = items[above]!
      at = above
    }
    items[at] = item
  }

  pop(): T | undefined {
    const [first] = this.#items, last = this.#items.pop()
    if (this.#items.length > 0) {
      this.#items[0] = last!
      this.#sink(0)
    }
    return first
  }

  /** The first has changed, and may not be before the others any more. */
  settleFirst(): void { this.#sink(0) }

  #sink(start: number): void {
    const items = this.#items
    for (let at = start; ;) {
      const left = 2 * at + 1, right = left + 1
      let first = at
      if (left < items.length && this.#isBefore(items[left]!, items[first]!)) first = left
      if (right < items.length && this.#isBefore(items[right]!, items[first]!)) first = right
      if (first === at) return
      const moved = items[at]!
      items[at] = items[first]!
      items[first] = moved
      at = first
    }
  }
}
