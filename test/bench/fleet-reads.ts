/**
 * What reading a fleet costs on real Kubernetes: 3 members with 1,000 Deployments each, of the same names, so that 1,000 rows are folded
 * from 3,000 objects. Beside each figure the same question asked of the members themselves, in turns, on the same machine.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { RawClient, type RawAnswer } from '../e2e/raw-client.ts'
import { readKeyPair } from '../testbed/certificates.ts'
import { authorityOf, certificatesFolder } from '../testbed/cluster.ts'
import { startTestbed, type Testbed } from '../testbed/testbed.ts'
import type { BenchRow } from './cache.ts'

const DEPLOYMENTS = 1_000, NAMESPACES = 10, ROUNDS = 15, SAMPLES = 150, PARALLEL = 16
const FLEET = '/apis/cluster.federation/v1alpha1/clustersets/default/proxy', LIST = '/apis/apps/v1/deployments'
const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }, GZIP = { 'accept-encoding': 'gzip' }

export async function run(): Promise<BenchRow[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-')), bed = await startTestbed({ dir: path.join(folder, 'testbed'), portBase: Number(process.env['BENCH_PORT_BASE'] ?? 12_440), members: 3 })
  const user = readKeyPair(certificatesFolder(bed.dir), 'admin'), authority = authorityOf(bed.dir)
  const host = new RawClient(bed.ports.host, { authority, user }), own = new RawClient(bed.ports.server, { user }), members = bed.ports.members.map(({ apiserver }) => new RawClient(apiserver, { authority, user }))
  try {
    const empty = bed.server.residentBytes
    await Promise.all(members.map(fill))
    return [...(await lists(host, own, members)), ...(await memory(bed, host, empty)), ...(await latency(host, members[0]!))]
  } finally {
    for (const client of [host, own, ...members]) client.close()
    await bed.stop()
    rmSync(folder, { recursive: true })
  }
}

/** Without replicas, so that no pods come; as long as a usual one, about 4 KB. */
const deployment = (i: number): object => ({
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: `web-${String(i).padStart(4, '0')}`, labels: { app: 'web', tier: `t${i % 7}` }, annotations: { note: 'x'.repeat(300) } },
  spec: { replicas: 0, selector: { matchLabels: { app: `web-${i}` } }, template: { metadata: { labels: { app: `web-${i}` } }, spec: { containers: [{ name: 'web', image: 'registry.example/web:1', env: Array.from({ length: 20 }, (_, n) => ({ name: `SETTING_${n}`, value: `value-${n}` })), resources: { requests: { cpu: '100m', memory: '64Mi' } } }] } } },
})
const namespaceOf = (i: number) => `shop-${i % NAMESPACES}`

async function fill(member: RawClient): Promise<void> {
  const create = async (to: string, body: object) => {
    const answer = await member.call('POST', to, { body })
    if (answer.status !== 201) throw new Error(`POST ${to}: ${answer.text}`)
  }
  for (let n = 0; n < NAMESPACES; n++) await create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: `shop-${n}` } })
  let next = 0
  await Promise.all(Array.from({ length: PARALLEL }, async () => { for (let i = next++; i < DEPLOYMENTS; i = next++) await create(`/apis/apps/v1/namespaces/${namespaceOf(i)}/deployments`, deployment(i)) }))
  // Controllers write each status once; until then lists are of a fleet that changes.
  for (;;) {
    const { items } = (await member.get(LIST)).body, seen = (items ?? []).filter(({ status }) => (status as { observedGeneration?: number } | undefined)?.observedGeneration === 1)
    if (seen.length === DEPLOYMENTS) return
    await sleep(500)
  }
}

const percentile = (values: readonly number[], share: number) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))]!
const median = (values: readonly number[]) => percentile(values, 0.5)

/** Medians in milliseconds of what is measured in turns. */
async function inTurns<Name extends string>(ways: Readonly<Record<Name, () => Promise<unknown>>>): Promise<Record<Name, number>> {
  const names = Object.keys(ways) as Name[], times = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>
  for (const name of names) await ways[name]()
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of names) {
      const begin = performance.now()
      await ways[name]()
      times[name].push(performance.now() - begin)
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(times[name])])) as Record<Name, number>
}

async function lists(host: RawClient, own: RawClient, members: readonly RawClient[]): Promise<BenchRow[]> {
  const ask = async (client: RawClient, to: string, headers = {}): Promise<RawAnswer> => {
    const answer = await client.get(to, headers)
    if (answer.status !== 200) throw new Error(`GET ${to}: ${answer.status} ${answer.text.slice(0, 300)}`)
    return answer
  }
  const oneByOne = async (headers: object) => { for (const member of members) await ask(member, `${LIST}?resourceVersion=0`, headers) }, atOnce = (headers: object) => Promise.all(members.map((member) => ask(member, `${LIST}?resourceVersion=0`, headers)))
  const fleet = `${FLEET}${LIST}?resourceVersion=0`, rows: BenchRow[] = []
  const begin = performance.now(), merged = (await ask(own, fleet)).bytes.length, first = performance.now() - begin, parts = (await atOnce({})).reduce((sum, { bytes }) => sum + bytes.length, 0)
  rows.push({ name: `bytes of the merged list of 3 × ${DEPLOYMENTS} Deployments`, value: merged / 1e6, unit: 'MB', than: { name: 'the three lists', value: parts / 1e6 } }, { name: 'the first merged list, which reads the members', value: first, unit: 'ms' })
  for (const [how, headers] of [['', {}], [', gzip', GZIP], [', Table', TABLE]] as const) {
    const { direct, aggregated, split, sequence, together } = await inTurns({
      direct: () => ask(own, fleet, headers), aggregated: () => ask(host, fleet, headers), split: () => ask(own, `${FLEET}/by-cluster${LIST}?resourceVersion=0`, headers),
      sequence: () => oneByOne(headers), together: () => atOnce(headers),
    })
    rows.push(
      { name: `merged list${how}, from our server`, value: direct, unit: 'ms', than: { name: 'the three lists, one by one', value: sequence } },
      { name: `merged list${how}, through the host`, value: aggregated, unit: 'ms', than: { name: 'the three lists, one by one', value: sequence } },
      { name: `merged list${how}, through the host`, value: aggregated, unit: 'ms', than: { name: 'the three lists, at once', value: together } },
      { name: `list of every copy (by-cluster)${how}, from our server`, value: split, unit: 'ms', than: { name: 'the three lists, one by one', value: sequence } },
    )
  }
  return rows
}

async function memory(bed: Testbed, host: RawClient, empty: number): Promise<BenchRow[]> {
  await host.get(`${FLEET}${LIST}`)
  const apiserver = bed.processes().find(({ name }) => name === 'member1.kube-apiserver')!
  return [
    { name: 'resident memory of our server, lists done', value: bed.server.residentBytes / 2 ** 20, unit: 'MiB', than: { name: 'one member\'s kube-apiserver', value: apiserver.residentBytes / 2 ** 20 } },
    { name: 'resident memory of our server, members joined, no Deployments', value: empty / 2 ** 20, unit: 'MiB' },
  ]
}

/** From the moment a change is sent to a member until a watcher has the event: of the fleet, through the host, beside one of the member itself. */
async function latency(host: RawClient, member: RawClient): Promise<BenchRow[]> {
  const stop = new AbortController(), waiting = new Map<string, (atMs: number) => void>()
  const follow = async (client: RawClient, prefix: string, mark: string) => {
    const { resourceVersion } = (await client.get(`${prefix}${LIST}?limit=1`)).body.metadata!
    const done = (async () => {
      for await (const { object } of client.watch(`${prefix}${LIST}?watch=1&resourceVersion=${resourceVersion}`, stop.signal)) waiting.get(`${mark} ${object.metadata?.annotations?.['bench']}`)?.(performance.now())
    })()
    return { done }
  }
  const watching = [await follow(member, '', 'member'), await follow(host, FLEET, 'fleet')], times = { member: [] as number[], fleet: [] as number[], added: [] as number[] }
  // A watch has begun some time after it was asked for.
  await sleep(1_000)
  for (let i = 0; i < SAMPLES; i++) {
    const name = `web-${String(i).padStart(4, '0')}`, seen = (mark: string) => new Promise<number>((resolve) => { waiting.set(`${mark} ${i}`, resolve) }), both = Promise.all([seen('member'), seen('fleet')]), begin = performance.now()
    const answer = await member.call('PATCH', `/apis/apps/v1/namespaces/${namespaceOf(i)}/deployments/${name}`, { headers: { 'content-type': 'application/merge-patch+json' }, body: { metadata: { annotations: { bench: String(i) } } } })
    if (answer.status !== 200) throw new Error(answer.text)
    const [memberAt, fleetAt] = await both
    times.member.push(memberAt - begin)
    times.fleet.push(fleetAt - begin)
    times.added.push(fleetAt - memberAt)
    await sleep(20)
  }
  stop.abort()
  await Promise.all(watching.map(({ done }) => done))
  const row = (name: string, share: number): BenchRow => ({ name: `${name} of ${SAMPLES} changes, member to watcher of the fleet`, value: percentile(times.fleet, share), unit: 'ms', than: { name: 'to a watcher of the member', value: percentile(times.member, share) } })
  return [row('p50', 0.5), row('p99', 0.99), { name: 'of this added by us and the host, p50', value: percentile(times.added, 0.5), unit: 'ms' }, { name: 'of this added by us and the host, p99', value: percentile(times.added, 0.99), unit: 'ms' }]
}
