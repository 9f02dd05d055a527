/** What the main thread and the worker that owns the file say to each other. Bytes travel as Uint8Arrays with buffers of their own. */
export interface SqliteCommit {
  readonly key: string
  readonly value: Uint8Array | undefined
  readonly expect: number
  /** The main thread has the record of revision `expect`: `before` is then left out of the answer. */
  readonly isKnown?: boolean
}

export type SqliteRequest =
  | { readonly type: 'commit'; readonly commits: readonly SqliteCommit[] }
  | { readonly type: 'range'; readonly prefix: string; readonly revision: number | undefined; readonly after: string | undefined; readonly limit: number }
  | { readonly type: 'get'; readonly key: string }
  | { readonly type: 'lines'; readonly after: number; readonly limit: number }
  | { readonly type: 'compact'; readonly revision: number }
  | { readonly type: 'close' }

export interface SqliteRecord { readonly key: string; readonly value: Uint8Array; readonly revision: number }
export interface SqliteLine { readonly key: string; readonly revision: number; readonly now: SqliteRecord | undefined; readonly before: SqliteRecord | undefined }
export type SqliteCommitted = { readonly revision: number; readonly before: SqliteRecord | undefined } | { readonly current: SqliteRecord | undefined }

/** The answer to each request, by its type. */
export interface SqliteAnswers {
  commit: { readonly results: readonly SqliteCommitted[] }
  range: { readonly records: readonly SqliteRecord[]; readonly revision: number; readonly total: number } | { readonly outside: 'old' | 'future' }
  get: { readonly record: SqliteRecord | undefined; readonly revision: number }
  lines: { readonly lines: readonly SqliteLine[] } | { readonly outside: 'old' }
  compact: { readonly compacted: number }
  close: Record<string, never>
}

export type SqliteReply =
  | { readonly id: 0; readonly opened: { readonly revision: number; readonly compacted: number } }
  | { readonly id: 0; readonly refused: { readonly problem: StoreFileProblem; readonly detail: string } }
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly error: string }

/** `foreign` not made by us, `newer` made by a later version of us, `damaged` not readable as it should be, `locked` in use by another process, `unusable` cannot be opened or created. */
export type StoreFileProblem = 'foreign' | 'newer' | 'damaged' | 'locked' | 'unusable'
