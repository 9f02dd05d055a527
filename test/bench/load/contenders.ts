/** The servers that are measured beside each other, and what they use of the machine. Linux only: processor time is read from /proc. */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { dump } from 'js-yaml'
import { RawClient } from '../../e2e/raw-client.ts'
import { readKeyPair, type KeyPair } from '../../testbed/certificates.ts'
import { authorityOf, certificatesFolder } from '../../testbed/cluster.ts'
import { serverProgram } from '../../testbed/server-program.ts'
import type { Testbed } from '../../testbed/testbed.ts'
import { definition } from './things.ts'

export interface Contender {
  readonly name: string
  readonly url: string
  readonly user: KeyPair
  readonly client: RawClient
  readonly pid: number
  /** The process that keeps what this one serves, where that is another one. */
  readonly storePid?: number
}

export function kubeApiserver(bed: Testbed): Contender {
  const pidOf = (name: string) => bed.processes().find((process) => process.name === name)!.pid
  // It would watch the new kind, too, to collect garbage: that is not what is compared.
  process.kill(pidOf('host.kube-controller-manager'), 'SIGSTOP')
  const user = readKeyPair(certificatesFolder(bed.dir), 'admin'), url = `https://127.0.0.1:${bed.ports.host}`
  return { name: 'kube-apiserver', url, user, client: new RawClient(bed.ports.host, { authority: authorityOf(bed.dir), user }), pid: pidOf('host.kube-apiserver'), storePid: pidOf('etcd') }
}

interface Kubeconfig { readonly users: readonly [{ readonly user: Record<string, string> }]; readonly clusters: readonly [{ readonly cluster: Record<string, string> }] }

export interface OurServer extends Contender { stop(): Promise<void> }

/** `serve-kinds`, standalone. `flags` choose the store. */
export async function ourServer(name: string, { dir, port, flags = [], store }: { dir: string; port: number; flags?: readonly string[]; store?: number }): Promise<OurServer> {
  mkdirSync(dir, { recursive: true })
  const file = path.join(dir, 'things.yaml'), [program, ...argv] = serverProgram(...profiling(dir))
  writeFileSync(file, dump(definition))
  const child: ChildProcess = spawn(program, [...argv, 'serve-kinds', '--crd', file, '--port', String(port), '--data-dir', dir, '--log-level', 'warn', ...flags], { stdio: ['ignore', 'ignore', 'inherit'] })
  const ended = new Promise<void>((resolve) => { child.once('exit', () => { resolve() }) }), kubeconfig = path.join(dir, 'admin.kubeconfig')
  let written: Kubeconfig | undefined
  for (let waitedMs = 0; !written; waitedMs += 100) {
    if (child.exitCode !== null || waitedMs > 60_000) { child.kill(); throw new Error(`${name} does not start`) }
    // It may be there and not whole yet.
    try { written = JSON.parse(readFileSync(kubeconfig, 'utf8')) as Kubeconfig } catch { await sleep(100) }
  }
  const { users: [{ user }], clusters: [{ cluster }] } = written
  const plain = (base64: string | undefined) => Buffer.from(base64!, 'base64').toString(), pair = { certificate: plain(user['client-certificate-data']), key: plain(user['client-key-data']) }, url = `https://127.0.0.1:${port}`
  return {
    name, url, user: pair, client: new RawClient(port, { authority: plain(cluster['certificate-authority-data']), user: pair }), pid: child.pid!, ...(store !== undefined && { storePid: store }),
    stop: async () => { child.kill('SIGTERM'); await ended },
  }
}

/** `$BENCH_PROFILE`: a folder that gets a processor profile of each of our servers. */
function profiling(dir: string): string[] {
  const folder = process.env['BENCH_PROFILE']
  return folder ? ['--cpu-prof', '--cpu-prof-dir', path.join(folder, path.basename(dir))] : []
}

/** Processor time of a process, all its threads, in milliseconds (proc(5): fields 14 and 15, in hundredths of a second). */
export function processorMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

export const residentMiB = (pid: number): number => Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024
