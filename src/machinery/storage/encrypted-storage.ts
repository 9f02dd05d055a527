import type { Storage, StoredLine, StoredRecord } from '../meta/core.ts'
import type { ValueCipher } from './value-cipher.ts'

/** A store whose values are encrypted where they are kept. Those that are in the clear, or of a key that is used no more, are read, too, and written anew with the next write, even one that changes nothing. */
export function encryptedStorage(storage: Storage, cipher: ValueCipher): Storage {
  const shown = (record: StoredRecord): StoredRecord => {
    const { value, isStale } = cipher.decrypt(record.value, record.key)
    return { ...record, value, ...(isStale && { isStale }) }
  }
  const line = ({ now, before, ...rest }: StoredLine): StoredLine => ({ ...rest, ...(now && { now: shown(now) }), ...(before && { before: shown(before) }) })
  return {
    async range(prefix, options, signal) {
      const page = await storage.range(prefix, options, signal)
      return { ...page, records: page.records.map(shown) }
    },
    async get(key, signal) {
      const { record, revision } = await storage.get(key, signal)
      return { record: record && shown(record), revision }
    },
    async commit(key, value, expect, signal) {
      const done = await storage.commit(key, value && cipher.encrypt(value, key), expect, signal)
      return 'revision' in done ? done : { current: done.current && shown(done.current) }
    },
    async *watch(prefix, after, signal) { for await (const { lines, revision } of storage.watch(prefix, after, signal)) yield { lines: lines.map(line), revision } },
    revision: (signal) => storage.revision(signal),
    compact: (revision, signal) => storage.compact(revision, signal),
    close: () => storage.close(),
  }
}
