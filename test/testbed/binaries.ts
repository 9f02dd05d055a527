/**
 * Finds the programs of a test bed: in $KUBEBUILDER_ASSETS, else in a cache outside the checkout, else by building them there from the
 * Go module of this folder. kube-apiserver, kube-controller-manager, kube-scheduler, etcd and kubectl are links to one program `kube`.
 */
import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { accessSync, constants, copyFileSync, existsSync, linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

export const PROGRAMS = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'etcd', 'kubectl', 'kwok'] as const

export interface Binaries {
  /** Absolute path of each program. */
  readonly programs: Readonly<Record<(typeof PROGRAMS)[number], string>>
  /** kwok's rules that make nodes ready and pods run, one YAML file each. */
  readonly stages: readonly string[]
}

export interface BinariesOptions {
  readonly environment?: NodeJS.ProcessEnv
  /** Gets a line when something happens, and at least every ten seconds while building. */
  readonly progress?: (line: string) => void
  readonly signal?: AbortSignal
}

/** Builds what is missing: four to eight minutes on two cores when Go's own build cache is cold, seconds when it is warm. */
export async function findBinaries({ environment = process.env, progress = () => {}, signal }: BinariesOptions = {}): Promise<Binaries> {
  const folder = cacheFolder(environment)
  if (!existsSync(folder)) await buildOnce({ folder, environment, progress, ...(signal && { signal }) })
  const locate = (name: string) => inAssets(name, environment) ?? path.join(folder, name)
  return {
    programs: Object.fromEntries(PROGRAMS.map((name) => [name, locate(name)])) as Binaries['programs'],
    stages: readdirSync(path.join(folder, 'stages')).sort().map((name) => path.join(folder, 'stages', name)),
  }
}

/** Why the programs can neither be found nor built here, or undefined when they can. */
export async function binariesUnavailable(environment: NodeJS.ProcessEnv = process.env): Promise<string | undefined> {
  if (existsSync(cacheFolder(environment))) return undefined
  return await run('go', ['version'], { env: environment }).then(() => undefined, () => WITHOUT_GO)
}

/** `~/.cache/federation-apiserver/testbed/<hash>`: one per state of the module and platform. Older ones may be deleted at any time. */
export function cacheFolder(environment: NodeJS.ProcessEnv): string {
  const hash = createHash('sha256')
  for (const file of ['go.sum', 'go.mod', 'main.go']) hash.update(readFileSync(path.join(MODULE, file))).update('\0')
  const root = environment['XDG_CACHE_HOME'] || path.join(homedir(), '.cache')
  return path.join(root, 'federation-apiserver', 'testbed', hash.update(`${process.platform}/${process.arch}`).digest('hex').slice(0, 16))
}

const run = promisify(execFile)
const MODULE = import.meta.dirname
const KWOK = 'sigs.k8s.io/kwok/cmd/kwok', KWOK_MODULE = 'sigs.k8s.io/kwok', STAGE_FOLDERS = ['pod', 'node']
const HEARTBEAT_MS = 10_000, LOCK_POLL_MS = 1_000
const WITHOUT_GO = 'the test bed builds Kubernetes from source and finds no Go: install it from https://go.dev/dl (the version named in test/testbed/go.mod, or newer) and put `go` on PATH'

interface Build {
  readonly folder: string
  readonly environment: NodeJS.ProcessEnv
  readonly progress: (line: string) => void
  readonly signal?: AbortSignal
}

function inAssets(name: string, environment: NodeJS.ProcessEnv): string | undefined {
  const assets = environment['KUBEBUILDER_ASSETS'], file = assets && path.resolve(assets, name)
  if (!file || !existsSync(file)) return undefined
  try { accessSync(file, constants.X_OK) } catch (error) { throw new Error(`${file} (from KUBEBUILDER_ASSETS) is not executable`, { cause: error }) }
  return file
}

/** One build at a time per cache folder; whoever waited finds the result. A reader never sees a half-built folder, as it is renamed into place. */
async function buildOnce(build: Build): Promise<void> {
  const { folder, progress, signal } = build, lock = `${folder}.lock`, fresh = `${folder}.building-${process.pid}`
  const lockText = `${fresh}.pid`
  mkdirSync(path.dirname(folder), { recursive: true })
  writeFileSync(lockText, String(process.pid))
  try {
    for (let waitedMs = 0; !acquire(lock, lockText); waitedMs += LOCK_POLL_MS) {
      if (waitedMs % HEARTBEAT_MS === 0) progress(`waiting for another build of the same binaries (if there is none, delete ${lock})`)
      await sleep(LOCK_POLL_MS, undefined, signal && { signal })
    }
  } finally { rmSync(lockText) }
  try {
    if (existsSync(folder)) return
    // Whatever else is half built was left by a process that was killed.
    const halfBuilt = new RegExp(String.raw`^${path.basename(folder)}\.building-\d+$`)
    for (const name of readdirSync(path.dirname(folder))) if (halfBuilt.test(name)) rmSync(path.join(path.dirname(folder), name), { recursive: true })
    mkdirSync(fresh)
    await compile(build, fresh)
    renameSync(fresh, folder)
    progress(`binaries are in ${folder}`)
  } finally {
    rmSync(fresh, { recursive: true, force: true })
    rmSync(lock, { force: true })
  }
}

/** A lock is a hard link to a file with the owner's process id, so it appears with its content. That of a dead owner is removed. */
function acquire(lock: string, text: string): boolean {
  try { linkSync(text, lock); return true } catch (error) { if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error }
  try { process.kill(Number(readFileSync(lock, 'utf8')), 0) } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ESRCH') rmSync(lock, { force: true })
    else if (code !== 'ENOENT' && code !== 'EPERM') throw error
  }
  return false
}

async function compile(build: Build, fresh: string): Promise<void> {
  const { environment, progress } = build
  await run('go', ['version'], { env: environment }).catch((error: unknown) => { throw new Error(WITHOUT_GO, { cause: error }) })
  progress('building kube-apiserver and its companions from source, once (minutes when Go has never built them here)')
  const listed = await go(build, 'downloading modules', ['list', '-deps', '.', KWOK])
  const total = listed.trim().split('\n').length
  // Without a version the servers call themselves v0.0.0, which some clients refuse.
  const [, version, major, minor] = /k8s\.io\/kubernetes (v(\d+)\.(\d+)\.\S+)/.exec(readFileSync(path.join(MODULE, 'go.mod'), 'utf8')) ?? []
  const flags = [`gitVersion=${version}`, `gitMajor=${major}`, `gitMinor=${minor}`].map((flag) => `-X k8s.io/component-base/version.${flag}`).join(' ')
  await go(build, 'compiling', ['build', '-v', '-buildvcs=false', '-ldflags', `-s -w ${flags}`, '-o', path.join(fresh, 'kube'), '.'], total)
  await go(build, 'compiling kwok', ['build', '-v', '-buildvcs=false', '-ldflags', '-s -w', '-o', path.join(fresh, 'kwok'), KWOK], total)
  for (const name of PROGRAMS) if (name !== 'kwok') symlinkSync('kube', path.join(fresh, name))
  const module = (await go(build, 'finding kwok', ['list', '-m', '-f', '{{.Dir}}', KWOK_MODULE])).trim()
  mkdirSync(path.join(fresh, 'stages'))
  for (const folder of STAGE_FOLDERS) {
    const source = path.join(module, 'kustomize', 'stage', folder, 'fast')
    for (const name of readdirSync(source)) if (name.startsWith(`${folder}-`) && name.endsWith('.yaml')) copyFileSync(path.join(source, name), path.join(fresh, 'stages', name))
  }
}

/** Runs `go` in the module; answers stdout. `go build -v` names each package it compiles on stderr, which is what progress counts. */
async function go({ environment, progress, signal }: Build, doing: string, args: readonly string[], total?: number): Promise<string> {
  const started = Date.now(), child = spawn('go', args, { cwd: MODULE, env: { ...environment, GOWORK: 'off' }, stdio: ['ignore', 'pipe', 'pipe'], ...(signal && { signal }) })
  let output = '', messages = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => { output += text })
  child.stderr.setEncoding('utf8').on('data', (text: string) => { messages += text })
  const heartbeat = setInterval(() => {
    const packages = messages.split('\n').filter((line) => line !== '' && !line.startsWith('go: ')).length
    progress(`${doing}: ${Math.round((Date.now() - started) / 1000)} s${total === undefined ? '' : `, ${packages} of at most ${total} packages`}`)
  }, HEARTBEAT_MS)
  try {
    const code = await new Promise<number | null>((resolve, reject) => { child.on('error', reject).on('close', resolve) })
    if (code !== 0) throw new Error(`go ${args[0]} failed:\n${messages.trimEnd().split('\n').slice(-20).join('\n')}`)
    return output
  } finally { clearInterval(heartbeat) }
}
