import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { X509Certificate } from 'node:crypto'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { systemClock, type Clock } from '../lib/clock.ts'
import { silentLogger } from '../lib/logger.ts'
import { fromInlineKubeconfig } from '../machinery/client/kubeconfig.ts'
import { bytesOf } from '../machinery/client/failure.ts'
import { RemoteReader } from '../machinery/client/remote-reader.ts'
import type { Handler, Request } from '../machinery/meta/core.ts'
import { StatusError } from '../machinery/meta/status-error.ts'
import { followAuthenticationConfig, frontProxyOf } from './authentication-config.ts'
import { keepCaBundles } from './ca-bundles.ts'
import { certificateFiles } from './certificate-files.ts'
import { certificateSecret } from './certificate-secret.ts'
import { secretCache } from './secret-cache.ts'
import { ServingCertificate } from './serving-certificate.ts'
import { administratorKubeconfig, issueAdministrator } from './standalone.ts'

const DAY_MS = 86_400_000, NAMES = ['federation-apiserver.federation-system.svc', '127.0.0.1'], stop = new AbortController(), { signal } = stop
const at = (now: number): Clock => ({ now: () => now, sleep: (ms, inner) => systemClock.sleep(ms, inner) })
const running: AbortController[] = []
afterEach(() => { for (const it of running.splice(0)) it.abort() })
const newFolder = () => { const folder = mkdtempSync(path.join(tmpdir(), 'certificates-')); onTestFinished(() => { rmSync(folder, { recursive: true }) }); return folder }
const scope = () => { const it = new AbortController(); running.push(it); return it.signal }

/** One collection of a host: list, watch (what `change` puts in), get, create, update, merge patch of spec. */
class FakeHost {
  readonly objects = new Map<string, Record<string, unknown>>()
  readonly requests: string[] = []
  readonly #watchers = new Set<() => void>()
  readonly #log: { readonly version: number; readonly line: Buffer }[] = []
  #version = 10
  refuse: StatusError | undefined

  put(name: string, object: Record<string, unknown>): object {
    const stored = { ...object, metadata: { ...(object['metadata'] as object), name, resourceVersion: String(++this.#version) } }, type = this.objects.has(name) ? 'MODIFIED' : 'ADDED'
    this.objects.set(name, stored)
    this.#log.push({ version: this.#version, line: Buffer.from(`${JSON.stringify({ type, object: stored })}\n`) })
    for (const tell of this.#watchers) tell()
    return stored
  }

  handler: Handler = async (request: Request, inner) => {
    const json = (value: unknown, status = 200) => ({ status, headers: [], body: Buffer.from(JSON.stringify(value)) }), failed = (error: StatusError) => json(error.status(), error.code)
    this.requests.push(`${request.method} ${request.path}`)
    if (this.refuse) return failed(this.refuse)
    const name = request.path.split('/').at(-1)!, body = request.body && (JSON.parse(Buffer.from(await bytesOf({ status: 0, headers: [], body: request.body })).toString()) as { metadata?: { name: string; resourceVersion?: string }; spec?: object }), of = { group: '', resource: 'things' }
    if (request.query.get('watch')) return { status: 200, headers: [], body: this.#stream(Number(request.query.get('resourceVersion')), inner) }
    if (request.method === 'POST') return this.objects.has(body!.metadata!.name) ? failed(StatusError.alreadyExists(of, name)) : json(this.put(body!.metadata!.name, body as Record<string, unknown>), 201)
    const found = this.objects.get(name)
    if (request.method === 'GET' && !found && name.endsWith('s')) return json({ kind: 'List', metadata: { resourceVersion: String(this.#version) }, items: [...this.objects.values()] })
    if (!found) return failed(StatusError.notFound(of, name))
    if (request.method === 'GET') return json(found)
    if (request.method === 'PATCH') return json(this.put(name, { ...found, spec: { ...(found['spec'] as object), ...body!.spec } }))
    return body!.metadata!.resourceVersion === (found['metadata'] as { resourceVersion: string }).resourceVersion ? json(this.put(name, body as Record<string, unknown>)) : failed(StatusError.conflict(of, name, 'changed'))
  }

  async *#stream(after: number, inner: AbortSignal): AsyncGenerator<Uint8Array> {
    let wake = Promise.withResolvers<void>(), told = after
    const tell = () => wake.resolve()
    inner.addEventListener('abort', tell)
    this.#watchers.add(tell)
    while (!inner.aborted) {
      for (const { version, line } of this.#log.filter((it) => it.version > told)) {
        told = version
        yield line
      }
      await wake.promise
      wake = Promise.withResolvers<void>()
    }
    this.#watchers.delete(tell)
  }
}

describe('the serving certificate', () => {
  const open = (store: ReturnType<typeof certificateFiles>, now: number, names = NAMES) => ServingCertificate.open({ store, names, clock: at(now), logger: silentLogger }, signal)
  const NOW = Date.parse('2026-01-01T00:00:00Z')

  test('is made once, kept for its owner only, and valid for its names', async () => {
    const folder = path.join(newFolder(), 'new'), store = certificateFiles(folder), first = (await open(store, NOW)).current, again = (await open(store, NOW)).current
    expect(again).toEqual(first)
    expect(readdirSync(folder).toSorted()).toEqual(['ca.crt', 'ca.key', 'tls.crt', 'tls.key'])
    expect(readdirSync(folder).map((name) => statSync(path.join(folder, name)).mode & 0o777)).toEqual([0o600, 0o600, 0o600, 0o600])
    const leaf = new X509Certificate(first.serving.certificate)
    expect([leaf.checkHost(NAMES[0]!), leaf.checkIP('127.0.0.1'), leaf.checkHost('other')]).toEqual([NAMES[0], '127.0.0.1', undefined])
    expect(leaf.verify(new X509Certificate(first.bundle).publicKey)).toBe(true)
  })

  test('is renewed a month before its end, for new names, and where its files are damaged; the authority stays', async () => {
    const folder = newFolder(), store = certificateFiles(folder), first = (await open(store, NOW)).current
    expect((await open(store, NOW + 59 * DAY_MS)).current.serving).toEqual(first.serving)
    const second = (await open(store, NOW + 61 * DAY_MS)).current
    expect([second.serving.certificate === first.serving.certificate, second.bundle === first.bundle]).toEqual([false, true])
    const third = (await open(store, NOW + 61 * DAY_MS, [...NAMES, 'localhost'])).current
    expect([third.serving.certificate === second.serving.certificate, third.bundle === first.bundle]).toEqual([false, true])
    writeFileSync(path.join(folder, 'tls.key'), 'damaged')
    expect((await open(store, NOW + 61 * DAY_MS)).current.bundle).toBe(first.bundle)
  })

  test('a renewed authority is shown together with the one before it', async () => {
    const store = certificateFiles(newFolder()), first = (await open(store, NOW)).current, next = (await open(store, NOW + 3300 * DAY_MS)).current
    expect(next.bundle).toBe(next.authority.certificate + first.authority.certificate)
    expect((await open(store, NOW + 3300 * DAY_MS)).current).toEqual(next)
  })

  test('replicas that start together agree on one', async () => {
    const host = new FakeHost(), stores = [0, 1, 2].map(() => certificateSecret(host.handler, 'federation-system', 'serving')), opened = await Promise.all(stores.map((store) => open(store, NOW)))
    expect(new Set(opened.map(({ current }) => current.serving.certificate)).size).toBe(1)
    const renewed = await Promise.all(stores.map((store) => open(store, NOW + 70 * DAY_MS)))
    expect(new Set(renewed.map(({ current }) => current.serving.certificate)).size).toBe(1)
    expect(renewed[0]!.current.serving.certificate).not.toBe(opened[0]!.current.serving.certificate)
  })

  test("the administrator's kubeconfig", async () => {
    const { authority, bundle } = (await open(certificateFiles(newFolder()), Date.now())).current, administrator = await issueAdministrator(authority, Date.now())
    const kubeconfig = administratorKubeconfig({ server: 'https://127.0.0.1:1', bundle, administrator, contexts: [{ name: 'host', path: '' }, { name: 'fleet', path: '/fleet' }] })
    expect(fromInlineKubeconfig(kubeconfig, { requestTimeoutMs: 1 })).toMatchObject({ server: 'https://127.0.0.1:1', ca: bundle, certificate: administrator.certificate, key: administrator.key })
    expect(new X509Certificate(administrator.certificate).subject).toBe('O=system:masters\nCN=federation:administrator')
  })
})

describe('whom to trust', () => {
  const options = { clock: systemClock, random: Math.random, logger: silentLogger }
  const data = { 'client-ca-file': 'CLIENTS', 'requestheader-client-ca-file': 'PROXY', 'requestheader-username-headers': '["X-Remote-User"]', 'requestheader-group-headers': '["X-Remote-Group"]', 'requestheader-allowed-names': '["front-proxy"]', 'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]' }

  test('follows the ConfigMap; a part that is absent is off', async () => {
    const host = new FakeHost()
    host.put('extension-apiserver-authentication', { metadata: { namespace: 'kube-system' }, data })
    const config = await followAuthenticationConfig(host.handler, options, scope())
    expect(config.frontProxy()).toEqual({ bundle: 'PROXY', allowedNames: ['front-proxy'], usernameHeaders: ['X-Remote-User'], uidHeaders: [], groupHeaders: ['X-Remote-Group'], extraHeaderPrefixes: ['X-Remote-Extra-'] })
    expect([config.clientAuthorities(), config.frontProxy() === config.frontProxy()]).toEqual(['CLIENTS', true])
    host.put('extension-apiserver-authentication', { metadata: { namespace: 'kube-system' }, data: { 'client-ca-file': 'OTHERS' } })
    await expect.poll(() => [config.clientAuthorities(), config.frontProxy()]).toEqual(['OTHERS', undefined])
  })

  test('no ConfigMap is no error; being forbidden to read it names the role', async () => {
    const config = await followAuthenticationConfig(new FakeHost().handler, options, scope())
    expect([config.clientAuthorities(), config.frontProxy()]).toEqual([undefined, undefined])
    const host = new FakeHost()
    host.refuse = StatusError.forbidden({ group: '', resource: 'configmaps' }, 'x', 'no')
    await expect(followAuthenticationConfig(host.handler, options, scope())).rejects.toThrow(/Role extension-apiserver-authentication-reader/)
  })

  test('what cannot be read is not trusted', () => { expect(() => frontProxyOf({ ...data, 'requestheader-allowed-names': '{}' })).toThrow(/is no list/) })
})

test('Secrets of the own namespace are followed', async () => {
  const host = new FakeHost(), seen: string[] = []
  host.put('member1', { metadata: { namespace: 'federation-system' }, data: { token: Buffer.from('one').toString('base64') } })
  const secrets = secretCache(new RemoteReader({ group: '', version: 'v1', plural: 'secrets' }, host.handler), 'federation-system', { clock: systemClock, random: Math.random }, scope())
  secrets.onChange((name) => seen.push(name), scope())
  expect([await secrets.get('member1', signal), await secrets.get('other', signal)]).toEqual([{ token: 'one' }, undefined])
  host.put('member1', { metadata: { namespace: 'federation-system' }, data: { token: Buffer.from('two').toString('base64') } })
  await expect.poll(() => secrets.get('member1', signal)).toEqual({ token: 'two' })
  expect(seen).toContain('member1')
  expect(host.requests[0]).toBe('GET /api/v1/namespaces/federation-system/secrets')
})

test('caBundle of our APIServices, and of no others, is kept current', async () => {
  const host = new FakeHost(), service = { namespace: 'federation-system', name: 'federation-apiserver' }, wanted = Buffer.from('CA').toString('base64')
  host.put('v1.ours', { spec: { service, insecureSkipTLSVerify: true } })
  host.put('v1.others', { spec: { service: { ...service, name: 'else' } } })
  void keepCaBundles({ host: host.handler, service, bundle: () => 'CA', clock: systemClock, logger: silentLogger }, scope())
  await expect.poll(() => host.objects.get('v1.ours')!['spec']).toEqual({ service, caBundle: wanted, insecureSkipTLSVerify: null })
  host.put('v1.ours', { spec: { service, caBundle: 'eA==' } })
  await expect.poll(() => host.objects.get('v1.ours')!['spec']).toMatchObject({ caBundle: wanted })
  expect(host.objects.get('v1.others')!['spec']).toEqual({ service: { ...service, name: 'else' } })
})
