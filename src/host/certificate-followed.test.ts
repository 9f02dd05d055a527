import 'reflect-metadata'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { silentLogger } from '../lib/logger.ts'
import { followCertificateFiles, readCertificateFiles, type TlsMaterial } from './certificate-followed.ts'
import { createAuthority } from './certificates.ts'

test('a rotated certificate is served once both files fit; half a rotation is waited for', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'certificates-')), files = { certificate: path.join(folder, 'tls.crt'), key: path.join(folder, 'tls.key') }, stop = new AbortController(), used: TlsMaterial[] = []
  try {
    const [one, two] = await Promise.all([createAuthority('one', { now: Date.now() }), createAuthority('two', { now: Date.now() })])
    await writeFile(files.certificate, one.certificate)
    await writeFile(files.key, two.key)
    await expect(readCertificateFiles(files)).rejects.toThrow(files.certificate)
    await writeFile(files.key, one.key)
    const steps = [() => writeFile(files.certificate, two.certificate), () => writeFile(files.key, two.key), () => Promise.resolve(), () => { stop.abort(); return Promise.resolve() }]
    await followCertificateFiles(files, await readCertificateFiles(files), { clock: { now: Date.now, sleep: () => steps.shift()!() }, logger: silentLogger, use: (material) => used.push(material) }, stop.signal)
    expect(used).toEqual([{ cert: two.certificate, key: two.key }])
  } finally {
    await rm(folder, { recursive: true })
  }
})
