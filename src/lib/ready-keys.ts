/** Keys in the order of their priority, the highest first; of one priority in the order in which they came. */
export class ReadyKeys {
  readonly #priorities = new Map<string, number>()
  readonly #keys = new Map<number, Set<string>>()
  /** Those of which there are keys, the lowest first. */
  #levels: number[] = []

  get size(): number { return this.#priorities.size }
  has(key: string): boolean { return this.#priorities.has(key) }

  add(key: string, priority: number): void {
    let keys = this.#keys.get(priority)
    if (!keys) {
      this.#keys.set(priority, (keys = new Set()))
      this.#levels = [...this.#levels, priority].sort((a, b) => a - b)
    }
    keys.add(key)
    this.#priorities.set(key, priority)
  }

  take(): string | undefined {
    const level = this.#levels.at(-1), keys = level === undefined ? undefined : this.#keys.get(level), [key] = keys ?? []
    if (key === undefined) return undefined
    this.#priorities.delete(key)
    keys!.delete(key)
    if (keys!.size === 0) {
      this.#keys.delete(level!)
      this.#levels.pop()
    }
    return key
  }
}
