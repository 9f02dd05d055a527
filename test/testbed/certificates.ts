/** The test bed's own certificate authority and everyone's keys. One authority serves all clusters: a user is the same person everywhere. */
import 'reflect-metadata'
import { generateKeyPairSync, webcrypto } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import * as x509 from '@peculiar/x509'

/** PEM texts. */
export interface KeyPair {
  readonly certificate: string
  readonly key: string
}

/** Who gets a certificate: `name` is also the file's name. */
interface Subject {
  readonly name: string
  readonly commonName: string
  readonly groups?: readonly string[]
  readonly hosts?: readonly x509.JsonGeneralName[]
}

/** Creates `folder` with ca, sa (ServiceAccount tokens) and a `<name>.crt` and `<name>.key` for every part and user. */
export async function writeCertificates(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const authority = await createAuthority()
  writePair(folder, 'ca', { certificate: authority.certificate.toString('pem'), key: await pem(authority.keys.privateKey) })
  const tokens = generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } })
  writeFileSync(path.join(folder, 'sa.key'), tokens.privateKey, { mode: 0o600 })
  writeFileSync(path.join(folder, 'sa.pub'), tokens.publicKey)
  await Promise.all(SUBJECTS.map(async (subject) => { writePair(folder, subject.name, await issue(authority, subject)) }))
}

export function readKeyPair(folder: string, name: string): KeyPair {
  return { certificate: readFileSync(path.join(folder, `${name}.crt`), 'utf8'), key: readFileSync(path.join(folder, `${name}.key`), 'utf8') }
}

const SUBJECTS: readonly Subject[] = [
  { name: 'serving', commonName: 'kube-apiserver', hosts: [{ type: 'ip', value: '127.0.0.1' }, { type: 'dns', value: 'localhost' }, { type: 'dns', value: 'kubernetes.default.svc' }] },
  { name: 'front-proxy', commonName: 'front-proxy' },
  { name: 'kube-controller-manager', commonName: 'system:kube-controller-manager' },
  { name: 'kube-scheduler', commonName: 'system:kube-scheduler' },
  { name: 'admin', commonName: 'admin', groups: ['system:masters'] },
  { name: 'alice', commonName: 'alice', groups: ['dev'] },
  // Our server as the host sees it: exactly what a pod of its ServiceAccount would be, so that the rights in apiservice/ are what it has.
  { name: 'federation-apiserver', commonName: 'system:serviceaccount:federation-system:federation-apiserver', groups: ['system:serviceaccounts', 'system:serviceaccounts:federation-system'] },
  // Our server as members see it.
  { name: 'federation', commonName: 'federation' },
]

interface Authority {
  readonly certificate: x509.X509Certificate
  readonly keys: CryptoKeyPair
}

const KEYS = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const LIFETIME_DAYS = 365
type CryptoKeyPair = webcrypto.CryptoKeyPair

/** Valid from an hour ago, so that a clock set back by a little does not matter. */
const validity = () => ({ notBefore: new Date(Date.now() - 3_600_000), notAfter: new Date(Date.now() + LIFETIME_DAYS * 86_400_000) })

async function createAuthority(): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(KEYS, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=testbed-ca', keys, signingAlgorithm: KEYS, ...validity(),
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { certificate, keys }
}

async function issue(authority: Authority, { commonName, groups = [], hosts = [] }: Subject): Promise<KeyPair> {
  const keys = await webcrypto.subtle.generateKey(KEYS, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.create({
    subject: [...groups.map((group) => ({ O: [group] })), { CN: [commonName] }], issuer: authority.certificate.subject,
    publicKey: keys.publicKey, signingKey: authority.keys.privateKey, signingAlgorithm: KEYS, ...validity(),
    extensions: [
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
      await x509.AuthorityKeyIdentifierExtension.create(authority.keys.publicKey),
      ...(hosts.length > 0 ? [new x509.SubjectAlternativeNameExtension([...hosts])] : []),
    ],
  })
  return { certificate: certificate.toString('pem'), key: await pem(keys.privateKey) }
}

async function pem(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')
}

function writePair(folder: string, name: string, { certificate, key }: KeyPair): void {
  writeFileSync(path.join(folder, `${name}.crt`), `${certificate}\n`)
  writeFileSync(path.join(folder, `${name}.key`), `${key}\n`, { mode: 0o600 })
}
