import type { DatabaseSync } from 'node:sqlite'
import type { SqliteAnswers, SqliteCommit, SqliteCommitted, SqliteLine, SqliteRecord, SqliteRequest } from './sqlite-protocol.ts'

/** The append-only log and the index of what is present, in one file. */
export class SqliteLog {
  revision: number
  compacted: number
  readonly #database: DatabaseSync
  readonly #statements

  constructor(database: DatabaseSync) {
    this.#database = database
    const state = (name: string) => (database.prepare('SELECT value FROM state WHERE name = ?').get(name) as { value: number }).value
    this.revision = state('revision')
    this.compacted = state('compacted')
    this.#statements = {
      get: database.prepare('SELECT log.key, value, log.revision, previous FROM current JOIN log USING (revision) WHERE current.key = ?'),
      version: database.prepare('SELECT revision FROM current WHERE key = ?'),
      insert: database.prepare('INSERT INTO log (revision, key, value, previous) VALUES (?, ?, ?, ?)'),
      point: database.prepare('INSERT INTO current VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET revision = excluded.revision'),
      remove: database.prepare('DELETE FROM current WHERE key = ?'),
      setState: database.prepare('UPDATE state SET value = ? WHERE name = ?'),
      page: database.prepare('SELECT log.key, value, log.revision FROM current JOIN log USING (revision) WHERE current.key >= ? AND current.key < ? ORDER BY current.key LIMIT ?'),
      count: database.prepare('SELECT count(*) AS total FROM current WHERE key >= ? AND key < ?'),
      // SQLite takes the other columns of a row with max() from the row that has the maximum.
      pageAt: database.prepare('SELECT key, value, max(revision) AS revision FROM log WHERE key >= ? AND key < ? AND revision <= ? GROUP BY key HAVING value IS NOT NULL ORDER BY key LIMIT ?'),
      countAt: database.prepare('SELECT count(*) AS total FROM (SELECT value, max(revision) FROM log WHERE key >= ? AND key < ? AND revision <= ? GROUP BY key HAVING value IS NOT NULL)'),
      lines: database.prepare('SELECT line.key, line.value, line.revision, line.previous, old.value AS old FROM log AS line LEFT JOIN log AS old ON old.revision = line.previous WHERE line.revision > ? ORDER BY line.revision LIMIT ?'),
      sweepReplaced: database.prepare('DELETE FROM log WHERE revision IN (SELECT previous FROM log WHERE revision > ? AND revision <= ?)'),
      sweepDeleted: database.prepare('DELETE FROM log WHERE revision > ? AND revision <= ? AND value IS NULL'),
    }
  }

  answer(request: Exclude<SqliteRequest, { type: 'compact' | 'close' }>): SqliteAnswers['commit' | 'range' | 'get' | 'lines'] {
    switch (request.type) {
      case 'get': return { record: recordOf(this.#statements.get.get(request.key) as Row | undefined), revision: this.revision }
      case 'range': return this.#range(request)
      case 'lines': return request.after < this.compacted ? { outside: 'old' } : { lines: (this.#statements.lines.all(request.after, request.limit) as unknown as (Row & { old: Uint8Array | null })[]).map(lineOf) }
      default: return { results: this.#transaction(() => request.commits.map((commit) => this.#commit(commit))) }
    }
  }

  /** Forgets what only history needs, some rows at a time so that other requests come between. An interrupted sweep goes on with the next one. */
  compact(revision: number, done: () => void, failed: (error: Error) => void): void {
    const { setState, sweepReplaced, sweepDeleted } = this.#statements
    let swept = (this.#database.prepare("SELECT value FROM state WHERE name = 'swept'").get() as { value: number }).value
    const to = Math.min(Math.max(revision, this.compacted), this.revision)
    this.#transaction(() => setState.run(to, 'compacted'))
    this.compacted = to
    const sweep = () => {
      try {
        if (swept >= to || !this.#database.isOpen) { done(); return }
        const next = Math.min(to, swept + SWEEP)
        this.#transaction(() => {
          sweepReplaced.run(swept, next)
          sweepDeleted.run(swept, next)
          setState.run(next, 'swept')
        })
        swept = next
        setImmediate(sweep)
      } catch (error) {
        failed(error as Error)
      }
    }
    sweep()
  }

  #transaction<T>(work: () => T): T {
    const { revision } = this
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      const result = work()
      if (this.revision !== revision) this.#statements.setState.run(this.revision, 'revision')
      this.#database.exec('COMMIT')
      return result
    } catch (error) {
      this.revision = revision
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }

  #commit({ key, value, expect, isKnown = false }: SqliteCommit): SqliteCommitted {
    const isAsKnown = isKnown && (this.#statements.version.get(key) as { revision: number } | undefined)?.revision === expect
    if (isAsKnown) return { revision: this.#append(key, value, expect), before: undefined }
    const before = recordOf(this.#statements.get.get(key) as Row | undefined)
    if ((before?.revision ?? 0) !== expect || (!value && !before)) return { current: before }
    return { revision: this.#append(key, value, expect), before }
  }

  #append(key: string, value: Uint8Array | undefined, expect: number): number {
    const revision = ++this.revision
    this.#statements.insert.run(revision, key, value ?? null, expect)
    if (value) this.#statements.point.run(key, revision)
    else this.#statements.remove.run(key)
    return revision
  }

  #range({ prefix, revision, after, limit }: SqliteRequest & { type: 'range' }): SqliteAnswers['range'] {
    if (revision !== undefined && revision > this.revision) return { outside: 'future' }
    if (revision !== undefined && revision < this.compacted) return { outside: 'old' }
    const { page, count, pageAt, countAt } = this.#statements, isNow = revision === undefined || revision === this.revision
    const from = after !== undefined && after >= prefix ? `${after}\u0000` : prefix, to = `${prefix}\u{10ffff}`, most = limit > 0 ? limit : -1
    const rows = (isNow ? page.all(from, to, most) : pageAt.all(from, to, revision, most)) as unknown as Row[]
    const isAll = limit <= 0 || rows.length < limit
    const total = isAll ? rows.length : ((isNow ? count.get(from, to) : countAt.get(from, to, revision)) as { total: number }).total
    return { records: rows.map((row) => recordOf(row)!), revision: revision ?? this.revision, total }
  }
}

const SWEEP = 2000

type Row = { key: string; value: Uint8Array | null; revision: number; previous: number }

const recordOf = (row: Row | undefined): SqliteRecord | undefined => row && { key: row.key, value: row.value!, revision: row.revision }
const lineOf = ({ key, value, revision, previous, old }: Row & { old: Uint8Array | null }): SqliteLine => ({
  key, revision, now: value ? { key, value, revision } : undefined, before: old ? { key, value: old, revision: previous } : undefined,
})
