import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { load } from 'js-yaml'
import { X509Certificate } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { cacheFolder } from './binaries.ts'
import { readKeyPair, writeCertificates } from './certificates.ts'
import { serverArguments } from './fleet-server.ts'
import { memberManifests, memberRights } from './join.ts'
import { kubeconfigText, testbedContexts } from './kubeconfig.ts'
import { overlayText } from './overlay.ts'
import { portLayout, portUses } from './ports.ts'
import { Processes } from './processes.ts'

interface Kubeconfig {
  'current-context': string
  clusters: { name: string; cluster: { server: string; 'certificate-authority-data': string } }[]
  users: { name: string; user: Record<string, string> }[]
  contexts: { name: string; context: { cluster: string; user: string } }[]
}
const pair = { certificate: 'certificate', key: 'key' }

function temporaryFolder(): Disposable & { path: string } {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'testbed-test-'))
  return { path: folder, [Symbol.dispose]: () => { rmSync(folder, { recursive: true }) } }
}

describe('ports', () => {
  test('follow from the base', () => {
    expect(portLayout(7440, 2)).toEqual({
      host: 7440, server: 7530, etcd: { client: 7538, peer: 7539 },
      members: [{ name: 'member1', apiserver: 7441, kubelet: 10_441 }, { name: 'member2', apiserver: 7442, kubelet: 10_442 }],
    })
  })
  test.each([[7440, 80, 7540, 80], [7440, 3, 7450, 3]])('base %d with %d members and base %d with %d members never meet', (first, firstMembers, second, secondMembers) => {
    const ports = [...portUses(portLayout(first, firstMembers)), ...portUses(portLayout(second, secondMembers))].map(({ port }) => port)
    expect(new Set(ports).size).toBe(ports.length)
  })
  test.each([[80, 3, 'port base'], [65_000, 3, 'port base'], [7440.5, 3, 'port base'], [7440, 81, 'members'], [7440, -1, 'members']])('base %d with %d members is refused', (base, members, named) => {
    expect(() => portLayout(base, members)).toThrow(named)
  })
})

describe('kubeconfig', () => {
  const contexts = testbedContexts(portLayout(7440, 2))
  const config = load(kubeconfigText('authority', { admin: pair, alice: { certificate: 'a', key: 'b' } }, contexts)) as Kubeconfig

  test('has a context for every endpoint and user, the host first', () => {
    const fleet = 'https://127.0.0.1:7440/apis/cluster.federation/v1alpha1/clustersets/default/proxy'
    const servers = Object.fromEntries(config.clusters.map(({ name, cluster }) => [name, cluster.server]))
    expect(config['current-context']).toBe('host')
    expect(config.contexts.map(({ name, context }) => [name, servers[context.cluster], context.user])).toEqual([
      ['host', 'https://127.0.0.1:7440', 'admin'], ['fleet', fleet, 'admin'], ['fleet-by-cluster', `${fleet}/by-cluster`, 'admin'],
      ['member1', 'https://127.0.0.1:7441', 'admin'], ['member2', 'https://127.0.0.1:7442', 'admin'],
      ['host-alice', 'https://127.0.0.1:7440', 'alice'], ['fleet-alice', fleet, 'alice'],
    ])
  })
  test('holds certificates inline, each server and user once', () => {
    expect(config.clusters.map(({ name }) => name)).toEqual(['host', 'fleet', 'fleet-by-cluster', 'member1', 'member2'])
    expect(config.users).toEqual([
      { name: 'admin', user: { 'client-certificate-data': 'Y2VydGlmaWNhdGU=', 'client-key-data': 'a2V5' } },
      { name: 'alice', user: { 'client-certificate-data': 'YQ==', 'client-key-data': 'Yg==' } },
    ])
    expect(config.clusters[0]?.cluster['certificate-authority-data']).toBe('YXV0aG9yaXR5')
  })
  test('a context of an unknown user is refused', () => {
    expect(() => kubeconfigText('authority', {}, contexts)).toThrow('no certificate for user admin')
  })
})

test('the overlay changes the way to the server and nothing else', () => {
  const { resources, patches } = load(overlayText(7530)) as { resources: string[]; patches: { target: { kind: string }; patch: string }[] }
  expect(resources).toEqual(['../apiservice'])
  expect(patches.map(({ target, patch }) => [target.kind, JSON.parse(patch)])).toEqual([
    ['Service', [{ op: 'replace', path: '/spec', value: { type: 'ExternalName', externalName: 'localhost', ports: [{ name: 'https', port: 7530 }] } }]],
    ['APIService', [{ op: 'replace', path: '/spec/service/port', value: 7530 }]],
  ])
})

test('further flags of the server come last, so they win', () => {
  const flags = serverArguments({ dir: '/d', identity: '/d/k', port: 7530, flags: ['--cluster-probe-seconds', '1'] })
  expect(flags.slice(0, 5)).toEqual(['serve', '--host-kubeconfig', '/d/k', '--data-dir', '/d/data'])
  expect(flags.slice(-2)).toEqual(['--cluster-probe-seconds', '1'])
})

test('a member is joined by its credential first, without system:masters', () => {
  expect(memberManifests({ name: 'm', apiEndpoint: 'https://127.0.0.1:1', credential: pair, authority: 'ca' })).toMatchObject([
    { kind: 'Secret', metadata: { namespace: 'federation-system', name: 'm' }, stringData: { 'tls.crt': 'certificate', 'tls.key': 'key', caBundle: 'ca' } },
    { kind: 'Cluster', metadata: { name: 'm' }, spec: { apiEndpoint: 'https://127.0.0.1:1', secretRef: { namespace: 'federation-system', name: 'm' } } },
  ])
  expect(memberRights()).toMatchObject([{ subjects: [{ kind: 'User', name: 'federation' }] }, { subjects: [{ kind: 'Group', name: 'federation:masters' }] }])
})

test('certificates name their user and groups and come from one authority', async () => {
  using folder = temporaryFolder()
  await writeCertificates(folder.path)
  const authority = new X509Certificate(readKeyPair(folder.path, 'ca').certificate)
  const server = new X509Certificate(readKeyPair(folder.path, 'federation-apiserver').certificate), serving = new X509Certificate(readKeyPair(folder.path, 'serving').certificate)
  expect(server.verify(authority.publicKey)).toBe(true)
  expect(server.subject.split('\n').sort()).toEqual(['CN=system:serviceaccount:federation-system:federation-apiserver', 'O=system:serviceaccounts', 'O=system:serviceaccounts:federation-system'])
  expect(serving.checkIP('127.0.0.1')).toBe('127.0.0.1')
  expect(serving.checkHost('localhost')).toBe('localhost')
})

test('the cache of binaries lies where XDG says and does not move between calls', () => {
  expect(cacheFolder({ XDG_CACHE_HOME: '/c' })).toMatch(/^\/c\/federation-apiserver\/testbed\/[0-9a-f]{16}$/)
  expect(cacheFolder({ XDG_CACHE_HOME: '/c' })).toBe(cacheFolder({ XDG_CACHE_HOME: '/c' }))
})

test('a process is ours only while its command line mentions the folder', async () => {
  using folder = temporaryFolder()
  const processes = new Processes(folder.path), script = ['-e', 'setInterval(() => {}, 1e6)']
  expect(() => { processes.start({ name: 'stranger', argv: [process.execPath, ...script] }) }).toThrow('does not mention')
  expect(() => { processes.start({ name: 'missing', argv: [`${folder.path}/nothing`] }) }).toThrow('cannot start')
  processes.start({ name: 'ours', argv: [process.execPath, ...script, `${folder.path}/x`] })
  expect(processes.list()).toMatchObject([{ name: 'ours', running: true }])
  processes.signal('ours', 'SIGSTOP')
  await processes.stop(['ours'], { graceMs: 100 })
  expect(processes.isRunning('ours')).toBe(false)
  expect(processes.list()).toEqual([])
})
