import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

const ROOT = path.resolve(import.meta.dirname, '..', '..'), { scripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { scripts: { start: string } }

/** How `npm start` starts the server, to be spawned in any folder: the Node.js that the project names, its flags (and those given), the program. */
export function serverProgram(...flags: readonly string[]): [command: string, ...argv: string[]] {
  const [node = '', ...words] = scripts.start.split(' '), local = path.join(ROOT, 'node_modules', '.bin', node)
  return [existsSync(local) ? local : process.execPath, ...flags, ...words.slice(0, -1), path.join(ROOT, words.at(-1)!)]
}
