/** `npm run testbed -- up | down | status`: real Kubernetes clusters and our server on this machine, without containers. */
import { Command, InvalidArgumentError } from 'commander'
import { DEFAULT_PORT_BASE } from './ports.ts'
import { DEFAULT_DIR, DEFAULT_MEMBERS, removeTestbed, startTestbed, testbedStatus } from './testbed.ts'

const MEBIBYTE = 2 ** 20

const program = new Command('testbed').description('A host cluster, members and federation-apiserver on this machine, all real processes.')
const dirOption = ['--dir <folder>', 'where keys, logs, process ids and the kubeconfig are', DEFAULT_DIR] as const

program.command('up')
  .description('start everything; the last line says where the kubeconfig is')
  .option('--members <number>', 'member clusters', number, DEFAULT_MEMBERS)
  .option(...dirOption)
  .option('--port-base <port>', 'first of the ports used on 127.0.0.1', number, DEFAULT_PORT_BASE)
  .option('--no-server', 'start the clusters only')
  .action(async ({ members, dir, portBase, server }: { members: number; dir: string; portBase: number; server: boolean }) => {
    const started = Date.now(), abort = new AbortController()
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => { abort.abort(new Error('interrupted: what was started has been stopped again')) })
    const progress = (line: string) => { console.error(`${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s  ${line}`) }
    const testbed = await startTestbed({ members, dir, portBase, until: server ? 'members' : 'clusters', progress, signal: abort.signal })
    console.error(`\nThe test bed's own kubectl is ${testbed.kubectlProgram}\nStop everything with: npm run testbed -- down${dir === DEFAULT_DIR ? '' : ` --dir ${dir}`}\n`)
    console.log(`KUBECONFIG=${testbed.kubeconfig}`)
  })

program.command('down')
  .description('end the processes of a test bed and remove its folder')
  .option(...dirOption)
  .action(async ({ dir }: { dir: string }) => { await removeTestbed(dir) })

program.command('status')
  .description('list the processes of a test bed; fails when one of them has ended')
  .option(...dirOption)
  .action(({ dir }: { dir: string }) => {
    const { kubeconfig, processes } = testbedStatus(dir)
    for (const { name, pid, running, residentBytes } of processes) console.log(`${name.padEnd(34)} ${running ? 'running' : 'ended  '} ${String(pid).padStart(8)} ${(residentBytes / MEBIBYTE).toFixed(0).padStart(6)} MiB`)
    console.log(`KUBECONFIG=${kubeconfig}`)
    if (processes.some(({ running }) => !running)) process.exitCode = 1
  })

try { await program.parseAsync() } catch (error) {
  // What an abort interrupts says only "aborted"; the reason is its cause.
  const told = error instanceof Error && error.name === 'AbortError' && error.cause !== undefined ? error.cause : error
  console.error(`testbed: ${told instanceof Error ? told.message : String(told)}`)
  process.exitCode = 1
}

function number(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('expected a whole number')
  return Number(text)
}
