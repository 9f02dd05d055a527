/** The thread that owns the store's file. Commits that arrive together are one transaction: one sync to the disk for all of them. */
import type { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import { openSqliteFile, SqliteRefusal } from './sqlite-file.ts'
import type { SqliteReply, SqliteRequest } from './sqlite-protocol.ts'
import { SqliteLog } from './sqlite-log.ts'

const port = parentPort!
const send = (reply: SqliteReply) => { port.postMessage(reply) }

try {
  serve(openSqliteFile((workerData as { file: string }).file))
} catch (error) {
  if (!(error instanceof SqliteRefusal)) throw error
  send({ id: 0, refused: { problem: error.problem, detail: error.message } })
  port.close()
}

function serve(database: DatabaseSync): void {
  const log = new SqliteLog(database)
  port.on('message', ({ id, request }: { id: number; request: SqliteRequest }) => {
    try {
      if (request.type === 'compact') log.compact(request.revision, () => { send({ id, answer: { compacted: log.compacted } }) }, (error) => { send({ id, error: error.message }) })
      else if (request.type === 'close') {
        database.close()
        send({ id, answer: {} })
        port.close()
      } else send({ id, answer: log.answer(request) })
    } catch (error) {
      send({ id, error: (error as Error).message })
    }
  })
  send({ id: 0, opened: { revision: log.revision, compacted: log.compacted } })
}
