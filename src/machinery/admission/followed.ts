import type { Backoff } from '../../lib/backoff.ts'
import type { Clock } from '../../lib/clock.ts'
import { Cache } from '../cache/cache.ts'
import { reflect } from '../cache/reflect.ts'
import type { KubeObject, ListerWatcher } from '../meta/core.ts'

interface FollowedOptions<T> {
  readonly parse: (object: KubeObject) => T
  /** Called with what an object was, once it is another or none. */
  readonly onGone?: (value: T) => void
  readonly clock: Clock
  readonly backoff: Backoff
}

/** The objects of a collection, parsed once for each version of each, in the order of their keys. Followed until the signal aborts. */
export class Followed<T> {
  readonly #cache: Cache
  readonly #options: FollowedOptions<T>
  #known = new Map<string, { readonly position: string; readonly value: T }>()
  #position: string | undefined
  #values: readonly T[] = []
  #problem: unknown

  constructor(source: ListerWatcher, options: FollowedOptions<T>, signal: AbortSignal) {
    this.#options = options
    this.#cache = new Cache(source.kind, { clock: options.clock })
    void reflect(source, this.#cache, { signal, clock: options.clock, backoff: options.backoff, onState: (it) => { this.#problem = it.state === 'broken' ? it.error : undefined } })
  }

  get isReady(): boolean { return this.#cache.isReady }
  /** Why the collection cannot be followed at present. */
  get problem(): unknown { return this.#problem }
  /** Resolves once there has been a whole state. */
  get ready(): Promise<void> { return this.#cache.ready }

  async values(signal: AbortSignal): Promise<readonly T[]> {
    const { position } = this.#cache
    if (this.#position === position) return this.#values
    const page = await this.#cache.list({}, signal), before = this.#known, now = new Map<string, { position: string; value: T }>()
    for (const entry of page.entries) {
      const same = before.get(entry.key)
      now.set(entry.key, same?.position === entry.position ? same : { position: entry.position, value: this.#options.parse(entry.parse()) })
    }
    for (const [key, { value }] of before) if (now.get(key)?.value !== value) this.#options.onGone?.(value)
    this.#known = now
    this.#position = page.position
    return (this.#values = Array.from(now.values(), ({ value }) => value))
  }
}
