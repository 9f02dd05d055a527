import { closeSync, mkdirSync, openSync, readSync, statSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { StoreFileProblem } from './sqlite-protocol.ts'

/** Opens the store's file, or makes a new one. Throws SqliteRefusal, without having changed anything, for a file that is not ours to write. */
export function openSqliteFile(file: string): DatabaseSync {
  const isNew = prepare(file)
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(file)
    // Held until the process ends: a second one is refused, and the lock needs no file that could stay behind.
    database.exec('PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE')
    if (isNew) create(database)
    else check(database)
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536; BEGIN EXCLUSIVE; COMMIT')
    return database
  } catch (error) {
    database?.close()
    throw error instanceof SqliteRefusal ? error : refusal(error)
  }
}

/** Thrown in the worker; the main thread turns it into a StoreFileError with the file's name and the remedy. */
export class SqliteRefusal extends Error {
  readonly problem: StoreFileProblem
  constructor(problem: StoreFileProblem, detail: string) {
    super(detail)
    this.problem = problem
  }
}

/** 'fEd1': marks the file as ours, where `file` and SQLite's own tools look for it. */
const APPLICATION_ID = 0x66_45_64_31, FORMAT = 1

/**
 * `log` has one row for each change that is not compacted, `value` NULL for a deletion, `previous` the row that it replaced (0: none). `current` points to the row of each present key.
 * `state.revision` is the last one given out, whatever was compacted; rows up to `state.compacted` may be missing, those up to `state.swept` that are not needed are gone.
 */
const SCHEMA = `
  CREATE TABLE log (revision INTEGER PRIMARY KEY, key TEXT NOT NULL, value BLOB, previous INTEGER NOT NULL);
  CREATE INDEX log_by_key ON log (key, revision);
  CREATE TABLE current (key TEXT PRIMARY KEY, revision INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE state (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
  INSERT INTO state VALUES ('revision', 1), ('compacted', 1), ('swept', 1);
`

/** In one transaction, before write-ahead logging begins: a file is either empty or complete. */
function create(database: DatabaseSync): void {
  database.exec(`BEGIN EXCLUSIVE; PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${FORMAT}; ${SCHEMA} COMMIT`)
}

function check(database: DatabaseSync): void {
  const format = Number(Object.values(database.prepare('PRAGMA user_version').get() ?? {})[0])
  if (format > FORMAT) throw new SqliteRefusal('newer', `its format is ${format}, this program knows ${FORMAT}`)
  const verdict = String(Object.values(database.prepare('PRAGMA quick_check(1)').get() ?? {})[0])
  if (verdict !== 'ok') throw new SqliteRefusal('damaged', verdict)
}

/** Answers whether the file is new; it then exists, empty, readable by its owner only (SQLite gives its companions the same mode). */
function prepare(file: string): boolean {
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
    closeSync(openSync(file, 'a', 0o600))
    if (statSync(file).size === 0) return true
    const handle = openSync(file, 'r'), head = Buffer.alloc(100)
    try { readSync(handle, head, 0, 100, 0) } finally { closeSync(handle) }
    if (head.toString('latin1', 0, 16) !== 'SQLite format 3\0') throw new SqliteRefusal('foreign', 'it is not a SQLite database')
    // Read from the header (sqlite.org/fileformat2.html §1.3), not by SQLite: that might carry another program's log over into its file.
    if (head.readUInt32BE(68) !== APPLICATION_ID) throw new SqliteRefusal('foreign', 'it is a SQLite database of another program')
    return false
  } catch (error) {
    throw error instanceof SqliteRefusal ? error : new SqliteRefusal('unusable', (error as Error).message)
  }
}

function refusal(error: unknown): SqliteRefusal {
  const { errcode, message } = error as { errcode?: number; message: string }, code = (errcode ?? 0) & 0xff
  if (code === BUSY || code === LOCKED) return new SqliteRefusal('locked', message)
  return new SqliteRefusal(code === CORRUPT || code === NOT_A_DATABASE || code === ERROR ? 'damaged' : 'unusable', message)
}

/** SQLite's result codes. */
const ERROR = 1, BUSY = 5, LOCKED = 6, CORRUPT = 11, NOT_A_DATABASE = 26
