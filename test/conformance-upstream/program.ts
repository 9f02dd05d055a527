/** Kubernetes' own end-to-end tests as a program: built once per state of module/, into a cache outside the checkout, as the test bed's programs are. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'

/** Answers the path of `e2e.test`. Four minutes on two cores where the test bed has been built before, twice that where not. */
export async function buildEndToEndTests(signal: AbortSignal): Promise<string> {
  const folder = cacheFolder(), program = path.join(folder, 'e2e.test')
  if (existsSync(program)) return program
  mkdirSync(path.dirname(folder), { recursive: true })
  console.error('building Kubernetes\' end-to-end tests, once (minutes)')
  // A reader never sees half a program: the folder is renamed into place.
  const fresh = `${folder}.building-${process.pid}`, [, version, major, minor] = /k8s\.io\/kubernetes (v(\d+)\.(\d+)\.\S+)/.exec(readFileSync(path.join(MODULE, 'go.mod'), 'utf8'))!
  const flags = [`gitVersion=${version}`, `gitMajor=${major}`, `gitMinor=${minor}`].map((flag) => `-X k8s.io/component-base/version.${flag}`).join(' ')
  await go(['test', '-c', '-vet=off', '-buildvcs=false', '-ldflags', `-s -w ${flags}`, '-o', path.join(fresh, 'e2e.test'), 'k8s.io/kubernetes/test/e2e'], signal)
  renameSync(fresh, folder)
  return program
}

const MODULE = path.join(import.meta.dirname, 'module')

function cacheFolder(): string {
  const hash = createHash('sha256')
  for (const file of ['go.sum', 'go.mod', 'tools.go']) hash.update(readFileSync(path.join(MODULE, file))).update('\0')
  const root = process.env['XDG_CACHE_HOME'] || path.join(homedir(), '.cache')
  return path.join(root, 'federation-apiserver', 'conformance', hash.update(`${process.platform}/${process.arch}`).digest('hex').slice(0, 16))
}

/** At low priority: it takes all cores for minutes. */
async function go(args: readonly string[], signal: AbortSignal): Promise<void> {
  const child = spawn('nice', ['-n', '5', 'go', ...args], { cwd: MODULE, env: { ...process.env, GOWORK: 'off' }, stdio: ['ignore', 'inherit', 'inherit'], signal })
  const code = await new Promise<number | null>((resolve, reject) => { child.on('error', reject).on('close', resolve) })
  if (code !== 0) throw new Error(`go ${args[0]} failed (Go of the version in test/testbed/go.mod, or newer, must be on PATH)`)
}
