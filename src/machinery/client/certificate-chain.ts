import { X509Certificate } from 'node:crypto'
import tls from 'node:tls'

/** Whether a presented certificate chains to one of the PEM bundle's authorities, dates left aside. `bundle` absent: Node's own. */
export function chainsTo(leaf: X509Certificate | undefined, bundle: string | undefined): boolean {
  const roots = (bundle === undefined ? [...tls.rootCertificates] : pemCertificates(bundle)).map((pem) => new X509Certificate(pem))
  for (let at = leaf, depth = 0; at && depth < 10; at = at.issuerCertificate, depth++) {
    const current = at
    if (roots.some((root) => root.fingerprint256 === current.fingerprint256 || (root.ca && current.checkIssued(root) && current.verify(root.publicKey)))) return true
    const next = current.issuerCertificate
    if (!next?.ca || next.fingerprint256 === current.fingerprint256 || !current.checkIssued(next) || !current.verify(next.publicKey)) return false
  }
  return false
}

/** The certificates of a PEM bundle, each with its armour. */
const pemCertificates = (bundle: string): string[] => bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
