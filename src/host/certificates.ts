import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { createPrivateKey, webcrypto, X509Certificate } from 'node:crypto'
import net from 'node:net'

/** PEM. */
export interface KeyPair { readonly certificate: string; readonly key: string }

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const DAY_MS = 86_400_000
/** Certificates begin a little in the past: the clocks of the readers differ. */
const SKEW_MS = 5 * 60_000

export async function createAuthority(commonName: string, { now, days = 3650 }: { now: number; days?: number }): Promise<KeyPair> {
  const keys = await generated()
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(), name: [{ CN: [commonName] }], notBefore: new Date(now - SKEW_MS), notAfter: new Date(now + days * DAY_MS), keys, signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true), new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign | x509.KeyUsageFlags.digitalSignature, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { certificate: `${certificate.toString('pem')}\n`, key: await exported(keys.privateKey) }
}

/** A leaf signed by `authority`: a server's for `names` (DNS names and addresses), or a client's, whose subject is user and groups. */
export async function issueCertificate(authority: KeyPair, subject: { readonly commonName: string; readonly organizations?: readonly string[]; readonly names?: readonly string[] }, { now, days = 365 }: { now: number; days?: number }): Promise<KeyPair> {
  const keys = await generated(), issuer = new x509.X509Certificate(authority.certificate), { commonName, organizations = [], names = [] } = subject
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(), subject: [...organizations.map((organization) => ({ O: [organization] })), { CN: [commonName] }], issuer: issuer.subject,
    notBefore: new Date(now - SKEW_MS), notAfter: new Date(Math.min(now + days * DAY_MS, issuer.notAfter.getTime())), publicKey: keys.publicKey, signingKey: await imported(authority.key), signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true), new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([names.length ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth]),
      await x509.AuthorityKeyIdentifierExtension.create(await issuer.publicKey.export()),
      ...(names.length ? [new x509.SubjectAlternativeNameExtension(names.map((name) => ({ type: net.isIP(name) ? 'ip' : 'dns', value: name })))] : []),
    ],
  })
  return { certificate: `${certificate.toString('pem')}\n`, key: await exported(keys.privateKey) }
}

/** Whether the certificate is `authority`'s, fits its key, is valid for all `names`, and has more than `marginMs` to live. */
export function isUsable(pair: KeyPair, authority: string, names: readonly string[], now: number, marginMs: number): boolean {
  try {
    const leaf = new X509Certificate(pair.certificate), issuer = new X509Certificate(authority)
    return leaf.checkIssued(issuer) && leaf.verify(issuer.publicKey) && leaf.checkPrivateKey(createPrivateKey(pair.key)) && Date.parse(leaf.validTo) - marginMs > now &&
      names.every((name) => (net.isIP(name) ? leaf.checkIP(name) : leaf.checkHost(name)) !== undefined)
  } catch {
    // Whatever does not parse is replaced.
    return false
  }
}

const generated = () => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
const exported = async (key: webcrypto.CryptoKey) => `${x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`
const imported = (pem: string) => webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(pem), ALGORITHM, false, ['sign'])
const serial = () => Buffer.from(webcrypto.getRandomValues(new Uint8Array(16))).toString('hex').replace(/^[89a-f]/, '1')
