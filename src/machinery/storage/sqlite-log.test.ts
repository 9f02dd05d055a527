import { mkdtempSync, rmSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openSqliteFile } from './sqlite-file.ts'
import { SqliteLog } from './sqlite-log.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'log-'))
let files = 0
afterAll(() => { rmSync(folder, { recursive: true }) })
const opened = (file = path.join(folder, `${++files}.db`)) => {
  const database = openSqliteFile(file)
  return { file, database, log: new SqliteLog(database) }
}
const commit = (log: SqliteLog, ...commits: { key: string; value?: string; expect: number; bytes?: number }[]) =>
  log.answer({ type: 'commit', commits: commits.map(({ key, value, expect, bytes }) => ({ key, value: value === undefined && bytes === undefined ? undefined : new Uint8Array(Buffer.from(value ?? 'x'.repeat(bytes!))), expect })) })
const compacted = (log: SqliteLog, revision: number) => new Promise<void>((resolve, reject) => { log.compact(revision, resolve, reject) })
const rows = (database: DatabaseSync) => database.prepare('SELECT revision, key, value IS NOT NULL AS there FROM log ORDER BY revision').all().map((row) => `${row['revision'] as number} ${row['key'] as string} ${row['there'] as number}`)

test('a transaction that fails changes nothing, and the next one goes on', () => {
  const { database, log } = opened()
  commit(log, { key: '/a', value: '1', expect: 0 })
  const pages = Object.values(database.prepare('PRAGMA page_count').get()!)[0] as number
  database.exec(`PRAGMA max_page_count = ${pages + 5}`)
  expect(() => commit(log, { key: '/b', value: '1', expect: 0 }, { key: '/c', bytes: 1_000_000, expect: 0 })).toThrow('full')
  expect(log.revision).toBe(2)
  expect(commit(log, { key: '/b', value: '1', expect: 0 })).toEqual({ results: [{ revision: 3, before: undefined }] })
  database.close()
})

test('commits of one transaction see each other', () => {
  const { database, log } = opened()
  expect(commit(log, { key: '/a', value: '1', expect: 0 }, { key: '/a', value: '2', expect: 0 }, { key: '/a', value: '3', expect: 2 }, { key: '/a', expect: 3 })).toMatchObject({
    results: [{ revision: 2 }, { current: { revision: 2 } }, { revision: 3, before: { revision: 2 } }, { revision: 4, before: { revision: 3 } }],
  })
  database.close()
})

test('compaction leaves what the present and the rest of history need, also where it was interrupted', async () => {
  let { file, database, log } = opened()
  commit(log, { key: '/a', value: '1', expect: 0 }, { key: '/b', value: '1', expect: 0 }, { key: '/a', value: '2', expect: 2 }, { key: '/b', expect: 3 }, { key: '/c', value: '1', expect: 0 }, { key: '/a', value: '3', expect: 4 })
  await compacted(log, 6)
  expect(rows(database)).toEqual(['4 /a 1', '6 /c 1', '7 /a 1'])
  database.exec("UPDATE state SET value = 7 WHERE name = 'compacted'")
  database.close();
  ({ database, log } = opened(file))
  expect([log.compacted, log.revision]).toEqual([7, 7])
  await compacted(log, 7)
  expect(rows(database)).toEqual(['6 /c 1', '7 /a 1'])
  database.close()
})

test('a long history is swept in parts', async () => {
  const { database, log } = opened()
  commit(log, ...Array.from({ length: 9000 }, (_, i) => ({ key: `/${i % 10}`, value: `${i}`, expect: i < 10 ? 0 : i - 8 })))
  let isDone = false
  const compact = async () => {
    await compacted(log, 9001)
    isDone = true
  }
  const done = compact()
  expect(commit(log, { key: '/new', value: '1', expect: 0 }), 'others come between').toMatchObject({ results: [{ revision: 9002 }] })
  expect(isDone).toBe(false)
  await done
  expect(rows(database)).toHaveLength(11)
  database.close()
})
