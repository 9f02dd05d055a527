import { Backoff } from '../lib/backoff.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import type { FrontProxyOptions } from '../machinery/auth/front-proxy.ts'
import { Cache } from '../machinery/cache/cache.ts'
import { reflect } from '../machinery/cache/reflect.ts'
import { RemoteReader } from '../machinery/client/remote-reader.ts'
import type { Handler } from '../machinery/meta/core.ts'
import { isReason } from '../machinery/meta/status-error.ts'

const NAMESPACE = 'kube-system', NAME = 'extension-apiserver-authentication', PATIENCE_MS = 15_000

/** What ConfigMap kube-system/extension-apiserver-authentication says now. A part that is absent is off. */
interface AuthenticationConfig { readonly frontProxy: () => FrontProxyOptions | undefined; readonly clientAuthorities: () => string | undefined }

/**
 * Follows the ConfigMap in which kube-apiserver says whom extension servers may trust, until the signal aborts.
 * Errors: Error with a sentence for people where the host does not answer at the start, or forbids reading it.
 */
export async function followAuthenticationConfig(host: Handler, { clock, random, logger }: { clock: Clock; random: () => number; logger: Logger }, signal: AbortSignal): Promise<AuthenticationConfig> {
  const reader = new RemoteReader({ group: '', version: 'v1', plural: 'configmaps' }, host, { namespace: NAMESPACE, fieldSelector: `metadata.name=${NAME}`, clock }), cache = new Cache(reader.kind, { clock })
  let parsed: { version: string; data: Readonly<Record<string, string>> } = { version: '', data: {} }, problem: unknown
  const failed = Promise.withResolvers<never>()
  void reflect(reader, cache, { signal, clock, backoff: new Backoff({ initialMs: 500, maxMs: 15_000, random }), onState: (it) => {
    if (it.state === 'synced') return
    problem = it.error
    const text = it.error instanceof Error ? it.error.message : String(it.error)
    if (!cache.isReady && isReason(it.error, 'Forbidden')) failed.reject(new Error(`the host forbids reading ConfigMap ${NAMESPACE}/${NAME}: bind this server's user to the Role extension-apiserver-authentication-reader in ${NAMESPACE} (${text})`, { cause: it.error }))
    if (!cache.isReady && isReason(it.error, 'Unauthorized')) failed.reject(new Error(`the host refuses the credential of this server: give a valid kubeconfig or service account (${text})`, { cause: it.error }))
    logger.warn({ error: it.error }, `ConfigMap ${NAMESPACE}/${NAME} cannot be followed: ${text}`)
  } })
  const patience = new AbortController(), late = clock.sleep(PATIENCE_MS, AbortSignal.any([signal, patience.signal]))
  await Promise.race([cache.ready, failed.promise, late])
  patience.abort()
  signal.throwIfAborted()
  if (!cache.isReady) throw new Error(`the host does not answer: ${problem instanceof Error ? problem.message : 'no answer yet'}`, { cause: problem })

  const data = () => {
    const entry = cache.get(`${NAMESPACE}/${NAME}`)
    if (!entry) return {}
    if (entry.position !== parsed.version) parsed = { version: entry.position, data: (entry.parse() as { data?: Record<string, string> }).data ?? {} }
    return parsed.data
  }
  return { frontProxy: memoized(data, frontProxyOf), clientAuthorities: () => data()['client-ca-file'] }
}

/** Lists are JSON in strings. What cannot be read is off, rather than trusted by half. */
export function frontProxyOf(data: Readonly<Record<string, string>>): FrontProxyOptions | undefined {
  const bundle = data['requestheader-client-ca-file'], usernameHeaders = texts(data['requestheader-username-headers'])
  if (!bundle || !usernameHeaders.length) return undefined
  return {
    bundle, usernameHeaders, allowedNames: texts(data['requestheader-allowed-names']), uidHeaders: texts(data['requestheader-uid-headers']), groupHeaders: texts(data['requestheader-group-headers']),
    extraHeaderPrefixes: texts(data['requestheader-extra-headers-prefix']),
  }
}

function texts(json: string | undefined): string[] {
  if (!json) return []
  const value: unknown = JSON.parse(json)
  if (!Array.isArray(value) || !value.every((it) => typeof it === 'string')) throw new Error(`ConfigMap ${NAMESPACE}/${NAME}: ${json} is no list of texts`)
  return value
}

/** The verifier behind it keeps what it parsed by the identity of the options. */
function memoized<A extends object, B>(read: () => A, make: (from: A) => B): () => B {
  let from: A | undefined, made: B
  return () => {
    const now = read()
    if (now !== from) {
      made = make(now)
      from = now
    }
    return made
  }
}
