/** A Python with Kubernetes' client: made once per list of requirements, outside the checkout. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile), FOLDER = path.join(import.meta.dirname, 'python'), REQUIREMENTS = path.join(FOLDER, 'requirements.txt')

export const CLIENT = path.join(FOLDER, 'client.py')

/** Answers the path of the interpreter; undefined where the machine has no Python that can make a virtual environment. Packages come from PyPI. */
export async function pythonWithClient(signal: AbortSignal): Promise<string | undefined> {
  const root = process.env['XDG_CACHE_HOME'] || path.join(homedir(), '.cache'), parent = path.join(root, 'federation-apiserver', 'python')
  const version = await run('python3', ['-c', 'import ensurepip, sys, venv; print(sys.version)'], { signal }).then(({ stdout }) => stdout, () => undefined)
  if (version === undefined) return undefined
  const folder = path.join(parent, createHash('sha256').update(readFileSync(REQUIREMENTS)).update(version).digest('hex').slice(0, 16))
  if (existsSync(folder)) return path.join(folder, 'bin', 'python')
  mkdirSync(parent, { recursive: true })
  console.log('installing the Python client that the end-to-end tests run')
  const fresh = `${folder}.building-${process.pid}`
  try {
    await run('python3', ['-m', 'venv', fresh], { signal })
    await run(path.join(fresh, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--requirement', REQUIREMENTS], { signal })
    renameSync(fresh, folder)
  } finally { rmSync(fresh, { recursive: true, force: true }) }
  return path.join(folder, 'bin', 'python')
}
