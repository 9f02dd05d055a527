import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'

const EVERY_MS = 10_000

export interface CertificateFiles { readonly certificate: string; readonly key: string }
export interface TlsMaterial { readonly cert: string; readonly key: string }

/** Throws Error with a sentence for people where the files cannot be read, or do not belong together. */
export async function readCertificateFiles({ certificate, key }: CertificateFiles): Promise<TlsMaterial> {
  try {
    const material = { cert: await readFile(certificate, 'utf8'), key: await readFile(key, 'utf8') }
    createSecureContext(material)
    return material
  } catch (error) {
    throw new Error(`serving certificate ${certificate} with key ${key}: ${(error as Error).message}`, { cause: error })
  }
}

/** Looks at the files again and again; `use` gets what they hold when that has changed and can be served. A rotation caught halfway is tried again. Returns when the signal aborts. */
export async function followCertificateFiles(files: CertificateFiles, current: TlsMaterial, { clock, logger, use }: { clock: Clock; logger: Logger; use: (material: TlsMaterial) => void }, signal: AbortSignal): Promise<void> {
  let held = current
  while (!signal.aborted) {
    await clock.sleep(EVERY_MS, signal)
    if (signal.aborted) return
    try {
      const material = await readCertificateFiles(files)
      if (material.cert === held.cert && material.key === held.key) continue
      held = material
      use(material)
      logger.info({ file: files.certificate }, 'serving another certificate')
    } catch (error) {
      logger.warn({ error: (error as Error).message }, 'the serving certificate stays as it was')
    }
  }
}
