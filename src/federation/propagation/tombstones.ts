import type { Storage } from '../../machinery/meta/core.ts'

/** A copy that outlived its template because its member could not be reached. `template`: uid of the federated object it was made from. */
export interface Tombstone { readonly template: string; readonly uid?: string; readonly orphan: boolean; readonly propagationPolicy: 'Foreground' | 'Background' }

type Held = Map<string, Map<string, Tombstone>>

const PREFIX = '/federation/tombstones/'

/** Kept in the store by cluster and template, and worked off when the member is back. Others may have written since they were read: `read` is for whoever takes over from them. */
export class Tombstones {
  readonly #storage: Storage
  #held: Held = new Map()
  /** What is written meanwhile must not be forgotten. */
  #reading: Promise<void> = Promise.resolve()

  private constructor(storage: Storage) { this.#storage = storage }

  static async open(storage: Storage, signal: AbortSignal): Promise<Tombstones> {
    const tombstones = new Tombstones(storage)
    await tombstones.read(signal)
    return tombstones
  }

  /** Takes over what the store holds now. Rejects as the store does, and can be tried again. */
  async read(signal: AbortSignal): Promise<void> {
    const reading = this.#read(signal)
    this.#reading = reading.catch(() => undefined)
    await reading
  }

  get(cluster: string, template: string): Tombstone | undefined { return this.#held.get(cluster)?.get(template) }
  of(cluster: string): ReadonlyMap<string, Tombstone> { return this.#held.get(cluster) ?? new Map<string, Tombstone>() }

  /** Whether templates of a kind, by the start of their keys, are remembered anywhere. */
  has(prefix: string): boolean { return [...this.#held.values()].some((templates) => [...templates.keys()].some((template) => template.startsWith(prefix))) }

  async add(cluster: string, template: string, tombstone: Tombstone, signal: AbortSignal): Promise<void> {
    await this.#reading
    const key = keyOf(cluster, template), value = Buffer.from(JSON.stringify(tombstone))
    let { record } = await this.#storage.get(key, signal)
    for (;;) {
      const done = await this.#storage.commit(key, value, record?.revision ?? 0, signal)
      if ('revision' in done) break
      record = done.current
    }
    put(this.#held, cluster, template, tombstone)
  }

  /** The one that is held here: a later one of that name, which another server wrote, stays and is held from now on. */
  async remove(cluster: string, template: string, signal: AbortSignal): Promise<void> {
    await this.#reading
    const key = keyOf(cluster, template), held = JSON.stringify(this.get(cluster, template))
    let { record } = await this.#storage.get(key, signal)
    while (record) {
      const text = Buffer.from(record.value).toString()
      if (text !== held) return put(this.#held, cluster, template, JSON.parse(text) as Tombstone)
      const done = await this.#storage.commit(key, undefined, record.revision, signal)
      if ('revision' in done) break
      record = done.current
    }
    this.#held.get(cluster)?.delete(template)
  }

  async #read(signal: AbortSignal): Promise<void> {
    const held: Held = new Map()
    for (let after: string | undefined; ;) {
      const page = await this.#storage.range(PREFIX, { limit: 500, ...(after !== undefined && { after }) }, signal)
      for (const { key, value } of page.records) {
        const rest = key.slice(PREFIX.length), slash = rest.indexOf('/')
        put(held, rest.slice(0, slash), rest.slice(slash + 1), JSON.parse(Buffer.from(value).toString()) as Tombstone)
      }
      if (!page.more) break
      after = page.records.at(-1)!.key
    }
    this.#held = held
  }
}

const keyOf = (cluster: string, template: string) => `${PREFIX}${cluster}/${template}`

function put(held: Held, cluster: string, template: string, tombstone: Tombstone): void {
  const known = held.get(cluster)
  if (known) known.set(template, tombstone)
  else held.set(cluster, new Map([[template, tombstone]]))
}
