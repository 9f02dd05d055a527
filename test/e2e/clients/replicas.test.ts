/**
 * client-go's informers on a fleet that two servers on one etcd serve, through cuts, changes of server, kills of both and of a member, joins and unjoins: what they hold is what the members have, and none had to
 * read everything again. A test bed of its own: two servers cannot share the other tests' host with the one that is registered there.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CuttingProxy } from '../../suites/cutting-proxy.ts'
import { awaitReady } from '../../testbed/await-ready.ts'
import { ApiClient } from '../../testbed/api-client.ts'
import { readKeyPair } from '../../testbed/certificates.ts'
import { authorityOf, certificatesFolder } from '../../testbed/cluster.ts'
import { serverArguments } from '../../testbed/fleet-server.ts'
import { Processes } from '../../testbed/processes.ts'
import { startTestbed, type Testbed } from '../../testbed/testbed.ts'
import { deployment, describeInformer, eventually, FLEET, informerProgram, MEMBERS } from '../fleet-bed.ts'
import { runChurn } from '../informer.ts'
import { RawClient, type RawObject } from '../raw-client.ts'

const NAMESPACE = 'e2e-replicas', PORT_BASE = Number(process.env['E2E_PORT_BASE'] ?? 10_440) + 200, ROOT = path.resolve(import.meta.dirname, '..', '..', '..'), SECOND = 'federation-apiserver-2'
const DEPLOYMENTS = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`, PODS = `/api/v1/namespaces/${NAMESPACE}/pods`, TARGETS = { 'fleet:apps/v1/deployments': DEPLOYMENTS, 'fleet:/v1/pods': PODS }

describeInformer('client-go on two servers', () => {
  let folder: string, bed: Testbed, second: Second, proxy: CuttingProxy, ask: (to: string) => RawClient, kubeconfig: string
  beforeAll(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'federation-replicas-'))
    const dir = path.join(folder, 'testbed'), flags = ['--etcd-servers', `http://127.0.0.1:${PORT_BASE + 98}`, '--etcd-prefix', '/federation']
    bed = await startTestbed({ dir, portBase: PORT_BASE, members: 3, serverFlags: flags })
    second = new Second(bed, flags)
    await second.start()
    const user = readKeyPair(certificatesFolder(bed.dir), 'admin'), authority = authorityOf(bed.dir), ports: Record<string, number> = { one: bed.ports.server, two: second.port, host: bed.ports.host, ...Object.fromEntries(bed.ports.members.map(({ name, apiserver }) => [name, apiserver])) }
    const clients = new Map<string, RawClient>()
    ask = (to) => {
      let client = clients.get(to)
      if (!client) clients.set(to, (client = new RawClient(ports[to]!, { user, ...(to !== 'one' && to !== 'two' && { authority }) })))
      return client
    }
    proxy = await CuttingProxy.start(bed.ports.server)
    kubeconfig = path.join(folder, 'kubeconfig')
    const inline = (text: string) => Buffer.from(text).toString('base64')
    writeFileSync(kubeconfig, JSON.stringify({
      apiVersion: 'v1', kind: 'Config', 'current-context': 'fleet', contexts: [{ name: 'fleet', context: { cluster: 'fleet', user: 'admin' } }], users: [{ name: 'admin', user: { 'client-certificate-data': inline(user.certificate), 'client-key-data': inline(user.key) } }],
      clusters: [{ name: 'fleet', cluster: { server: `https://127.0.0.1:${proxy.port}${FLEET}`, 'insecure-skip-tls-verify': true } }],
    }), { mode: 0o600 })
    for (const member of MEMBERS) {
      await created(ask(member), '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } })
      for (const name of ['web', `${member}-own`]) await created(ask(member), DEPLOYMENTS, deployment(name, 1))
    }
  }, 300_000)
  afterAll(async () => {
    await proxy?.close()
    await bed?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  /** A change in every member of what is followed: pods come and go with it. Waits for the pods. */
  let turn = 0
  const change = async (members: readonly string[] = MEMBERS) => {
    turn++
    for (const member of members) {
      const { status, text } = await ask(member).call('PATCH', `${DEPLOYMENTS}/web`, { headers: { 'content-type': 'application/merge-patch+json' }, body: { metadata: { annotations: { turn: `${turn}` } }, spec: { replicas: 1 + (turn % 3) } } })
      if (status !== 200) throw new Error(`${member}: ${status} ${text}`)
    }
  }
  /** As a service in front would do: both are read from. */
  const warm = async () => { for (const replica of ['one', 'two']) for (const list of Object.values(TARGETS)) await eventually(async () => { expect((await ask(replica).get(`${FLEET}${list}`)).status).toBe(200) }, 30_000) }

  test('hold what the members have, and never read everything again, whatever happens', async () => {
    const run = (watchList: boolean) => runChurn(informerProgram('churn'), { kubeconfig, namespace: NAMESPACE, targets: Object.keys(TARGETS), watchList })
    await warm()
    await using listing = run(false), streaming = run(true)
    const programs = [listing, streaming], stores = Object.keys(TARGETS).length * 2
    await eventually(() => { for (const { seen } of programs) expect(seen.filter(({ line }) => line.event === 'SYNCED')).toHaveLength(stores); return Promise.resolve() }, 60_000)
    const told: string[] = []
    /** Every informer holds what the members have now. */
    const settled = async (what: string, { members = MEMBERS, most = 2 }: { readonly members?: readonly string[]; readonly most?: number } = {}) => {
      await eventually(async () => {
        const truth = await truthOf(members, ask), held = await Promise.all(programs.map((program) => storesOf(program, stores)))
        for (const { client, target, objects } of held.flat()) expect((objects ?? []).map(({ metadata }) => metadata!.name!).toSorted(), `${what}: ${client} ${target}`).toEqual([...truth.get(target)!.keys()].toSorted())
        for (const { client, target, objects } of held.flat().filter(({ target }) => target.endsWith('pods'))) for (const { metadata } of objects ?? []) expect(metadata!.uid, `${what}: ${client} ${metadata!.name!}`).toBe(truth.get(target)!.get(metadata!.name!))
        for (const { objects } of held.flat().filter(({ client, target }) => client === 'dynamic' && target.endsWith('deployments'))) expect(objects!.find(({ metadata }) => metadata!.name === 'web')!.spec!.replicas, `${what}: replicas`).toBe(members.length * (1 + (turn % 3)))
        told.splice(0, told.length, ...held.map((lines, at) => `${['list', 'stream'][at]!} ${lines.filter(({ client }) => client === 'dynamic').map(({ target, states = 0, requests = 0 }) => `${target.split('/').at(-1)} ${states} states in ${requests} requests`).join(', ')}`))
        // Both informers of a target began once each.
        for (const { target, states } of held.flat()) expect(states, `${what}: whole states asked for, ${target}`).toBeLessThanOrEqual(most)
      }, 90_000)
      console.log(`${what}: ${told.join('; ')}`)
    }
    await change()
    await settled('at the beginning')
    for (let cut = 0; cut < 3; cut++) {
      proxy.cut()
      await change()
      await sleep(300)
    }
    await settled('cut three times')

    await warm()
    await change()
    await settled('before the other server')
    proxy.target = second.port
    proxy.cut()
    await change()
    await settled('at the other server')

    await bed.member('member2').stopApiserver('SIGKILL')
    await change(['member1', 'member3'])
    await bed.member('member2').startApiserver()
    await change(['member2'])
    turn--
    await change()
    await settled('a member was killed and came back')

    await bed.kubectl(['delete', 'cluster', 'member3'], { context: 'host' })
    await settled('a member was unjoined', { members: ['member1', 'member2'] })
    await change(['member1', 'member2'])
    await bed.join(['member3'])
    await change()
    await settled('it has joined again')

    // The first one forgets all it knew; what it has seen by the time that the second dies is what clients can resume from.
    await bed.server.kill('SIGKILL')
    await change()
    await bed.server.start()
    await warm()
    await change()
    await settled('the first server was killed and is back')
    await sleep(2_000)
    await second.kill()
    proxy.target = bed.ports.server
    proxy.cut()
    await change()
    // One that started a moment ago may know less than what was seen of the other: then each asks for a state once more.
    await settled('the second server was killed', { most: 4 })
    for (const { seen } of programs) expect(seen.filter(({ line }) => line.event === 'BACKWARDS')).toEqual([])
  }, 600_000)
})

/** The server of `deploy/` a second time. */
class Second {
  readonly port: number
  readonly #bed: Testbed
  readonly #flags: readonly string[]
  readonly #processes: Processes

  constructor(bed: Testbed, flags: readonly string[]) {
    this.port = bed.ports.server + 1
    this.#bed = bed
    this.#flags = flags
    this.#processes = new Processes(bed.dir)
  }

  async start(): Promise<void> {
    const { dir } = this.#bed, identity = path.join(dir, 'federation-apiserver.kubeconfig')
    this.#processes.start({ name: SECOND, workingFolder: ROOT, argv: [path.join(ROOT, 'node_modules', '.bin', 'node'), path.join(ROOT, 'src', 'main.ts'), ...serverArguments({ dir, identity, port: this.port, flags: [...this.#flags, '--data-dir', path.join(dir, 'data-2')] })] })
    const anonymous = new ApiClient(`https://127.0.0.1:${this.port}`)
    await awaitReady({ what: SECOND, deadlineMs: 60_000, process: { processes: this.#processes, name: SECOND } }, () => anonymous.get('/readyz'))
  }

  async kill(): Promise<void> { await this.#processes.stop([SECOND], { first: 'SIGKILL' }) }
}

async function created(client: RawClient, to: string, body: object): Promise<void> {
  await eventually(async () => {
    const { status, text } = await client.call('POST', to, { body })
    if (status !== 201 && status !== 409) throw new Error(`POST ${to}: ${status} ${text}`)
  }, 30_000)
}

/** What the members themselves list: names as the fleet has them, with the uids of pods. */
async function truthOf(members: readonly string[], ask: (to: string) => RawClient): Promise<ReadonlyMap<string, ReadonlyMap<string, string | undefined>>> {
  const truth = new Map(Object.keys(TARGETS).map((target) => [target, new Map<string, string | undefined>()]))
  for (const member of members) {
    for (const [target, list] of Object.entries(TARGETS)) for (const { metadata } of (await ask(member).get(list)).body.items ?? []) truth.get(target)!.set(target.endsWith('pods') ? `${metadata!.name!}@${member}` : metadata!.name!, metadata!.uid)
  }
  return truth
}

/** What the program holds now, a line for each of its informers. */
async function storesOf(program: ReturnType<typeof runChurn>, count: number): Promise<{ client: string; target: string; objects?: readonly RawObject[]; states?: number; requests?: number }[]> {
  const from = program.seen.length, lines = () => program.seen.slice(from).flatMap(({ line }) => (line.event === 'STORE' ? [line] : []))
  program.write('stores')
  await program.until(() => lines().length >= count, { from })
  return lines()
}
