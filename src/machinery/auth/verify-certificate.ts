import { X509Certificate } from 'node:crypto'

/** A client certificate whose chain was verified. `sha256`: of its DER, in hex. */
export interface VerifiedCertificate { readonly commonName: string; readonly organizations: readonly string[]; readonly sha256: string }

/**
 * Verifies client certificates (DER, leaf first) against a PEM bundle: signatures, dates and the extended key usage clientAuth.
 * TLS itself asks for certificates and checks nothing, since which authority counts depends on the request and may change at any time.
 */
export class CertificateVerifier {
  readonly #now: () => number
  #bundle = ''
  #roots: readonly X509Certificate[] = []
  /** Signatures are checked once per connection: the transport hands over the same array for all its requests. */
  #chains = new WeakMap<readonly Uint8Array[], Chain | Error>()

  constructor(now: () => number) { this.#now = now }

  /** Throws where the chain does not lead to `bundle`. */
  verify(certificates: readonly Uint8Array[], bundle: string): VerifiedCertificate {
    if (bundle !== this.#bundle) {
      this.#bundle = bundle
      this.#roots = (bundle.match(PEM) ?? []).map((text) => new X509Certificate(text))
      this.#chains = new WeakMap()
    }
    let chain = this.#chains.get(certificates)
    if (!chain) this.#chains.set(certificates, (chain = this.#build(certificates)))
    if (chain instanceof Error) throw chain
    const now = this.#now(), outdated = chain.path.find(({ from, to }) => now < from || now > to)?.certificate
    if (outdated) throw new Error(`x509: certificate has expired or is not yet valid: valid from ${outdated.validFrom} to ${outdated.validTo}`)
    return chain.verified
  }

  #build(certificates: readonly Uint8Array[]): Chain | Error {
    try {
      const [leaf, ...intermediates] = certificates.map((der) => new X509Certificate(der))
      if (!leaf) return new Error('x509: no certificate')
      const usages = leaf.keyUsage as readonly string[] | undefined
      if (usages && !usages.includes(CLIENT_AUTH) && !usages.includes(ANY_USAGE)) return new Error('x509: certificate specifies an incompatible key usage')
      const path = lead([leaf], intermediates, this.#roots)
      if (!path) return new Error('x509: certificate signed by unknown authority')
      const { CN, O } = leaf.toLegacyObject().subject as { CN?: string | string[]; O?: string | string[] }
      const dated = path.map((certificate) => ({ certificate, from: certificate.validFromDate.getTime(), to: certificate.validToDate.getTime() }))
      return { path: dated, verified: { commonName: (typeof CN === 'string' ? CN : CN?.at(-1)) ?? '', organizations: O === undefined ? [] : typeof O === 'string' ? [O] : O, sha256: leaf.fingerprint256.replaceAll(':', '').toLowerCase() } }
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error))
    }
  }
}

/** `from`, `to`: milliseconds since the epoch, read once as they are looked at per request. */
interface Chain { readonly path: readonly { readonly certificate: X509Certificate; readonly from: number; readonly to: number }[]; readonly verified: VerifiedCertificate }

const PEM = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2', ANY_USAGE = '2.5.29.37.0', LONGEST_PATH = 8

/** The path from the leaf to a root, or undefined. A root may itself be the leaf. */
function lead(path: readonly X509Certificate[], intermediates: readonly X509Certificate[], roots: readonly X509Certificate[]): readonly X509Certificate[] | undefined {
  const last = path.at(-1)!
  if (roots.some((root) => root.fingerprint256 === last.fingerprint256)) return path
  const root = roots.find((candidate) => issued(candidate, last))
  if (root) return [...path, root]
  if (path.length >= LONGEST_PATH) return undefined
  for (const next of intermediates) {
    if (path.includes(next) || !issued(next, last)) continue
    const found = lead([...path, next], intermediates, roots)
    if (found) return found
  }
  return undefined
}

const issued = (issuer: X509Certificate, certificate: X509Certificate) => issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
