/** What client-go keeps under random changes and cut connections is, in the end, what a list shows: our stored kinds through the host, and the fleet. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CuttingProxy } from '../../suites/cutting-proxy.ts'
import { Seeded } from '../../suites/seeded.ts'
import { createNamespace, deployment, describeInformer, eventually, FLEET, informerProgram, kubectl, MEMBERS, raw, testbed } from '../fleet-bed.ts'
import { runChurn } from '../informer.ts'
import type { RawClient, RawObject } from '../raw-client.ts'
import { registerStandIns, STAND_IN } from './kinds-server.ts'

const NAMESPACE = 'e2e-churn', CHANGES = 400, CUTS = 8

/** What is followed: the target as the program names it, and where to list the same. */
const FOLLOWED: Readonly<Record<string, string>> = {
  [`host:${STAND_IN}/v1alpha1/workloads`]: `/apis/${STAND_IN}/v1alpha1/namespaces/${NAMESPACE}/workloads`,
  [`host:${STAND_IN}/v1alpha1/propagationpolicies`]: `/apis/${STAND_IN}/v1alpha1/namespaces/${NAMESPACE}/propagationpolicies`,
  'fleet:apps/v1/deployments': `${FLEET}/apis/apps/v1/namespaces/${NAMESPACE}/deployments`,
  'fleet:/v1/configmaps': `${FLEET}/api/v1/namespaces/${NAMESPACE}/configmaps`,
  'fleet:/v1/pods': `${FLEET}/api/v1/namespaces/${NAMESPACE}/pods`,
}

/** What is changed: where, and how such an object looks. */
interface Changed { readonly to: string; readonly list: string; readonly object: (name: string, value: number) => object }

const stored = (plural: string, kind: string, spec: (value: number) => object): Changed =>
  ({ to: 'host', list: `/apis/${STAND_IN}/v1alpha1/namespaces/${NAMESPACE}/${plural}`, object: (name, value) => ({ apiVersion: `${STAND_IN}/v1alpha1`, kind, metadata: { name, labels: { value: `${value}` } }, spec: spec(value) }) })
const CHANGED: readonly Changed[] = [
  stored('workloads', 'Workload', (value) => ({ image: `${value}` })),
  stored('propagationpolicies', 'PropagationPolicy', (value) => ({ resourceSelectors: [{ apiVersion: 'v1', kind: 'ConfigMap' }], priority: value })),
  ...MEMBERS.flatMap((to): Changed[] => [
    { to, list: `/api/v1/namespaces/${NAMESPACE}/configmaps`, object: (name, value) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { value: `${value}` } }) },
    { to, list: `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`, object: (name, value) => deployment(name, value % 3) },
  ]),
]

/** One change: creates, applies or removes one of a few names; what the moment does not allow (404, 409), or what a cut took away, is left. */
async function change(random: Seeded, client: (to: string) => RawClient): Promise<void> {
  const { to, list, object } = random.pick(CHANGED), name = `c-${random.int(8)}`, at = `${list}/${name}`, value = random.int(1000), how = random.next()
  try {
    const { status, text } = await (how < 0.2 ? client(to).call('DELETE', `${at}?propagationPolicy=Background`)
      : how < 0.6 ? client(to).call('PATCH', `${at}?fieldManager=churn&force=true`, { body: object(name, value), headers: { 'content-type': 'application/apply-patch+yaml' } })
        : client(to).call('POST', list, { body: object(name, value) }))
    if (status >= 400 && ![404, 409, ...(to === 'host' ? [502, 503] : [])].includes(status)) throw new Error(`${to} ${at}: ${status} ${text}`)
  } catch (error) {
    if (to !== 'host' || !/ECONN|hang up|aborted/.test(String(error))) throw error
  }
}

describeInformer('client-go under churn and cut connections', () => {
  const clusters = ['host', ...MEMBERS]
  beforeAll(async () => { await createNamespace(NAMESPACE, clusters) })
  afterAll(async () => { await Promise.all(clusters.map((context) => kubectl(context, `delete namespace ${NAMESPACE} --wait=false`))) })

  test('dynamic and metadata informers hold what a list shows, with and without WatchListClient', async () => {
    const random = new Seeded(), bed = await testbed(), folder = mkdtempSync(path.join(os.tmpdir(), 'federation-churn-')), kubeconfig = path.join(folder, 'kubeconfig')
    console.log(`SEED=${random.seed}`)
    await using standIns = await registerStandIns()
    const proxy = await CuttingProxy.start(bed.ports.host), clients = new Map(await Promise.all(['host', ...MEMBERS].map(async (to) => [to, await raw('admin', to)] as const)))
    writeFileSync(kubeconfig, readFileSync(bed.kubeconfig, 'utf8').replaceAll(`127.0.0.1:${bed.ports.host}`, `127.0.0.1:${proxy.port}`), { mode: 0o600 })
    const run = (watchList: boolean) => runChurn(informerProgram('churn'), { kubeconfig, namespace: NAMESPACE, targets: Object.keys(FOLLOWED), watchList })
    {
      await using listing = run(false), streaming = run(true)
      const programs = [listing, streaming], stores = Object.keys(FOLLOWED).length * 2
      await eventually(() => { for (const { seen } of programs) expect(seen.filter(({ line }) => line.event === 'SYNCED')).toHaveLength(stores); return Promise.resolve() }, 45_000)
      await Promise.all([
        (async () => { for (let done = 0; done < CHANGES; done++) await change(random, (to) => clients.get(to)!) })(),
        (async () => {
          for (let cut = 0; cut < CUTS; cut++) {
            await sleep(200 + random.int(600))
            // Now between client and host, now between host and server.
            ;(cut === 0 || (cut > 1 && random.chance(0.5)) ? proxy : standIns.proxy).cut()
          }
        })(),
      ])
      const requests = await eventually(async () => {
        const expected = await listed(clients.get('host')!), held = await Promise.all(programs.map((program) => storesOf(program, stores)))
        for (const lines of held) for (const { client, target, objects } of lines) expect(byName(objects ?? [], client), `SEED=${random.seed} ${client} ${target}`).toEqual(byName(expected.get(target)!, client))
        return held.map((lines) => Math.max(...lines.map(({ requests: count }) => count ?? 0)))
      }, 60_000)
      for (const { seen } of programs) expect(seen.filter(({ line }) => line.event === 'BACKWARDS'), `SEED=${random.seed}`).toEqual([])
      expect(Math.min(proxy.cuts, standIns.proxy.cuts)).toBeGreaterThan(0)
      console.log(`${CHANGES} changes, ${proxy.cuts} + ${standIns.proxy.cuts} cuts; at most ${requests.join(' and ')} requests for a target`)
    }
    await proxy.close()
    rmSync(folder, { recursive: true })
  }, 180_000)
})

/** What lists show, by target. */
const listed = async (host: RawClient): Promise<ReadonlyMap<string, readonly RawObject[]>> => new Map(await Promise.all(Object.entries(FOLLOWED).map(async ([target, list]) => [target, (await host.get(list)).body.items!] as const)))

/** What the program holds now, a line for each of its informers. */
async function storesOf(program: ReturnType<typeof runChurn>, count: number) {
  const from = program.seen.length, lines = () => program.seen.slice(from).flatMap(({ line }) => (line.event === 'STORE' ? [line] : []))
  program.write('stores')
  await program.until(() => lines().length >= count, { from })
  return lines()
}

/** Items of typed lists carry no kind, objects of informers do; a metadata client has the metadata only. */
const byName = (objects: readonly RawObject[], client: string): Record<string, object> => Object.fromEntries(objects.map((object) => [object.metadata!.name!, client === 'metadata' ? { metadata: object.metadata } : { ...object, apiVersion: '', kind: '' }]))
