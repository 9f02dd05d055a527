import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../lib/clock.ts'
import { fromInlineKubeconfig, fromKubeconfigFile, inCluster } from './kubeconfig.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')
const config = (user: string, cluster = '') => `
apiVersion: v1
kind: Config
current-context: here
contexts: [{name: here, context: {cluster: c, user: u}}, {name: there, context: {cluster: missing, user: u}}]
clusters: [{name: c, cluster: {server: "https://10.0.0.1:6443", certificate-authority-data: ${base64('CA')}${cluster}}}]
users: [{name: u, user: {${user}}}]
`
const options = { requestTimeoutMs: 1000, clock: systemClock }

describe('inline', () => {
  test('data and tokens are taken', async () => {
    expect(fromInlineKubeconfig(config(`client-certificate-data: ${base64('CERT')}, client-key-data: ${base64('KEY')}`, ', tls-server-name: name'), options)).toEqual({
      server: 'https://10.0.0.1:6443', requestTimeoutMs: 1000, insecureSkipTlsVerify: false, ca: 'CA', certificate: 'CERT', key: 'KEY', serverName: 'name' })
    expect(fromInlineKubeconfig(config('token: t'), options).token).toBe('t')
    expect(await fromInlineKubeconfig(config('username: u, password: p'), options).authorization!(AbortSignal.timeout(1))).toBe('Basic dTpw')
  })
  test.each([
    ['exec: {command: sh}', '', /inline data only, but uses exec/], ['token-file: /etc/passwd', '', /uses token-file/], ['tokenFile: /etc/passwd', '', /uses tokenFile/],
    ['client-certificate: /x', '', /uses client-certificate/], ['token: t', ', certificate-authority: /x', /uses certificate-authority/], ['auth-provider: {name: x}', '', /uses auth-provider/],
  ])('%s %s is refused', (user, cluster, message) => { expect(() => fromInlineKubeconfig(config(user, cluster), options)).toThrow(message) })
  test('what is no kubeconfig is named', () => {
    expect(() => fromInlineKubeconfig('{{', options)).toThrow(/it is no kubeconfig/)
    expect(() => fromInlineKubeconfig('text', options)).toThrow(/it is no kubeconfig/)
    expect(() => fromInlineKubeconfig('contexts: []', options)).toThrow(/no current context is set; it has none/)
  })
})

describe('file', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'kubeconfig-')), write = (content: string) => { const file = path.join(folder, 'config'); writeFileSync(file, content); return file }
  afterAll(() => { rmSync(folder, { recursive: true }) })
  test('files beside it are read, tokens become the Authorization header', async () => {
    writeFileSync(path.join(folder, 'cert.pem'), 'CERT')
    writeFileSync(path.join(folder, 'key.pem'), 'KEY')
    expect(await fromKubeconfigFile(write(config('client-certificate: cert.pem, client-key: key.pem')), options)).toEqual({
      server: 'https://10.0.0.1:6443', requestTimeoutMs: 1000, insecureSkipTlsVerify: false, ca: 'CA', certificate: 'CERT', key: 'KEY' })
    expect(await (await fromKubeconfigFile(write(config('token: t')), options)).authorization!(AbortSignal.timeout(1))).toBe('Bearer t')
    writeFileSync(path.join(folder, 'token'), 'of a file\n')
    expect(await (await fromKubeconfigFile(write(config('tokenFile: token')), options)).authorization!(AbortSignal.timeout(1))).toBe('Bearer of a file')
    expect(await (await fromKubeconfigFile(write(config('username: u, password: p')), options)).authorization!(AbortSignal.timeout(1))).toBe('Basic dTpw')
    expect(await (await fromKubeconfigFile(write(config('exec: {apiVersion: client.authentication.k8s.io/v1, command: echo, interactiveMode: Never, args: ["{\\"apiVersion\\":\\"client.authentication.k8s.io/v1\\",\\"kind\\":\\"ExecCredential\\",\\"status\\":{\\"token\\":\\"from-exec\\"}}"]}')), options)).authorization!(AbortSignal.timeout(1))).toBe('Bearer from-exec')
  })
  test('mistakes are named', async () => {
    await expect(fromKubeconfigFile('/no/such/file', options)).rejects.toThrow('kubeconfig /no/such/file: the file does not exist')
    await expect(fromKubeconfigFile(write(config('token: t')), { ...options, context: 'nowhere' })).rejects.toThrow(/there is no context "nowhere"; it has here, there/)
    await expect(fromKubeconfigFile(write(config('token: t')), { ...options, context: 'there' })).rejects.toThrow(/context "there" names a cluster that is missing/)
    await expect(fromKubeconfigFile(write('apiVersion: v1\nkind: Config\ncurrent-context: ""\nclusters: null\ncontexts: null\nusers: null\n'), options)).rejects.toThrow(/no current context is set; it has none/)
    await expect(fromKubeconfigFile(write(config('token: t, as: bob')), options)).rejects.toThrow(/impersonates bob/)
  })
  test('a pod reads its service account', async () => {
    writeFileSync(path.join(folder, 'ca.crt'), 'CA')
    writeFileSync(path.join(folder, 'token'), 'one\n')
    const found = inCluster({ ...options, directory: folder, environment: { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' } })
    expect([found.server, found.ca, await (found.token as () => Promise<string>)()]).toEqual(['https://[fd00::1]:443', 'CA', 'one'])
    expect(() => inCluster({ ...options, environment: {} })).toThrow(/not running inside a cluster/)
  })
})
