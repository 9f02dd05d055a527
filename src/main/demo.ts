/** `npm run demo`: a fleet in this process, and what plain kubectl would see of it. */
import { getJson } from '../machinery/client/json-client.ts'
import type { Handler } from '../machinery/meta/core.ts'
import type { SimulatedMember } from '../simulation/simulated-member.ts'
import type { DemoOptions } from './options.ts'
import type { Served } from './serve.ts'

/** Shows the merged table and five commands to try; `once`: one watch update besides. */
export async function demoSession({ federation, server, simulated }: Served, { once, kubeconfigFile }: DemoOptions, say: (text: string) => void, signal: AbortSignal): Promise<void> {
  const administrator = { name: 'federation:administrator', groups: ['system:masters', 'system:authenticated'], extra: {} }
  const fleet: Handler = (request, inner) => federation.inProcess({ ...request, path: `${FLEET}${request.path}`, user: administrator }, inner)
  await untilLive(fleet, signal)
  const kubectl = `kubectl --kubeconfig ${kubeconfigFile}`
  say(`A fleet of ${simulated.length} simulated members answers on https://127.0.0.1:${server.port}${FLEET}\n`)
  say('What `kubectl get deploy` answers: one row per Deployment, status summed over the members.\n')
  say(`${await mergedDeployments(fleet, signal)}\n`)
  if (once) {
    say(`Scaling web to 5 in ${simulated[0]!.name}; a watch on the fleet says:`)
    say(await watchOneChange(fleet, simulated[0]!, signal))
    await untilLive(fleet, signal)
    say(`\n${await mergedDeployments(fleet, signal)}`)
    return
  }
  say('Five commands to try:')
  for (const command of ['get deploy', 'get pods -o wide', 'describe deploy web', 'logs -l app=web --prefix', `--context server get clusters`]) say(`  ${kubectl} ${command}`)
  say('\nCtrl-C ends it.')
}

const FLEET = '/apis/cluster.federation/v1alpha1/clustersets/default/proxy'

interface Table { columnDefinitions: { name: string; priority?: number }[]; rows: { cells: (string | number | boolean | null)[] }[] }

const AS_TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'

/** A table as kubectl prints it: upper-case headers, columns three blanks apart. */
function printTable({ columnDefinitions, rows }: Table): string {
  const shown = columnDefinitions.flatMap(({ priority = 0 }, i) => (priority === 0 ? [i] : []))
  const lines = [shown.map((i) => columnDefinitions[i]!.name.toUpperCase()), ...rows.map(({ cells }) => shown.map((i) => String(cells[i] ?? '<none>')))]
  const widths = shown.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)))
  return lines.map((line) => line.map((cell, column) => (column === line.length - 1 ? cell : cell.padEnd(widths[column]! + 3))).join('')).join('\n')
}

async function mergedDeployments(fleet: Handler, signal: AbortSignal): Promise<string> {
  return printTable(await getJson<Table>(fleet, '/apis/apps/v1/namespaces/default/deployments', signal, AS_TABLE))
}

/** Resolves once every Deployment that can be ready is. */
async function untilLive(fleet: Handler, signal: AbortSignal): Promise<void> {
  for (;;) {
    const { items } = await getJson<{ items: { spec: { replicas?: number }; status?: { readyReplicas?: number } }[] }>(fleet, '/apis/apps/v1/namespaces/default/deployments', signal)
    if (items.length > 0 && items.every(({ spec, status }) => spec.replicas === status?.readyReplicas)) return
    await new Promise((resolve) => { setTimeout(resolve, 100) })
    signal.throwIfAborted()
  }
}

/** Scales a Deployment in one member and answers what a fleet watch tells of it. */
async function watchOneChange(fleet: Handler, member: SimulatedMember, signal: AbortSignal): Promise<string> {
  const stop = new AbortController(), path = '/apis/apps/v1/namespaces/default/deployments', either = AbortSignal.any([signal, stop.signal])
  const { metadata } = await getJson<{ metadata: { resourceVersion: string } }>(fleet, path, signal)
  const response = await fleet({ method: 'GET', path, query: new URLSearchParams({ watch: '1', resourceVersion: metadata.resourceVersion, fieldSelector: 'metadata.name=web' }), headers: [] }, either)
  await member.change('deployments', 'default/web', (object) => ({ ...object, spec: { ...(object['spec'] as object), replicas: 5 } }))
  let text = ''
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    text += Buffer.from(chunk).toString()
    const line = text.split('\n').slice(0, -1).find((each) => each.includes('"MODIFIED"'))
    if (!line) continue
    stop.abort()
    const { type, object } = JSON.parse(line) as { type: string; object: { metadata: { name: string }; spec: { replicas: number } } }
    return `${type} ${object.metadata.name}: spec.replicas is ${object.spec.replicas} over all members`
  }
  throw new Error('the watch ended before the change came')
}
