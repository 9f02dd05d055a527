import type { Storage } from '../machinery/meta/core.ts'

const KEY = '/federation/fleet-id'

/** A random id that stays with the store: folded uids are made from it, and a store of another fleet is recognised by it. */
export async function fleetIdOf(storage: Storage, randomUuid: () => string, signal: AbortSignal): Promise<string> {
  for (;;) {
    const { record } = await storage.get(KEY, signal)
    if (record) return Buffer.from(record.value).toString()
    const id = randomUuid(), done = await storage.commit(KEY, Buffer.from(id), 0, signal)
    if ('revision' in done) return id
  }
}
