/** The two sides: a kube-apiserver with the definitions as custom resources, and `serve-kinds` with the same files and that kube-apiserver as its host. */
import path from 'node:path'
import { Client, type Sent } from '../../conformance/exchange.ts'
import { readKeyPair } from '../../testbed/certificates.ts'
import { authorityOf, certificatesFolder } from '../../testbed/cluster.ts'
import { Processes } from '../../testbed/processes.ts'
import { eventually, kubectl, testbed } from '../fleet-bed.ts'
import { KindsServer } from '../kinds-server.ts'
import type { Sides } from './dialogue.ts'

const FIXTURES = path.resolve(import.meta.dirname, '../../cases/rest/fixtures')
const CRDS = [path.join(FIXTURES, 'widget-crd.yaml'), path.join(FIXTURES, 'gadget-crd.yaml'), path.join(import.meta.dirname, 'gear-crd.yaml')], RIGHTS = path.join(FIXTURES, 'rbac.yaml')
const PLURALS = ['widgets', 'gadgets', 'gears'], CONTROLLERS = 'host.kube-controller-manager'
const LABEL = 'differential', NAMESPACES = '/api/v1/namespaces'

export interface Servers { sides(): Sides & { close(): void }; stop(): Promise<void> }

/**
 * Starts our side and prepares theirs. The host's controllers rest meanwhile: its garbage collector would work off `orphan` and `foregroundDeletion`
 * and end namespaces on one side only, whenever it comes to it.
 */
export async function startServers(): Promise<Servers> {
  const bed = await testbed(), processes = new Processes(bed.dir), server = new KindsServer(bed, { name: 'differential', portOffset: 1, crds: CRDS })
  await kubectl('host', ['apply', ...[...CRDS, RIGHTS].flatMap((file) => ['-f', file])])
  await kubectl('host', ['wait', '--for=condition=Established', ...PLURALS.map((plural) => `crd/${plural}.conformance.example.com`)])
  await server.start()
  processes.signal(CONTROLLERS, 'SIGSTOP')
  const user = readKeyPair(certificatesFolder(bed.dir), 'admin'), credentials = { cert: user.certificate, key: user.key }
  const theirs = () => new Client(bed.ports.host, { ca: authorityOf(bed.dir), ...credentials }), ours = () => new Client(server.port, { ca: server.authority, ...credentials })
  // A kube-apiserver's history of a kind never reaches back to revision 1; that of a server whose store is new would.
  const before = ours(), created = await before.send({ method: 'POST', target: '/apis/conformance.example.com/v1/namespaces/default/widgets', headers: [['Content-Type', 'application/json']], body: Buffer.from(JSON.stringify({ apiVersion: 'conformance.example.com/v1', kind: 'Widget', metadata: { name: 'before' }, spec: { model: 'm-1' } })) })
  if (created.status !== 201) throw new Error(`cannot write to our side: ${created.data.toString()}`)
  await before.send({ method: 'DELETE', target: '/apis/conformance.example.com/v1/namespaces/default/widgets/before', headers: [] })
  before.close()
  await server.stop()
  await server.start()
  const asking = theirs(), host = { send: (sent: Sent) => asking.send(sent), makeNamespace: (name: string) => makeNamespace(asking, name) }
  const sides = () => { const pair = { theirs: theirs(), ours: ours() }; return { ...pair, host, close: () => { pair.theirs.close(); pair.ours.close() } } }
  // Kinds of a new definition are watched once its first list is through: until then a request may find no storage.
  await eventually(async () => { for (const plural of PLURALS) { const { status } = await asking.send({ method: 'GET', target: `/apis/conformance.example.com/v1/${plural}`, headers: [] }); if (status !== 200) throw new Error(`${plural}: ${status}`) } })
  const stop = async () => {
    asking.close()
    processes.signal(CONTROLLERS, 'SIGCONT')
    await server.stop()
    await removeAll()
  }
  return { sides, stop }
}

async function makeNamespace(client: Client, name: string): Promise<void> {
  const { status, data } = await client.send({ method: 'POST', target: NAMESPACES, headers: [['Content-Type', 'application/json']], body: Buffer.from(JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { [LABEL]: '' } } })) })
  if (status !== 201) throw new Error(`cannot make namespace ${name}: ${data.toString()}`)
}

/** What was left must not keep the definitions from going: finalizers go first. */
async function removeAll(): Promise<void> {
  for (const plural of PLURALS) {
    const { items } = JSON.parse(await kubectl('host', `get ${plural}.conformance.example.com -A -o json`)) as { items: { metadata: { name: string; namespace?: string; finalizers?: string[] } }[] }
    for (const { metadata: { name, namespace, finalizers = [] } } of items) {
      if (finalizers.length > 0) await kubectl('host', ['patch', `${plural}.conformance.example.com`, name, ...(namespace === undefined ? [] : ['-n', namespace]), '--type=merge', '-p', '{"metadata":{"finalizers":null}}'])
    }
  }
  await kubectl('host', ['delete', ...[...CRDS, RIGHTS].flatMap((file) => ['-f', file]), '--wait=true', '--timeout=60s'], { timeoutMs: 70_000 })
  await kubectl('host', `delete namespaces -l ${LABEL} --wait=false`)
}
