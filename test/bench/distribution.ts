/**
 * What distributing costs on real Kubernetes: 3 members, templates created through the fleet as users do, beside the same objects written to the members
 * themselves, in turns, on the same machine. Deployments have no replicas, so that no pods come; a watcher in each member sees the copies arrive. Members are
 * called unreachable as slowly as in production: a machine that is short of time is no fault of theirs. BENCH_TEMPLATES: how many at once; BENCH_PARTS: of
 * `single,status,many,restart` those that are wanted (`restart` alone makes its templates first, and compares them with nothing).
 */
import { readFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { RawClient, type RawObject } from '../e2e/raw-client.ts'
import { readKeyPair } from '../testbed/certificates.ts'
import { authorityOf, certificatesFolder } from '../testbed/cluster.ts'
import { startTestbed, type Testbed } from '../testbed/testbed.ts'
import type { BenchRow } from './cache.ts'

const PRODUCTION = ['--cluster-probe-seconds', '10', '--cluster-success-threshold-seconds', '30', '--cluster-failure-threshold-seconds', '30']
const SAMPLES = 60, TEMPLATES = Number(process.env['BENCH_TEMPLATES'] ?? 500), PARALLEL = 16, PARTS = new Set((process.env['BENCH_PARTS'] ?? 'single,status,many,restart').split(',')), LIMIT_MS = 1_200_000
const FLEET = '/apis/cluster.federation/v1alpha1/clustersets/default/proxy', HUB = '/apis/types.federation/v1alpha1/namespaces/bench', POLICIES = '/apis/policy.federation/v1alpha1/namespaces/bench/propagationpolicies'
const DEPLOYMENTS = '/apis/apps/v1/namespaces/bench/deployments', INGRESSES = '/apis/networking.k8s.io/v1/namespaces/bench/ingresses', MERGE = { 'content-type': 'application/merge-patch+json' }

export async function run(): Promise<BenchRow[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-')), bed = await startTestbed({ dir: path.join(folder, 'testbed'), portBase: Number(process.env['BENCH_PORT_BASE'] ?? 12_440), members: 3, serverFlags: PRODUCTION })
  const user = readKeyPair(certificatesFolder(bed.dir), 'admin'), authority = authorityOf(bed.dir)
  const host = new RawClient(bed.ports.host, { authority, user }), own = new RawClient(bed.ports.server, { user }), members = bed.ports.members.map(({ apiserver }) => new RawClient(apiserver, { authority, user })), stop = new AbortController()
  try {
    for (const client of [host, ...members]) await send(client, 'POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'bench' } })
    await eventually(() => send(host, 'POST', POLICIES, { apiVersion: 'policy.federation/v1alpha1', kind: 'PropagationPolicy', metadata: { name: 'all' }, spec: { resourceSelectors: [{ apiVersion: 'apps/v1', kind: 'Deployment' }, { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' }], placement: {} } }))
    const arrivals = await Promise.all(members.map((member) => Arrivals.follow(member, DEPLOYMENTS, stop.signal)))
    const ground = { bed, host, own, members, arrivals }, rows: BenchRow[] = []
    if (PARTS.has('single')) rows.push(...(await single(host, members, arrivals)))
    if (PARTS.has('status')) rows.push(...(await statuses(host, members[0]!)))
    if (PARTS.has('many')) rows.push(...(await many(ground)))
    else if (PARTS.has('restart')) await crowd(ground)
    if (PARTS.has('restart')) rows.push(...(await restart(bed, own, members)))
    return rows
  } finally {
    stop.abort()
    for (const client of [host, own, ...members]) client.close()
    await bed.stop()
    rmSync(folder, { recursive: true })
  }
}

/** About 1.5 KB, as usual ones have. Paused: controllers of members, which work at 20 requests a second, would else be busy for minutes with what was written alone, at the expense of what is measured next. */
const deployment = (name: string): object => ({
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, labels: { app: name }, annotations: { note: 'x'.repeat(300) } },
  spec: { replicas: 0, paused: true, selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'web', image: 'registry.example/web:1', env: Array.from({ length: 20 }, (_, n) => ({ name: `SETTING_${n}`, value: `value-${n}` })), resources: { requests: { cpu: '100m', memory: '64Mi' } } }] } } },
})

async function send(client: RawClient, method: string, to: string, body: object, headers: Readonly<Record<string, string>> = {}): Promise<RawObject> {
  let answer = await client.call(method, to, { body, headers })
  // Too busy, or taken for it by the host's aggregator: as clients do, ask again; the time counts.
  for (; answer.status === 429 || answer.status === 503; answer = await client.call(method, to, { body, headers })) await sleep(250)
  if (answer.status !== 200 && answer.status !== 201) throw new Error(`${method} ${to}: ${answer.status} ${answer.text.slice(0, 300)}`)
  return answer.body
}

async function eventually<T>(attempt: () => Promise<T>, everyMs = 100): Promise<T> {
  for (const begin = performance.now(); ;) {
    try { return await attempt() } catch (error) { if (performance.now() - begin > LIMIT_MS) throw error }
    await sleep(everyMs)
  }
}

const percentile = (values: readonly number[], share: number) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))]!

/** When objects were first seen by a watcher of one server. */
class Arrivals {
  readonly #seen = new Map<string, number>()
  readonly #waiting = new Map<string, (atMs: number) => void>()

  static async follow(client: RawClient, list: string, signal: AbortSignal): Promise<Arrivals> {
    const arrivals = new Arrivals(), { metadata } = (await client.get(`${list}?limit=1`)).body
    void (async () => { for await (const { type, object } of client.watch(`${list}?watch=1&resourceVersion=${metadata!.resourceVersion}`, signal)) if (type === 'ADDED') arrivals.#arrived(object.metadata!.name!) })()
    return arrivals
  }

  /** When it was seen, as soon as it is. */
  of(name: string): Promise<number> {
    const known = this.#seen.get(name)
    return known === undefined ? new Promise((resolve) => { this.#waiting.set(name, resolve) }) : Promise.resolve(known)
  }

  #arrived(name: string): void {
    const at = performance.now()
    this.#seen.set(name, at)
    this.#waiting.get(name)?.(at)
  }
}

const arrivalOf = async (arrivals: readonly Arrivals[], name: string) => Math.max(...(await Promise.all(arrivals.map((each) => each.of(name)))))

/** One template at a time: from sending it until watchers of all three members have seen its copy. */
async function single(host: RawClient, members: readonly RawClient[], arrivals: readonly Arrivals[]): Promise<BenchRow[]> {
  const times = { fleet: [] as number[], alone: [] as number[] }
  for (let i = -5; i < SAMPLES; i++) {
    for (const [way, name] of [['alone', `alone${i + 5}`], ['fleet', `fleet${i + 5}`]] as const) {
      const begin = performance.now()
      if (way === 'fleet') await send(host, 'POST', `${FLEET}${DEPLOYMENTS}`, deployment(name))
      else await Promise.all(members.map((member) => send(member, 'POST', DEPLOYMENTS, deployment(name))))
      const at = await arrivalOf(arrivals, name)
      // The first ones find connections and watches not open yet.
      if (i >= 0) times[way].push(at - begin)
      await sleep(50)
    }
  }
  return ([['p50', 0.5], ['p95', 0.95]] as const).map(([name, share]) => ({ name: `create through the fleet → copies in 3 members, ${name}`, value: percentile(times.fleet, share), unit: 'ms', than: { name: 'the three writes alone', value: percentile(times.alone, share) }, target: 1.5, better: 'lower' }))
}

/** From writing a copy's status in a member until a watcher of the fleet has the folded one. */
async function statuses(host: RawClient, member: RawClient): Promise<BenchRow[]> {
  await send(host, 'POST', `${FLEET}${INGRESSES}`, { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'web' }, spec: { defaultBackend: { service: { name: 'web', port: { number: 80 } } } } })
  await eventually(async () => { if ((await member.get(`${INGRESSES}/web`)).status !== 200) throw new Error('no copy') })
  const waiting = new Map<string, (atMs: number) => void>(), times = { fleet: [] as number[], member: [] as number[] }, stop = new AbortController()
  const follow = async (client: RawClient, prefix: string, mark: string) => {
    const { metadata } = (await client.get(`${prefix}${INGRESSES}`)).body, done = (async () => {
      for await (const { object } of client.watch(`${prefix}${INGRESSES}?watch=1&resourceVersion=${metadata!.resourceVersion}`, stop.signal)) {
        const { loadBalancer } = object.status as { loadBalancer?: { ingress?: { ip?: string }[] } }
        for (const { ip } of loadBalancer?.ingress ?? []) waiting.get(`${mark} ${ip}`)?.(performance.now())
      }
    })()
    return { done }
  }
  const watching = [await follow(member, '', 'member'), await follow(host, FLEET, 'fleet')]
  await sleep(1_000)
  for (let i = 0; i < SAMPLES; i++) {
    const ip = `10.1.${i >> 8}.${i & 255}`, seen = (mark: string) => new Promise<number>((resolve) => { waiting.set(`${mark} ${ip}`, resolve) }), both = Promise.all([seen('member'), seen('fleet')]), begin = performance.now()
    await send(member, 'PATCH', `${INGRESSES}/web/status`, { status: { loadBalancer: { ingress: [{ ip }] } } }, MERGE)
    const [memberAt, fleetAt] = await both
    times.member.push(memberAt - begin)
    times.fleet.push(fleetAt - begin)
    await sleep(20)
  }
  // The restart that follows would cut it.
  stop.abort()
  await Promise.all(watching.map(({ done }) => done))
  return ([['p50', 0.5], ['p95', 0.95]] as const).map(([name, share]) => ({ name: `status written in a member → folded status at a watcher of the fleet, ${name}`, value: percentile(times.fleet, share), unit: 'ms', than: { name: 'to a watcher of the member', value: percentile(times.member, share) }, better: 'lower' }))
}

interface Ground { readonly bed: Testbed; readonly host: RawClient; readonly own: RawClient; readonly members: readonly RawClient[]; readonly arrivals: readonly Arrivals[] }

async function inParallel(count: number, one: (i: number) => Promise<unknown>): Promise<void> {
  let next = 0
  await Promise.all(Array.from({ length: PARALLEL }, async () => { for (let i = next++; i < count; i = next++) await one(i) }))
}

/** Processor seconds that our server has used; 0 where there is no /proc. */
function cpuSeconds(bed: Testbed, of = /^federation-apiserver$/): number { return bed.processes().filter(({ name }) => of.test(name)).reduce((sum, { pid }) => sum + secondsOf(pid), 0) }
const ofMembers = (bed: Testbed) => cpuSeconds(bed, /^member\d+\.kube-apiserver$/)

function secondsOf(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
    return (Number(fields[11]) + Number(fields[12])) / 100
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0
    throw error
  }
}

const federated = async (own: RawClient): Promise<readonly RawObject[]> => (await own.get(`${HUB}/federateddeployments`)).body.items ?? []
const isPropagated = ({ status }: RawObject) => (status as { conditions?: { type: string; status: string }[] } | undefined)?.conditions?.some(({ type, status: is }) => type === 'Propagated' && is === 'True') ?? false

/** All at once, from the first request until the last copy was seen, beside the same objects written to the members alone. */
async function many({ bed, host, own, members, arrivals }: Ground): Promise<BenchRow[]> {
  const before = { resident: bed.server.residentBytes, objects: await storedObjects(own) }
  const timed = async (name: string, create: (i: number) => Promise<unknown>) => {
    const begin = performance.now()
    await inParallel(TEMPLATES, create)
    return Math.max(...(await Promise.all(Array.from({ length: TEMPLATES }, (_, i) => arrivalOf(arrivals, `${name}-${i}`))))) - begin
  }
  const membersBefore = ofMembers(bed), alone = await timed('plain', (i) => Promise.all(members.map((member) => send(member, 'POST', DEPLOYMENTS, deployment(`plain-${i}`)))))
  const membersAlone = ofMembers(bed) - membersBefore
  await Promise.all(members.map((member) => eventually(() => untilObserved(member), 2_000)))
  const oursBefore = cpuSeconds(bed), begin = performance.now(), distributed = await timed('many', (i) => send(host, 'POST', `${FLEET}${DEPLOYMENTS}`, deployment(`many-${i}`)))
  const all = await propagated(own)
  const settled = performance.now() - begin, stored = all.reduce((sum, item) => sum + JSON.stringify(item).length, 0), sent = TEMPLATES * JSON.stringify(deployment('many-100')).length
  const held = ((await members[0]!.get(DEPLOYMENTS)).body.items ?? []).filter(({ metadata }) => metadata!.name!.startsWith('plain-')).reduce((sum, item) => sum + JSON.stringify(item).length, 0)
  const of = `${TEMPLATES} templates × 3 members`, cpu = { ours: cpuSeconds(bed) - oursBefore, alone: membersAlone }
  return [
    { name: `${of}: until the last copy`, value: distributed / 1000, unit: 's', than: { name: `the ${3 * TEMPLATES} writes alone`, value: alone / 1000 }, target: 1.5, better: 'lower' },
    { name: `${of}: until every status says so`, value: settled / 1000, unit: 's', than: { name: `the ${3 * TEMPLATES} writes alone`, value: alone / 1000 }, better: 'lower' },
    { name: `${of}: processor time of our server`, value: cpu.ours, unit: 's', than: { name: 'of the three kube-apiservers, for the writes alone', value: cpu.alone }, better: 'lower' },
    { name: `${of}: resident memory of our server`, value: bed.server.residentBytes / 2 ** 20, unit: 'MiB', than: { name: 'before', value: before.resident / 2 ** 20 }, better: 'lower' },
    { name: `${of}: objects stored`, value: (await storedObjects(own)) - before.objects, unit: 'objects', than: { name: 'templates', value: TEMPLATES }, target: 1, better: 'lower' },
    { name: `${of}: bytes stored`, value: stored / 1e6, unit: 'MB', than: { name: 'the templates as they were sent', value: sent / 1e6 }, better: 'lower' },
    { name: `${of}: bytes stored of all`, value: stored / 1e6, unit: 'MB', than: { name: 'the same objects as one member shows them', value: held / 1e6 }, target: 2, better: 'lower' },
  ]
}

/** Our templates, once the status of each says that all have it. */
const propagated = (own: RawClient) => eventually(async () => {
  const items = (await federated(own)).filter(({ metadata }) => metadata!.name!.startsWith('many-')), done = items.filter(isPropagated).length
  if (done < TEMPLATES) throw new Error(`${done} of ${TEMPLATES} are propagated`)
  return items
  // Looking at thousands costs the server time that is measured.
}, Math.max(250, TEMPLATES))

/** The same templates, for what comes after. */
async function crowd({ host, own }: Ground): Promise<void> {
  await inParallel(TEMPLATES, (i) => send(host, 'POST', `${FLEET}${DEPLOYMENTS}`, deployment(`many-${i}`)))
  await propagated(own)
}

/** The member's controllers have seen all that was written. */
async function untilObserved(member: RawClient): Promise<void> {
  const left = ((await member.get(DEPLOYMENTS)).body.items ?? []).filter(({ status }) => (status as { observedGeneration?: number } | undefined)?.observedGeneration === undefined).length
  if (left > 0) throw new Error(`${left} deployments have not been seen by the controllers`)
}

/** What our own metrics say is stored, of all kinds. */
async function storedObjects(own: RawClient): Promise<number> {
  const { text } = await own.get('/metrics')
  return text.split('\n').filter((line) => line.startsWith('apiserver_storage_objects{')).reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
}

/** Nothing changed while it was away, so nothing is to be written. */
async function restart(bed: Testbed, own: RawClient, members: readonly RawClient[]): Promise<BenchRow[]> {
  const versions = async () => {
    const lists = await Promise.all([federated(own), ...members.map(async (member) => (await member.get(DEPLOYMENTS)).body.items ?? [])])
    return new Map(lists.flatMap((items, at) => items.map(({ metadata }) => [`${at} ${metadata!.name}`, metadata!.resourceVersion] as const)))
  }
  const before = await steady(versions)
  await bed.server.kill('SIGTERM')
  const begin = performance.now()
  await bed.server.start()
  const readyMs = performance.now() - begin
  await untilIdle(bed)
  const steadyMs = performance.now() - begin, after = await steady(versions), written = [...after].filter(([key, version]) => before.get(key) !== version).length
  return [
    { name: `restart with ${TEMPLATES} templates: until the host reaches it`, value: readyMs / 1000, unit: 's', better: 'lower' },
    { name: `restart with ${TEMPLATES} templates: until it rests`, value: steadyMs / 1000, unit: 's', better: 'lower' },
    { name: `restart with ${TEMPLATES} templates: objects written, here and in members`, value: written, unit: 'objects', target: 0, better: 'lower' },
  ]
}

/** The versions once none changes for five seconds: a server that gets no time looks idle, too. */
async function steady(versions: () => Promise<ReadonlyMap<string, string | undefined>>): Promise<ReadonlyMap<string, string | undefined>> {
  let last = await versions()
  for (const begin = performance.now(); performance.now() - begin < LIMIT_MS;) {
    await sleep(5_000)
    const now = await versions()
    if (now.size === last.size && [...now].every(([key, version]) => last.get(key) === version)) break
    last = now
  }
  return last
}

/** Less than a tenth of a processor for a second. */
async function untilIdle(bed: Testbed): Promise<void> {
  for (const begin = performance.now(); performance.now() - begin < LIMIT_MS;) {
    const used = cpuSeconds(bed)
    await sleep(1_000)
    if (cpuSeconds(bed) - used < 0.1) return
  }
}
