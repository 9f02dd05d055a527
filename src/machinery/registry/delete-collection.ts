import type { Entry, ListerWatcher, ListQuery, Page } from '../meta/core.ts'
import { isReason } from '../meta/status-error.ts'

const WORKERS = 16

/**
 * Deletes what a list finds, each by `remove`, and answers that list. Not atomic: the first error ends it, with some objects gone; one that vanished meanwhile is none.
 * `query.limit` takes one page, else everything goes.
 */
export async function deleteCollection(reader: Pick<ListerWatcher, 'list'>, query: ListQuery, remove: (key: string) => Promise<unknown>, signal: AbortSignal): Promise<Page> {
  const page = await reader.list(query, signal), failed = new AbortController(), rest = page.entries[Symbol.iterator]()
  const worker = async () => {
    for (let next: IteratorResult<Entry> = rest.next(); !next.done && !failed.signal.aborted; next = rest.next()) {
      try {
        await remove(next.value.key)
      } catch (error) {
        if (isReason(error, 'NotFound')) continue
        failed.abort()
        throw error
      }
    }
  }
  const outcomes = await Promise.allSettled(Array.from({ length: WORKERS }, worker)), failure = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failure) throw failure.reason
  return page
}
