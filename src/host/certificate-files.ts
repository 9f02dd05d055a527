import { mkdir, open, readFile, rename } from 'node:fs/promises'
import path from 'node:path'
import type { CertificateStore } from './serving-certificate.ts'

const KEYS = ['ca.crt', 'ca.key', 'tls.crt', 'tls.key'] as const

/** Certificates and keys as files that only their owner may read, for a server that has its folder for itself. */
export const certificateFiles = (folder: string): CertificateStore => ({
  read: async () => {
    const found: [string, string][] = []
    for (const key of KEYS) {
      try {
        found.push([key, await readFile(path.join(folder, key), 'utf8')])
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw new Error(`${path.join(folder, key)} cannot be read: ${(error as Error).message}`, { cause: error })
      }
    }
    return found.length ? { data: Object.fromEntries(found), version: '' } : undefined
  },
  write: async (data) => {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    for (const [key, text] of Object.entries(data)) {
      const file = await open(path.join(folder, `.${key}.new`), 'w', 0o600)
      try {
        await file.writeFile(text)
        await file.sync()
      } finally {
        await file.close()
      }
      // Whole or not at all: a half-written key would be replaced, and with it every kubeconfig that trusts it.
      await rename(path.join(folder, `.${key}.new`), path.join(folder, key))
    }
    return true
  },
})
