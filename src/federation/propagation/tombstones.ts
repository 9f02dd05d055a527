import type { Storage } from '../../machinery/meta/core.ts'

/** A copy that outlived its template because its member could not be reached. `template`: uid of the federated object it was made from. */
export interface Tombstone { readonly template: string; readonly uid?: string; readonly orphan: boolean; readonly propagationPolicy: 'Foreground' | 'Background' }

const PREFIX = '/federation/tombstones/'

/** Kept in the store by cluster and template, and worked off when the member is back. */
export class Tombstones {
  readonly #storage: Storage
  readonly #held = new Map<string, Map<string, Tombstone>>()

  private constructor(storage: Storage) { this.#storage = storage }

  static async open(storage: Storage, signal: AbortSignal): Promise<Tombstones> {
    const tombstones = new Tombstones(storage)
    for (let after: string | undefined; ;) {
      const page = await storage.range(PREFIX, { limit: 500, ...(after !== undefined && { after }) }, signal)
      for (const { key, value } of page.records) {
        const rest = key.slice(PREFIX.length), slash = rest.indexOf('/')
        tombstones.#put(rest.slice(0, slash), rest.slice(slash + 1), JSON.parse(Buffer.from(value).toString()) as Tombstone)
      }
      if (!page.more) return tombstones
      after = page.records.at(-1)!.key
    }
  }

  get(cluster: string, template: string): Tombstone | undefined { return this.#held.get(cluster)?.get(template) }
  of(cluster: string): ReadonlyMap<string, Tombstone> { return this.#held.get(cluster) ?? new Map<string, Tombstone>() }

  /** Whether templates of a kind, by the start of their keys, are remembered anywhere. */
  has(prefix: string): boolean { return [...this.#held.values()].some((templates) => [...templates.keys()].some((template) => template.startsWith(prefix))) }

  async add(cluster: string, template: string, tombstone: Tombstone, signal: AbortSignal): Promise<void> {
    await this.#write(cluster, template, Buffer.from(JSON.stringify(tombstone)), signal)
    this.#put(cluster, template, tombstone)
  }

  async remove(cluster: string, template: string, signal: AbortSignal): Promise<void> {
    await this.#write(cluster, template, undefined, signal)
    this.#held.get(cluster)?.delete(template)
  }

  #put(cluster: string, template: string, tombstone: Tombstone): void {
    const held = this.#held.get(cluster)
    if (held) held.set(template, tombstone)
    else this.#held.set(cluster, new Map([[template, tombstone]]))
  }

  async #write(cluster: string, template: string, value: Buffer | undefined, signal: AbortSignal): Promise<void> {
    const key = `${PREFIX}${cluster}/${template}`
    let { record } = await this.#storage.get(key, signal)
    for (;;) {
      if (value === undefined && !record) return
      const done = await this.#storage.commit(key, value, record?.revision ?? 0, signal)
      if ('revision' in done) return
      record = done.current
    }
  }
}
