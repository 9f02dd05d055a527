/** federation-apiserver: flags → wiring. The one file, with cli/main.ts, that touches the process. */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { createLogger } from './lib/logger.ts'
import { demoSession } from './main/demo.ts'
import { PROGRAM_VERSION } from './main/federation.ts'
import { commandLine, type DemoOptions, type ServeKindsOptions, type ServeOptions } from './main/options.ts'
import { serveKinds } from './main/serve-kinds.ts'
import { serve, type Surroundings } from './main/serve.ts'

const say = (text: string) => { process.stdout.write(`${text}\n`) }
const surroundings = (logLevel: string): Surroundings => ({ logger: createLogger(logLevel), environment: process.env })

/** Resolves at SIGTERM or SIGINT; a second one ends at once. */
const terminated = () => new Promise<void>((resolve) => {
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => { resolve(); process.once(name, () => process.exit(1)) })
})

async function runServer(options: ServeOptions): Promise<void> {
  const served = await serve(options, surroundings(options.logLevel))
  await terminated()
  await served.stop()
}

async function runKinds(options: ServeKindsOptions): Promise<void> {
  const served = await serveKinds(options, surroundings(options.logLevel), PROGRAM_VERSION)
  say(`KUBECONFIG=${served.kubeconfig}`)
  await terminated()
  await served.stop()
}

async function runDemo(options: DemoOptions): Promise<void> {
  if (options.real) {
    // The test bed is part of the checkout, not of the program.
    const bed = spawn(process.execPath, [path.resolve(import.meta.dirname, '../test/testbed/main.ts'), 'up', '--members', '3'], { stdio: 'inherit' })
    const [code] = await new Promise<[number | null]>((resolve) => { bed.once('exit', (status) => { resolve([status]) }) })
    process.exitCode = code ?? 1
    return
  }
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'federation-demo-'))
  try {
    const served = await serve({
      standalone: true, hostKubeconfig: undefined, dataDir, bindAddress: '127.0.0.1', securePort: options.securePort, namespace: 'federation-system', serviceName: 'federation-apiserver', mirrorGroups: ['apps', 'batch'], allowLoopbackMembers: false,
      kubeconfig: undefined, memberContexts: [], simulatedMembers: 3, writeKubeconfig: options.kubeconfigFile, logLevel: 'warn', clusterSuccessThresholdMs: 30_000, clusterFailureThresholdMs: 30_000, clusterProbeMs: 10_000,
    }, surroundings('warn'))
    await demoSession(served, options, say, AbortSignal.timeout(60_000))
    if (!options.once) await terminated()
    await served.stop()
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
}

try {
  await commandLine({ serve: runServer, serveKinds: runKinds, demo: runDemo }, PROGRAM_VERSION).parseAsync()
} catch (error) {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}
