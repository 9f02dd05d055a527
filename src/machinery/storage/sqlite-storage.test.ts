import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, test } from 'vitest'
import { storageSuite } from '../../../test/suites/storage-suite.ts'
import type { StoredLine } from '../meta/core.ts'
import { SqliteStorage, StoreFileError } from './sqlite-storage.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'store-')), { signal } = new AbortController()
let files = 0
const fresh = () => path.join(folder, `${++files}`, 'store.db')
afterAll(() => { rmSync(folder, { recursive: true }) })

storageSuite('SqliteStorage', () => SqliteStorage.open(fresh()))

const problemOf = async (file: string) => {
  try {
    await (await SqliteStorage.open(file)).close()
    return { problem: 'none', message: '' }
  } catch (error) {
    if (error instanceof StoreFileError) return { problem: error.problem, message: error.message }
    throw error
  }
}
const put = (storage: SqliteStorage, key: string, text: string, expect = 0) => storage.commit(key, Buffer.from(text), expect, signal)

async function linesFrom(storage: SqliteStorage, after: number, until: number): Promise<StoredLine[]> {
  const lines: StoredLine[] = []
  for await (const batch of storage.watch('/', after, signal)) {
    lines.push(...batch.lines)
    if (batch.revision >= until) break
  }
  return lines
}

describe('the file', () => {
  test('keeps everything, and no revision comes twice', async () => {
    const file = fresh()
    let storage = await SqliteStorage.open(file)
    await put(storage, '/a', '1')
    const last = await storage.commit('/a', undefined, 2, signal)
    await storage.compact(3, signal)
    await storage.close()
    storage = await SqliteStorage.open(file)
    expect(last).toEqual({ revision: 3 })
    expect(await storage.revision(signal)).toBe(3)
    expect(await put(storage, '/a', '2')).toEqual({ revision: 4 })
    await expect(storage.range('/', { revision: 2 }, signal), 'still compacted').rejects.toMatchObject({ reason: 'Expired' })
    await storage.close()
    await expect(storage.get('/a', signal), 'closed').rejects.toMatchObject({ reason: 'ServiceUnavailable' })
  })

  test('is readable by its owner only', async () => {
    const file = fresh(), storage = await SqliteStorage.open(file)
    await put(storage, '/a', '1')
    expect([file, `${file}-wal`].map((name) => statSync(name).mode & 0o777)).toEqual([0o600, 0o600])
    await storage.close()
  })

  test('commits that were made before closing are written', async () => {
    const file = fresh(), first = await SqliteStorage.open(file), writes = Promise.all([put(first, '/a', '1'), put(first, '/b', '1')])
    await first.close()
    expect(await writes).toEqual([{ revision: 2 }, { revision: 3 }])
    const again = await SqliteStorage.open(file)
    expect((await again.range('/', {}, signal)).total).toBe(2)
    await again.close()
  })

  test('is not asked for what was written lately, and still has the last word', async () => {
    const storage = await SqliteStorage.open(fresh(), { recentMax: 2 }), value = Buffer.from('1'), text = (record?: { readonly value: Uint8Array }) => record && Buffer.from(record.value).toString()
    await storage.commit('/a', value, 0, signal)
    expect((await storage.get('/a', signal)).record!.value, 'the very bytes').toBe(value)
    const [won, lost] = await Promise.all([put(storage, '/a', '2', 2), put(storage, '/a', '3', 2)])
    expect([won, 'current' in lost && text(lost.current)]).toEqual([{ revision: 3 }, '2'])
    expect(await put(storage, '/a', '4', 2), 'behind the times').toMatchObject({ current: { revision: 3 } })
    expect([await put(storage, '/a', '5', 3), await storage.commit('/a', undefined, 4, signal), await put(storage, '/b', '6', 0)]).toEqual([{ revision: 4 }, { revision: 5 }, { revision: 6 }])
    expect(await storage.get('/a', signal)).toEqual({ record: undefined, revision: 6 })
    expect((await linesFrom(storage, 1, 6)).map(({ key, now, before }) => [key, text(now), text(before)])).toEqual([['/a', '1', undefined], ['/a', '2', '1'], ['/a', '5', '2'], ['/a', undefined, '5'], ['/b', '6', undefined]])
    await storage.close()
  })
  test('old changes are read from it, and joined to those in memory', async () => {
    const file = fresh(), storage = await SqliteStorage.open(file, { recentMax: 5 })
    for (let i = 0; i < 1200; i++) await put(storage, `/k/${i % 3}`, `${i}`, i < 3 ? 0 : i - 1)
    const lines = await linesFrom(storage, 1, 1201)
    expect(lines.map(({ revision }) => revision)).toEqual(Array.from({ length: 1200 }, (_, i) => i + 2))
    expect(lines.every(({ before, now }, i) => String(now!.value) !== '' && (i < 3 ? before === undefined : before!.revision === i - 1))).toBe(true)
    await storage.close()
  })
})

describe('a file that cannot be used is refused and left alone', () => {
  const cases: Record<string, { make: (file: string) => unknown; problem: string }> = {
    'text': { make: (file) => { writeFileSync(file, 'precious notes') }, problem: 'foreign' },
    'another SQLite database': { make: (file) => { const other = new DatabaseSync(file); other.exec('CREATE TABLE t (x)'); other.close() }, problem: 'foreign' },
    'a later format': { make: async (file) => { await (await SqliteStorage.open(file)).close(); const later = new DatabaseSync(file); later.exec('PRAGMA user_version = 99'); later.close() }, problem: 'newer' },
    'one cut short': { make: async (file) => { await filled(file); truncateSync(file, 8192) }, problem: 'damaged' },
    'one with bytes overwritten': { make: async (file) => { await filled(file); writeFileSync(file, scribbled(readFileSync(file))) }, problem: 'damaged' },
    'a folder': { make: (file) => { mkdirSync(file) }, problem: 'unusable' },
  }
  test.for(Object.entries(cases))('%s', async ([, { make, problem }]) => {
    const file = fresh()
    mkdirSync(path.dirname(file))
    await make(file)
    const content = () => (statSync(file).isFile() ? readFileSync(file) : undefined), before = content()
    expect(await problemOf(file)).toMatchObject({ problem, message: expect.stringContaining(file) as string })
    expect(content()).toEqual(before)
  })

  test('one in use', async () => {
    const file = fresh(), storage = await SqliteStorage.open(file), child = await run(file)
    expect(child.errors).toMatch(/is in use by another process .*: stop that process/)
    expect(await problemOf(file)).toMatchObject({ problem: 'locked' })
    expect(await put(storage, '/a', '1'), 'the first goes on').toEqual({ revision: 2 })
    await storage.close()
  })

  async function filled(file: string) {
    const storage = await SqliteStorage.open(file)
    await Promise.all(Array.from({ length: 200 }, (_, i) => put(storage, `/k/${i}`, 'x'.repeat(1000))))
    await storage.close()
  }
  const scribbled = (bytes: Buffer) => bytes.fill(0xff, 4096, 20_000)
})

const WRITER = path.resolve(import.meta.dirname, '../../../test/suites/store-writer.ts')

/** Runs the writer until it ends, or is killed after `lines` lines. */
function run(file: string, lines = Infinity): Promise<{ output: string; errors: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [WRITER, file], { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = '', errors = '', seen = 0
    child.stdout.on('data', (data: Buffer) => {
      output += data.toString()
      seen += data.toString().split('\n').length - 1
      if (seen >= lines) child.kill('SIGKILL')
    })
    child.stderr.on('data', (data: Buffer) => { errors += data.toString() })
    child.on('close', () => { resolve({ output, errors }) })
  })
}

/** `npm run test:kill` sets 30. */
const KILL_AFTER_LINES = Array.from({ length: Number(process.env['KILL_ROUNDS'] ?? 3) }, (_, round) => [200, 700, 1500][round % 3]!)

test('kill -9 among concurrent writers loses nothing that was acknowledged, and leaves no gap', async () => {
  const file = fresh(), acknowledged = new Map<number, string>()
  for (const lines of KILL_AFTER_LINES) {
    const { output } = await run(file, lines)
    // The last line may be cut.
    for (const line of output.split('\n').slice(0, -1)) {
      const [key, value, revision] = line.split(' ') as [string, string, string]
      expect(acknowledged.has(Number(revision)), 'no revision is acknowledged twice').toBe(false)
      acknowledged.set(Number(revision), `${key} ${value}`)
    }
    const storage = await SqliteStorage.open(file), last = await storage.revision(signal), log = await linesFrom(storage, 1, last)
    expect(log.map(({ revision }) => revision)).toEqual(Array.from({ length: last - 1 }, (_, i) => i + 2))
    const stored = new Map(log.map(({ revision, key, now }) => [revision, `${key} ${Buffer.from(now!.value).toString()}`]))
    expect([...acknowledged].filter(([revision, text]) => stored.get(revision) !== text)).toEqual([])
    const present = new Map(log.map(({ key, revision }) => [key, revision]))
    expect(new Map((await storage.range('/', {}, signal)).records.map(({ key, revision }) => [key, revision]))).toEqual(present)
    await storage.close()
  }
}, KILL_AFTER_LINES.length * 10_000)
