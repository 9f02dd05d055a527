import type { Headers, Request, User } from '../meta/core.ts'
import type { Authenticator } from './authenticator.ts'
import { CertificateVerifier } from './verify-certificate.ts'

/** As ConfigMap kube-system/extension-apiserver-authentication says it. Header names in any case. */
export interface FrontProxyOptions {
  /** PEM. */
  readonly bundle: string
  /** Common names that may speak for others; empty: any that the bundle signed. */
  readonly allowedNames: readonly string[]
  readonly usernameHeaders: readonly string[]
  readonly uidHeaders: readonly string[]
  readonly groupHeaders: readonly string[]
  readonly extraHeaderPrefixes: readonly string[]
}

/**
 * Trusts the identity headers of a proxy that proves itself with a certificate (apiserver/pkg/authentication/request/headerrequest).
 * Every header pair is one value: a group named `x, system:masters` stays one group. `options` is read per request; undefined: off.
 */
export function frontProxy(options: () => FrontProxyOptions | undefined, now: () => number): Authenticator {
  const verifier = new CertificateVerifier(now)
  return {
    authenticate: async (request) => {
      const current = options()
      if (!current || !request.peer || request.peer.certificates.length === 0) return undefined
      const { commonName } = verifier.verify(request.peer.certificates, current.bundle)
      if (current.allowedNames.length > 0 && !current.allowedNames.includes(commonName)) throw new Error(`x509: subject with cn=${commonName} is not in the allowed list`)
      return userOf(request, current)
    },
  }
}

function userOf(request: Request, options: FrontProxyOptions): User | undefined {
  // Go writes names as UTF-8, Node reads headers as latin1.
  const headers = request.headers.map(([name, value]) => [name, Buffer.from(value, 'latin1').toString('utf8')] as const)
  const values = (names: readonly string[]) => names.flatMap((name) => headers.flatMap(([key, value]) => (key === name.toLowerCase() && value !== '' ? [value] : [])))
  // As upstream, of a repeated single-valued header only the first value counts, and an empty one leaves the word to the next name.
  const first = (names: readonly string[]) => names.map((name) => headers.find(([key]) => key === name.toLowerCase())?.[1]).find((value) => value !== undefined && value !== '')
  const name = first(options.usernameHeaders), uid = first(options.uidHeaders)
  if (name === undefined) return undefined
  return { name, ...(uid !== undefined && { uid }), groups: values(options.groupHeaders), extra: extraOf(headers, options.extraHeaderPrefixes) }
}

function extraOf(headers: Headers, prefixes: readonly string[]): Record<string, readonly string[]> {
  const extra = new Map<string, string[]>()
  for (const prefix of prefixes.map((text) => text.toLowerCase())) {
    for (const [name, value] of headers) if (name.startsWith(prefix)) extra.set(unescapeKey(name.slice(prefix.length)), [...(extra.get(unescapeKey(name.slice(prefix.length))) ?? []), value])
  }
  return Object.fromEntries(extra)
}

/** Keys travel percent-encoded in header names; a malformed one is taken as it is. */
export function unescapeKey(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Headers that say who asks: whoever is authenticated must not find them in what is passed on. */
export function isIdentityHeader(name: string, options: FrontProxyOptions | undefined): boolean {
  if (name === 'authorization' || name.startsWith('x-remote-')) return true
  if (!options) return false
  const { usernameHeaders, uidHeaders, groupHeaders, extraHeaderPrefixes } = options
  return [usernameHeaders, uidHeaders, groupHeaders].some((names) => names.some((own) => own.toLowerCase() === name)) || extraHeaderPrefixes.some((prefix) => name.startsWith(prefix.toLowerCase()))
}
