import type { KubeConfig } from '@kubernetes/client-node'
import { load } from 'js-yaml'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Clock } from '../../lib/clock.ts'
import type { ConnectOptions } from './connect-options.ts'

const REFRESH_MS = 60_000

interface KubeconfigOptions { readonly requestTimeoutMs: number; readonly clock: Clock }

/** A context of the user's own kubeconfig file, its current one unless named: exec plugins, OIDC, files and proxies as kubectl understands them. Throws Error with a sentence for people. */
export const fromKubeconfigFile = async (file: string, { context, ...options }: KubeconfigOptions & { readonly context?: string | undefined }): Promise<ConnectOptions> => (await readKubeconfig(file, options))(context)

/** As `fromKubeconfigFile`, for several contexts of a file that is read once: with a thousand of them, that takes a while. */
export async function readKubeconfig(file: string, options: KubeconfigOptions): Promise<(context?: string) => Promise<ConnectOptions>> {
  const where = `kubeconfig ${file}`, read = await contentOf(file, where)
  return (context) => ofContext({ ...read, where, folder: path.dirname(path.resolve(file)) }, context, options)
}

interface ReadKubeconfig { readonly content: string; readonly config: InlineKubeconfig; readonly where: string; readonly folder: string }

async function ofContext({ content, config, where, folder }: ReadKubeconfig, context: string | undefined, { requestTimeoutMs, clock }: KubeconfigOptions): Promise<ConnectOptions> {
  const name = context || (config['current-context'] ?? ''), { cluster, user } = namedIn(config, name)
  check(where, name, namesOf(config), text(cluster['server']))
  if (user['as']) throw new Error(`${where}: context "${name}" impersonates ${text(user['as'])}: give a context that acts as itself`)
  if (user['exec'] ?? user['auth-provider']) return withPlugin({ content, folder, name }, cluster, { requestTimeoutMs, clock })
  const read = async (given: unknown) => readFile(path.resolve(folder, text(given)!), 'utf8'), material = async (holder: Fields, field: string) => decoded(holder[`${field}-data`]) ?? (text(holder[field]) ? read(holder[field]) : undefined)
  const [ca, certificate, key] = await Promise.all([material(cluster, 'certificate-authority'), material(user, 'client-certificate'), material(user, 'client-key')])
  const tokenFile = user['tokenFile'] ?? user['token-file'], token = text(user['token'])
  const authorization = tokenFile ? cached(clock, async () => `Bearer ${(await read(tokenFile)).trim()}`) : token ? () => Promise.resolve(`Bearer ${token}`) : basicOf(user)
  return { ...connectOptions(cluster, requestTimeoutMs, { ca, certificate, key }), ...(authorization && { authorization }) }
}

async function contentOf(file: string, where: string): Promise<{ readonly content: string; readonly config: InlineKubeconfig }> {
  try {
    const content = await readFile(file, 'utf8')
    return { content, config: loadYaml(content) }
  } catch (cause) {
    throw new Error(`${where}: ${(cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'the file does not exist' : `cannot be read: ${(cause as Error).message}`}`, { cause })
  }
}

/** Credentials that a program or an identity provider gives. The official client, which knows how to ask them, is only loaded for that: it takes half a second and 80 MiB. */
async function withPlugin({ content, folder, name }: { readonly content: string; readonly folder: string; readonly name: string }, cluster: Fields, { requestTimeoutMs, clock }: KubeconfigOptions): Promise<ConnectOptions> {
  const { KubeConfig } = await import('@kubernetes/client-node'), config = new KubeConfig()
  config.loadFromString(content)
  config.makePathsAbsolute(folder)
  config.setCurrentContext(name)
  const material = await applied(config)
  return {
    ...connectOptions(cluster, requestTimeoutMs, { ca: text(material.ca), certificate: text(material.cert), key: text(material.key) }),
    authorization: cached(clock, async () => {
      const { headers, auth } = await applied(config)
      return headers['Authorization'] ?? (auth ? basic(auth) : undefined)
    }),
  }
}

interface Applied { ca?: unknown; cert?: unknown; key?: unknown; auth?: string; headers: Record<string, string> }
async function applied(config: KubeConfig): Promise<Applied> {
  const options: Applied = { headers: {} }
  await config.applyToHTTPSOptions(options as Parameters<KubeConfig['applyToHTTPSOptions']>[0])
  return options
}

type Fields = Readonly<Record<string, unknown>>
interface InlineKubeconfig {
  'current-context'?: string
  contexts?: { name: string; context?: { cluster?: string; user?: string } | null }[] | null
  clusters?: { name: string; cluster?: Fields | null }[] | null
  users?: { name: string; user?: Fields | null }[] | null
}
const CLUSTER_FIELDS = new Set(['server', 'certificate-authority-data', 'insecure-skip-tls-verify', 'tls-server-name', 'proxy-url', 'extensions', 'disable-compression'])
const USER_FIELDS = new Set(['client-certificate-data', 'client-key-data', 'token', 'username', 'password', 'extensions'])

/**
 * A kubeconfig out of a Secret: whoever wrote it must not make this process read files or run programs, so only inline data counts, and every other field is refused.
 * (client-node would read `token-file`.) Throws Error with a sentence for people.
 */
export function fromInlineKubeconfig(content: string, { requestTimeoutMs }: { readonly requestTimeoutMs: number }): ConnectOptions {
  const config = loadYaml(content), name = config['current-context'] ?? (config.contexts?.length === 1 ? config.contexts[0]!.name : ''), { cluster, user } = namedIn(config, name)
  check('it', name, namesOf(config), text(cluster['server']))
  const outside = [...Object.keys(cluster).filter((field) => !CLUSTER_FIELDS.has(field)), ...Object.keys(user).filter((field) => !USER_FIELDS.has(field))]
  if (outside.length) throw new Error(`it may hold inline data only, but uses ${outside.join(', ')}: use certificate-authority-data, client-certificate-data, client-key-data and token`)
  const token = text(user['token']), authorization = basicOf(user)
  return {
    ...connectOptions(cluster, requestTimeoutMs, { ca: decoded(cluster['certificate-authority-data']), certificate: decoded(user['client-certificate-data']), key: decoded(user['client-key-data']) }),
    ...(token && { token }), ...(authorization && { authorization }),
  }
}

// kubectl writes null where there are none.
const namesOf = ({ contexts }: InlineKubeconfig) => (contexts ?? []).map(({ name }) => name)

function namedIn({ contexts, clusters, users }: InlineKubeconfig, name: string): { readonly cluster: Fields; readonly user: Fields } {
  const context = contexts?.find((it) => it.name === name)?.context
  return { cluster: clusters?.find((it) => it.name === context?.cluster)?.cluster ?? {}, user: users?.find((it) => it.name === context?.user)?.user ?? {} }
}

function connectOptions(cluster: Fields, requestTimeoutMs: number, { ca, certificate, key }: Readonly<Record<'ca' | 'certificate' | 'key', string | undefined>>): ConnectOptions {
  const serverName = text(cluster['tls-server-name']), proxyUrl = text(cluster['proxy-url'])
  return {
    server: text(cluster['server'])!, requestTimeoutMs, insecureSkipTlsVerify: cluster['insecure-skip-tls-verify'] === true,
    ...(ca && { ca }), ...(certificate && { certificate }), ...(key && { key }), ...(serverName && { serverName }), ...(proxyUrl && { proxyUrl }),
  }
}

function loadYaml(content: string): InlineKubeconfig {
  try {
    const config = load(content)
    if (typeof config === 'object' && config !== null) return config
  } catch (cause) {
    throw new Error(`it is no kubeconfig: ${(cause as Error).message.split('\n')[0] ?? ''}`, { cause })
  }
  throw new Error('it is no kubeconfig')
}

/** A pod's own service account; its token rotates, and is read again every minute. Throws Error where this is no pod. */
export function inCluster({ requestTimeoutMs, clock, environment, directory = '/var/run/secrets/kubernetes.io/serviceaccount' }: { requestTimeoutMs: number; clock: Clock; environment: Readonly<Record<string, string | undefined>>; directory?: string }): ConnectOptions {
  const host = environment['KUBERNETES_SERVICE_HOST'], port = environment['KUBERNETES_SERVICE_PORT']
  if (!host || !port) throw new Error('not running inside a cluster (KUBERNETES_SERVICE_HOST is not set): give --host-kubeconfig FILE, or --standalone')
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`, requestTimeoutMs, ca: readFileSync(path.join(directory, 'ca.crt'), 'utf8'),
    token: cached(clock, async () => (await readFile(path.join(directory, 'token'), 'utf8')).trim()),
  }
}

function check(where: string, name: string, names: readonly string[], server: string | undefined): void {
  if (!names.includes(name)) throw new Error(`${where}: ${name ? `there is no context "${name}"` : 'no current context is set'}; it has ${names.length ? names.join(', ') : 'none'}`)
  if (!server) throw new Error(`${where}: context "${name}" names a cluster that is missing or has no server`)
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : Buffer.isBuffer(value) ? value.toString('utf8') : undefined)
const decoded = (data: unknown) => (typeof data === 'string' && data ? Buffer.from(data, 'base64').toString('utf8') : undefined)
const basicOf = (user: Fields) => { const name = text(user['username']); return name ? () => Promise.resolve(basic(`${name}:${text(user['password']) ?? ''}`)) : undefined }
const basic = (credentials: string) => `Basic ${Buffer.from(credentials).toString('base64')}`

/** Asks again after a minute; a failure is not kept. */
function cached<T>(clock: Clock, read: () => Promise<T>): () => Promise<T> {
  let value: Promise<T> | undefined, at = 0
  return () => {
    if (!value || clock.now() - at >= REFRESH_MS) {
      at = clock.now()
      value = read()
      value.catch(() => { value = undefined })
    }
    return value
  }
}
