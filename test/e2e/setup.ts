/**
 * Starts what all files of this folder share: one host, three members and our server, all real processes. Files get it by `testbed()`.
 * E2E_TESTBED names the folder of a test bed with three members that runs already, and is left running.
 * Nothing here can be built without Go: then the files are skipped, with one line that says so, or fail where CI is set.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { TestProject } from 'vitest/node'
import { binariesUnavailable } from '../testbed/binaries.ts'
import { startTestbed } from '../testbed/testbed.ts'
import { buildInformers } from './informer.ts'
import { pythonWithClient } from './python.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder of the running test bed, that of the programs of informer/, and a Python with the client; null where these cannot be had. */
    testbed: { readonly dir: string; readonly informer: string | null; readonly python: string | null } | null
  }
}

/** A cold machine compiles Kubernetes first. */
const LIMIT_MS = 25 * 60_000
/** Clusters are left after half a minute without answer, where the default is five. */
const FAILOVER_FLAGS = ['--failover-eviction-timeout', '30s']
const PORT_BASE = Number(process.env['E2E_PORT_BASE'] ?? 10_440)

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const missing = await binariesUnavailable()
  if (missing !== undefined) {
    if (process.env['CI']) throw new Error(missing)
    console.log(`The end-to-end tests on real Kubernetes are skipped: ${missing}`)
    project.provide('testbed', null)
    return undefined
  }
  const running = process.env['E2E_TESTBED']
  if (running) {
    project.provide('testbed', { dir: path.resolve(running), informer: await informerIfBuildable(AbortSignal.timeout(LIMIT_MS)), python: null })
    return undefined
  }
  const folder = mkdtempSync(path.join(os.tmpdir(), 'federation-e2e-')), signal = AbortSignal.timeout(LIMIT_MS)
  const isFailover = project.name === 'e2e-failover', informer = isFailover ? null : await informerIfBuildable(signal), python = isFailover ? null : await pythonIfThere(signal)
  const testbed = await startTestbed({ ...(isFailover && { serverFlags: FAILOVER_FLAGS }), dir: path.join(folder, 'testbed'), portBase: PORT_BASE, members: 3, signal, progress: (line) => { console.log(`test bed: ${line}`) } })
  project.provide('testbed', { dir: testbed.dir, informer, python })
  return async () => {
    await testbed.stop()
    rmSync(folder, { recursive: true })
  }
}

/** The test bed's programs may be here while Go is not. */
async function informerIfBuildable(signal: AbortSignal): Promise<string | null> {
  try {
    return await buildInformers(signal)
  } catch (error) {
    if (process.env['CI'] || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    console.log('The tests with a client-go informer are skipped: it is built with Go, and there is no `go` on PATH')
    return null
  }
}

async function pythonIfThere(signal: AbortSignal): Promise<string | null> {
  const python = await pythonWithClient(signal), missing = 'there is no `python3` on PATH that can make a virtual environment'
  if (python !== undefined) return python
  if (process.env['CI']) throw new Error(missing)
  console.log(`The test with the Python client is skipped: ${missing}`)
  return null
}
