import { createWriteStream, openSync } from 'node:fs'
import { finished } from 'node:stream/promises'
import type { Logger } from '../../../lib/logger.ts'

const MAX_WAITING_BYTES = 64 << 20, STDOUT = 1

export interface AuditFile { readonly write: (line: string) => void; close(): Promise<void> }

/** Appends lines to a file that only its owner reads; '-' is standard output. A disk that cannot keep up loses events rather than requests, and says how many. Throws where the file cannot be opened. */
export function openAuditFile(path: string, logger: Logger): AuditFile {
  const fd = path === '-' ? STDOUT : openSync(path, 'a', 0o600), stream = createWriteStream('', { fd, autoClose: path !== '-' })
  let lost = 0
  stream.on('error', (error) => logger.error({ error: error.message, path }, 'the audit log cannot be written'))
  return {
    write: (line) => {
      if (stream.destroyed || stream.writableLength > MAX_WAITING_BYTES) {
        if (lost++ % 1_000 === 0) logger.error({ path, lost }, 'audit events are lost: the audit log does not take them')
      } else stream.write(`${line}\n`)
    },
    close: async () => {
      stream.end()
      await finished(stream).catch((error: unknown) => logger.error({ error: String(error), path }, 'the audit log was not closed'))
    },
  }
}
