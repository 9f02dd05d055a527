/** What kubectl's typed clients send as protobuf, to a standalone server with simulated members: `kubectl create` and its like. */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createKubectl, type Kubectl } from '../testbed/kubectl.ts'
import { describeFleet, eventually, KUBECTLS, testbed } from './fleet-bed.ts'

const ROOT = path.resolve(import.meta.dirname, '..', '..')

describeFleet('typed clients', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'federation-typed-')), kubeconfig = path.join(folder, 'kubeconfig')
  let child: ChildProcess, ended: Promise<number | null>

  beforeAll(async () => {
    const probe = createServer(), port = await new Promise<number>((resolve) => { probe.listen(0, '127.0.0.1', () => { resolve((probe.address() as AddressInfo).port) }) })
    await new Promise((resolve) => { probe.close(resolve) })
    child = spawn(path.join(ROOT, 'node_modules/.bin/node'), ['src/main.ts', 'serve', '--standalone', '--bind-address', '127.0.0.1', '--secure-port', String(port), '--data-dir', path.join(folder, 'data'), '--simulated-members', '2', '--write-kubeconfig', kubeconfig], { cwd: ROOT, stdio: 'ignore' })
    ended = new Promise((resolve) => { child.on('close', resolve) })
    const own = createKubectl((await testbed()).kubectlProgram, path.join(folder, 'cache'))
    await eventually(async () => { expect((await own(['get', 'deploy'], { kubeconfig, context: 'fleet' })).code).toBe(0) }, 45_000)
  }, 60_000)
  afterAll(async () => {
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
    rmSync(folder, { recursive: true })
  }, 60_000)

  test.each(KUBECTLS)('kubectl creates and scales (%s)', async (version) => {
    const run: Kubectl = createKubectl(version === 'testbed' ? (await testbed()).kubectlProgram : 'kubectl', path.join(folder, version)), name = `typed-${version}`
    const ask = async (context: string, words: string) => {
      const { code, stdout, stderr } = await run(words.replaceAll('NAME', name).split(' '), { kubeconfig, context })
      return code === 0 ? stdout.trim() : stderr
    }
    const shown = async (what: string): Promise<unknown> => JSON.parse(await ask('fleet', `get ${what} -o json`))
    expect(await ask('server', 'create namespace NAME')).toBe(`namespace/${name} created`)
    expect(await ask('fleet', 'create deploy NAME --image registry.example/web:1 --replicas 2 --port 80')).toBe(`deployment.apps/${name} created`)
    // The older one knows version v1 of autoscalers only; a fleet serves v2.
    const autoscaled = version === 'testbed' ? [['autoscale deploy NAME --min=1 --max=3', `horizontalpodautoscaler.autoscaling/${name} autoscaled`] as const] : []
    for (const [words, made] of [
      ['create configmap NAME --from-literal=a=1 --from-literal=empty=', 'configmap'], ['create secret generic NAME --from-literal=a=1', 'secret'], ['create service clusterip NAME --tcp=80:8080', 'service'], ['create job NAME --image=registry.example/job:1 -- true', 'job.batch'],
      ['create cronjob NAME --image=registry.example/job:1 --schedule=@daily -- true', 'cronjob.batch'], ['create role NAME --verb=get --resource=pods', 'role.rbac.authorization.k8s.io'], ['create rolebinding NAME --role=NAME --user=ann', 'rolebinding.rbac.authorization.k8s.io'],
      ['create serviceaccount NAME', 'serviceaccount'], ['create quota NAME --hard=pods=2,cpu=1500m', 'resourcequota'], ['create pdb NAME --selector=a=b --min-available=50%', 'poddisruptionbudget.policy'], ['create ingress NAME --rule=example.com/*=web:80', 'ingress.networking.k8s.io'],
    ] as const) expect(await ask('fleet', words)).toBe(`${made}/${name} created`)
    expect(await ask('fleet', 'expose deploy NAME --name=NAME-exposed --target-port=http')).toBe(`service/${name}-exposed exposed`)
    for (const [words, answer] of autoscaled) expect(await ask('fleet', words)).toBe(answer)
    expect(await ask('fleet', 'scale deploy NAME --replicas=0')).toBe(`deployment.apps/${name} scaled`)

    expect(await shown(`deploy/${name}`)).toMatchObject({ spec: { replicas: 0, selector: { matchLabels: { app: name } }, template: { spec: { containers: [{ name: 'web', image: 'registry.example/web:1', ports: [{ containerPort: 80 }] }] } } } })
    expect(await shown(`configmap/${name}`)).toMatchObject({ data: { a: '1', empty: '' } })
    expect(await shown(`secret/${name}`)).toMatchObject({ type: 'Opaque', data: { a: 'MQ==' } })
    expect(await shown(`service/${name}`)).toMatchObject({ spec: { type: 'ClusterIP', ports: [{ name: '80-8080', port: 80, protocol: 'TCP', targetPort: 8080 }] } })
    expect(await shown(`service/${name}-exposed`)).toMatchObject({ spec: { ports: [{ port: 80, targetPort: 'http' }] } })
    expect(await shown(`quota/${name}`)).toMatchObject({ spec: { hard: { pods: '2', cpu: '1500m' } } })
    expect(await shown(`pdb/${name}`)).toMatchObject({ spec: { minAvailable: '50%', selector: { matchLabels: { a: 'b' } } } })
    expect(await shown(`job/${name}`)).toMatchObject({ spec: { template: { spec: { restartPolicy: 'Never', containers: [{ command: ['true'] }] } } } })
  }, 120_000)
})
