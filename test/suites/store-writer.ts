/** A process that writes to a store file as fast as it can and prints each acknowledged write as `key value revision`, until it is killed: `node store-writer.ts FILE`. */
import { SqliteStorage } from '../../src/machinery/storage/sqlite-storage.ts'

const { signal } = new AbortController(), storage = await SqliteStorage.open(process.argv[2]!), run = process.pid
let value = 0

async function writer(key: string): Promise<never> {
  for (;;) {
    const { record } = await storage.get(key, signal), text = `${run}.${++value}`
    const done = await storage.commit(key, Buffer.from(text), record?.revision ?? 0, signal)
    if (!('revision' in done)) throw new Error(`${key} has one writer and lost a race`)
    process.stdout.write(`${key} ${text} ${done.revision}\n`)
  }
}
await Promise.all(Array.from({ length: 16 }, (_, i) => writer(`/k/${i}`)))
