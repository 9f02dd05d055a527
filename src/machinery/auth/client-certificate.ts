import type { Authenticator } from './authenticator.ts'
import { CertificateVerifier } from './verify-certificate.ts'

/**
 * User = common name, groups = organizations (apiserver/pkg/authentication/request/x509/x509.go).
 * `bundle` is read per request, so that a changed authority counts at once; undefined: this way of authentication is off.
 */
export function clientCertificates(bundle: () => string | undefined, now: () => number): Authenticator {
  const verifier = new CertificateVerifier(now)
  return {
    authenticate: async ({ peer }) => {
      const authorities = bundle()
      if (!authorities || !peer || peer.certificates.length === 0) return undefined
      const { commonName, organizations, sha256 } = verifier.verify(peer.certificates, authorities)
      if (!commonName) return undefined
      return { name: commonName, groups: organizations, extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${sha256}`] } }
    },
  }
}
