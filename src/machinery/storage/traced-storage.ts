import { withSpan } from '../../lib/tracing.ts'
import type { Storage } from '../meta/core.ts'

/** A store whose reads and writes are steps of the traces of the requests that need them. */
export const tracedStorage = (storage: Storage): Storage => ({
  range: (prefix, options, signal) => withSpan('storage range', { prefix }, () => storage.range(prefix, options, signal)),
  get: (key, signal) => withSpan('storage get', { key }, () => storage.get(key, signal)),
  commit: (key, value, expect, signal) => withSpan('storage commit', { key, bytes: value?.length ?? 0 }, () => storage.commit(key, value, expect, signal)),
  watch: (prefix, after, signal) => storage.watch(prefix, after, signal),
  revision: (signal) => storage.revision(signal),
  compact: (revision, signal) => storage.compact(revision, signal),
  close: () => storage.close(),
})
