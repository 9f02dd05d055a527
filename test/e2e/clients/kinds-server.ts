/** `npm run serve:kinds` as a process of the test bed's host: the kinds of stand-in-crds.yaml, registered by an APIService. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { load } from 'js-yaml'
import { CuttingProxy } from '../../suites/cutting-proxy.ts'
import { Lines } from '../lines.ts'
import { RawClient } from '../raw-client.ts'
import { eventually, kubectl, testbed } from '../fleet-bed.ts'

export const STAND_IN = 'stand-in.federation'
const ROOT = path.resolve(import.meta.dirname, '..', '..', '..'), NODE = path.join(ROOT, 'node_modules', '.bin', 'node'), SERVICE = 'e2e-stand-in'
export const STAND_IN_CRDS = path.join(import.meta.dirname, 'stand-in-crds.yaml')

/** Disposing of it ends the process and the registration. */
export interface KindsServer extends AsyncDisposable {
  /** Between the host and the process. */
  readonly proxy: CuttingProxy
}

export async function registerStandIns(): Promise<KindsServer> {
  const bed = await testbed(), folder = mkdtempSync(path.join(os.tmpdir(), 'federation-kinds-')), identity = path.join(bed.dir, 'federation-apiserver.kubeconfig')
  const program = new ServeKinds(['--host-kubeconfig', identity, '--port', '0', '--data-dir', folder]), proxy = await CuttingProxy.start(await program.port())
  await kubectl('host', 'apply -f -', { input: registration(proxy.port) })
  await eventually(async () => {
    await kubectl('host', `wait apiservice/v1alpha1.${STAND_IN} --for=condition=Available --timeout=20s`)
    await kubectl('host', `get --raw /apis/${STAND_IN}/v1alpha1`)
  })
  return {
    proxy,
    [Symbol.asyncDispose]: async () => {
      await kubectl('host', 'delete -f -', { input: registration(proxy.port) })
      await proxy.close()
      await program[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true })
    },
  }
}

interface Kubeconfig {
  readonly clusters: readonly [{ readonly cluster: { readonly server: string; readonly 'certificate-authority-data': string } }]
  readonly users: readonly [{ readonly user: { readonly 'client-certificate-data': string; readonly 'client-key-data': string } }]
}

/** The program with the stand-ins, in a process; disposing of it kills it. */
export class ServeKinds extends Lines {
  constructor(flags: readonly string[]) {
    super(NODE, [path.join(ROOT, 'src', 'main.ts'), 'serve-kinds', '--crd', STAND_IN_CRDS, '--bind-address', '127.0.0.1', ...flags], {}, (line) => line)
  }

  /** Its administrator's kubeconfig, once it serves. */
  async kubeconfig(): Promise<string> {
    const { line } = await this.until((each) => each.startsWith('KUBECONFIG='), { timeoutMs: 60_000 })
    return line.slice('KUBECONFIG='.length)
  }

  async port(): Promise<number> { return Number(new URL((await this.#read()).clusters[0].cluster.server).port) }

  /** Requests as its administrator. */
  async client(): Promise<RawClient> {
    const { clusters: [{ cluster }], users: [{ user }] } = await this.#read(), text = (base64: string) => Buffer.from(base64, 'base64').toString()
    return new RawClient(Number(new URL(cluster.server).port), { authority: text(cluster['certificate-authority-data']), user: { certificate: text(user['client-certificate-data']), key: text(user['client-key-data']) } })
  }

  async #read(): Promise<Kubeconfig> { return load(readFileSync(await this.kubeconfig(), 'utf8')) as Kubeconfig }
}

/** The host trusts whoever answers there: the server's certificate is made for its own address, not for the Service's name. */
const registration = (port: number): object => ({
  apiVersion: 'v1', kind: 'List', items: [
    { apiVersion: 'v1', kind: 'Service', metadata: { namespace: 'federation-system', name: SERVICE }, spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ name: 'https', port }] } },
    {
      apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService', metadata: { name: `v1alpha1.${STAND_IN}` },
      spec: { group: STAND_IN, version: 'v1alpha1', service: { namespace: 'federation-system', name: SERVICE, port }, insecureSkipTLSVerify: true, groupPriorityMinimum: 900, versionPriority: 15 },
    },
  ],
})
