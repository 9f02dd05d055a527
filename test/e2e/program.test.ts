/** The program itself: what a new user starts first, and what it says when it cannot start. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createKubectl } from '../testbed/kubectl.ts'
import { describeFleet, eventually, kubectl, rows, testbed } from './fleet-bed.ts'

const ROOT = path.resolve(import.meta.dirname, '..', '..'), NODE = path.join(ROOT, 'node_modules', '.bin', 'node')
interface Ended { readonly code: number | null; readonly stdout: string; readonly stderr: string }

/** Runs a program to its end, at most so long. */
const run = (program: string, args: readonly string[], timeoutMs = 30_000): Promise<Ended> => new Promise((resolve, reject) => {
  const child = spawn(program, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], timeout: timeoutMs }), out = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) child[name].setEncoding('utf8').on('data', (text: string) => { out[name] += text })
  child.on('error', reject).on('close', (code) => { resolve({ code, ...out }) })
})
const start = (...args: string[]) => run(NODE, ['src/main.ts', ...args])
const freePort = async (): Promise<number> => {
  const server = createServer()
  const port = await listen(server)
  await new Promise((resolve) => { server.close(resolve) })
  return port
}
const listen = (server: Server) => new Promise<number>((resolve) => { server.listen(0, '127.0.0.1', () => { resolve((server.address() as AddressInfo).port) }) })

let folder = ''
beforeAll(() => { folder = mkdtempSync(path.join(os.tmpdir(), 'federation-program-')) })
afterAll(() => { rmSync(folder, { recursive: true }) })

describe('what cannot start says why, and ends with 1', () => {
  test.each<[string, string[], RegExp]>([
    ['an unknown flag', ['serve', '--nonsense'], /unknown option '--nonsense'[^]*--help/],
    ['an unknown command', ['sevre'], /unknown command 'sevre'/],
    ['a port that is none', ['serve', '--secure-port', 'abc'], /'--secure-port <port>' argument 'abc' is invalid/],
    ['flags that exclude each other', ['serve', '--standalone', '--host-kubeconfig', 'x'], /exclude each other/],
    ['flags of the other mode', ['serve', '--simulated-members', '3'], /need --standalone/],
    ['a kubeconfig that is not there', ['serve', '--host-kubeconfig', '/nonexistent', '--data-dir', 'DIR/store'], /kubeconfig \/nonexistent: the file does not exist/],
    ['a kubeconfig that is none', ['serve', '--host-kubeconfig', 'DIR/broken.yaml', '--data-dir', 'DIR/store'], /kubeconfig .*broken\.yaml: /],
    ['a context that is not in it', ['serve', '--standalone', '--kubeconfig', 'DIR/empty.yaml', '--member-context', 'nope', '--data-dir', 'DIR/store', '--secure-port', '0'], /there is no context "nope"/],
    ['a data directory that is a file', ['serve', '--standalone', '--data-dir', 'DIR/broken.yaml'], /the store file .*broken\.yaml\/store\.db cannot be opened .*: check that its directory exists and may be written/],
    ['a file of keys that has none', ['serve', '--standalone', '--encryption-key-file', 'DIR/broken.yaml', '--data-dir', 'DIR/store'], /--encryption-key-file: line 1 has no name of a key before a colon/],
    ['a file of keys that is not there', ['serve', '--standalone', '--encryption-key-file', '/nonexistent', '--data-dir', 'DIR/store'], /--encryption-key-file cannot be read: .*ENOENT/],
  ])('%s', async (_, args, message) => {
    writeFileSync(path.join(folder, 'broken.yaml'), ': not yaml [')
    writeFileSync(path.join(folder, 'empty.yaml'), 'apiVersion: v1\nkind: Config\n')
    const { code, stderr } = await start(...args.map((each) => each.replace('DIR', folder)))
    expect(stderr).toMatch(message)
    expect(stderr).not.toMatch(/\n\s+at /)
    expect(code).toBe(1)
  })
  test('a port in use', async () => {
    const server = createServer(), port = await listen(server)
    const { code, stderr } = await start('serve', '--standalone', '--bind-address', '127.0.0.1', '--secure-port', String(port), '--data-dir', path.join(folder, 'port'))
    server.close()
    expect([code, stderr]).toEqual([1, expect.stringContaining(`error: cannot listen on 127.0.0.1:${port}: the port is in use by another program; stop that one or choose another port`)])
  })
  test.each<[string, (file: string) => void, string]>([
    ['text', (file) => { writeFileSync(file, 'somebody\'s diary') }, 'it is not a SQLite database'],
    ['a database of another program', (file) => { const database = new DatabaseSync(file); database.exec('create table diary (day)'); database.close() }, 'it is a SQLite database of another program'],
  ])('a store file that is %s is refused and left as it is', async (what, write, reason) => {
    const data = path.join(folder, what.replaceAll(' ', '-')), file = path.join(data, 'store.db')
    mkdirSync(data)
    write(file)
    const before = readFileSync(file), { code, stderr } = await start('serve', '--standalone', '--secure-port', '0', '--data-dir', data)
    expect([code, stderr]).toEqual([1, expect.stringContaining(`the store file ${file} was not made by this program (${reason}): choose another data directory, or move the file away`)])
    expect(readFileSync(file)).toEqual(before)
  })
})

test('npm run demo -- --once shows the merged table and a change, within 30 s', async () => {
  const begin = performance.now(), { code, stdout, stderr } = await run('npm', ['run', 'demo', '--', '--once', '--secure-port', String(await freePort()), '--write-kubeconfig', path.join(folder, 'demo.kubeconfig')], 60_000)
  expect([code, stdout], stderr).toEqual([0, expect.stringMatching(/^NAME +READY +UP-TO-DATE +AVAILABLE +AGE +CLUSTERS\n(.*\n)*?web +(\d+)\/\2 .* 3\/3\n/m)])
  expect(stdout).toMatch(/^MODIFIED web: spec\.replicas is \d+ over all members$/m)
  console.log(`the demo took ${Math.round(performance.now() - begin)} ms`)
  expect(performance.now() - begin).toBeLessThan(30_000)
}, 90_000)

describeFleet('standalone', () => {
  test('reads real clusters from a kubeconfig', async () => {
    const bed = await testbed(), port = await freePort(), kubeconfig = path.join(folder, 'standalone.kubeconfig')
    const args = ['src/main.ts', 'serve', '--standalone', '--bind-address', '127.0.0.1', '--secure-port', String(port), '--data-dir', path.join(folder, 'standalone'), '--write-kubeconfig', kubeconfig, '--kubeconfig', bed.kubeconfig, '--member-context', 'member1', '--member-context', 'member3']
    const child = spawn(NODE, args, { cwd: ROOT, stdio: 'ignore' }), ended = new Promise<number | null>((resolve) => { child.on('close', resolve) })
    try {
      const own = createKubectl(bed.kubectlProgram, path.join(folder, 'cache'))
      const ask = async (context: string, words: string) => {
        const { code, stdout, stderr } = await own(words.split(' '), { kubeconfig, context })
        if (code !== 0) throw new Error(stderr)
        return stdout
      }
      await eventually(async () => { expect(rows(await ask('server', 'get clusters')).slice(1).map((cells) => [cells[0], cells[3]])).toEqual([['member1', 'True'], ['member3', 'True']]) }, 30_000)
      expect((await ask('fleet', 'get nodes -o name')).trim().split('\n')).toEqual(['member1', 'member3'].flatMap((member) => [1, 2].map((n) => `node/${member}-node-${n}@${member}`)))
      await kubectl('member3', 'create configmap e2e-standalone --from-literal=a=1')
      await eventually(async () => { expect(await ask('fleet', 'get configmap e2e-standalone -o jsonpath={.data.a}')).toBe('1') })
      await kubectl('member3', 'delete configmap e2e-standalone')
    } finally { child.kill('SIGTERM') }
    expect(await ended).toBe(0)
  }, 90_000)

  test('what is stored is encrypted, and written by a new key with the next write', async () => {
    const bed = await testbed(), port = await freePort(), data = path.join(folder, 'encrypted'), kubeconfig = path.join(folder, 'encrypted.kubeconfig'), keys = path.join(folder, 'keys'), own = createKubectl(bed.kubectlProgram, path.join(folder, 'cache-encrypted'))
    const key = (name: string) => `${name}:${randomBytes(32).toString('base64')}\n`, old = key('old'), kubectlOf = (words: string, input?: string) => own(words.split(' '), { kubeconfig, context: 'server', ...(input !== undefined && { input }) })
    const stored = () => readFileSync(path.join(data, 'store.db')).toString('latin1')
    const running = async <T>(work: () => Promise<T>): Promise<T> => {
      const child = spawn(NODE, ['src/main.ts', 'serve', '--standalone', '--bind-address', '127.0.0.1', '--secure-port', String(port), '--data-dir', data, '--write-kubeconfig', kubeconfig, '--encryption-key-file', keys], { cwd: ROOT, stdio: 'ignore' }), ended = new Promise<number | null>((resolve) => { child.on('close', resolve) })
      try {
        await eventually(async () => { expect((await kubectlOf('get --raw /readyz')).stdout).toBe('ok') }, 30_000)
        return await work()
      } finally {
        child.kill('SIGTERM')
        expect(await ended).toBe(0)
      }
    }
    writeFileSync(keys, old)
    await running(async () => { expect(await kubectlOf('create secret generic db --from-literal=password=mountain-of-paper')).toMatchObject({ code: 0 }) })
    expect(stored()).toContain('enc:aesgcm:v1:old:')
    expect(stored()).not.toContain(Buffer.from('mountain-of-paper').toString('base64'))
    writeFileSync(keys, key('new') + old)
    await running(async () => {
      const { stdout } = await kubectlOf('get secret db -o json')
      expect((JSON.parse(stdout) as { data: unknown }).data).toEqual({ password: Buffer.from('mountain-of-paper').toString('base64') })
      expect(await kubectlOf('replace -f -', stdout)).toMatchObject({ code: 0 })
      expect((await kubectlOf('get secret db -o json')).stdout).not.toBe(stdout)
    })
    expect(stored()).toContain('enc:aesgcm:v1:new:')
  }, 120_000)
})
