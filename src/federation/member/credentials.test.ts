import { beforeAll, expect, test } from 'vitest'
import type { ClusterSpec } from '../../apis/cluster.federation/v1alpha1/cluster.ts'
import { createAuthority, issueCertificate, type KeyPair } from '../../host/certificates.ts'
import { credentialsOf, type SecretData } from './credentials.ts'

const NOW = Date.parse('2026-01-01T00:00:00Z'), base64 = (text: string) => Buffer.from(text).toString('base64')
let authority: KeyPair, client: KeyPair, old: KeyPair
beforeAll(async () => {
  authority = await createAuthority('ca', { now: NOW })
  client = await issueCertificate(authority, { commonName: 'federation' }, { now: NOW })
  old = await issueCertificate(authority, { commonName: 'federation' }, { now: NOW - 10 * 86_400_000, days: 1 })
})
const of = (secret: SecretData | undefined, spec: Partial<ClusterSpec> = {}, namespace = 'federation-system') =>
  credentialsOf({ spec: { syncMode: 'Push', apiEndpoint: 'https://10.0.0.1:6443', ...spec }, secret, secretRef: { namespace, name: 'member1' }, namespace: 'federation-system', now: NOW, requestTimeoutMs: 1000, allowLocalAddresses: true })
const token = (exp: number) => `h.${Buffer.from(JSON.stringify({ exp })).toString('base64url')}.s`

test('a token, with the authority that the Cluster names before that of the Secret', () => {
  expect(of({ token: ' abc\n', caBundle: 'other' }, { caBundle: base64(authority.certificate) })).toEqual({ options: { server: 'https://10.0.0.1:6443', requestTimeoutMs: 1000, token: 'abc', ca: authority.certificate } })
  expect(of({ token: 'abc' }, { caBundle: base64(authority.certificate), proxyURL: 'http://proxy', proxyHeader: { x: 'a, b' }, disabledTLSValidations: ['SubjectName'], insecureSkipTLSVerification: true })).toEqual({
    options: { server: 'https://10.0.0.1:6443', requestTimeoutMs: 1000, token: 'abc', ca: authority.certificate, proxyUrl: 'http://proxy', proxyHeaders: [['x', 'a'], ['x', 'b']], disabledTlsValidations: ['SubjectName'], insecureSkipTlsVerify: true } })
})

test('a client certificate, and a kubeconfig', () => {
  expect(of({ 'tls.crt': client.certificate, 'tls.key': client.key })).toMatchObject({ options: { certificate: client.certificate, key: client.key } })
  const kubeconfig = JSON.stringify({ 'current-context': 'a', contexts: [{ name: 'a', context: { cluster: 'c', user: 'u' } }], clusters: [{ name: 'c', cluster: { server: 'https://elsewhere', 'certificate-authority-data': base64(authority.certificate) } }], users: [{ name: 'u', user: { token: 't' } }] })
  expect(of({ kubeconfig })).toMatchObject({ options: { server: 'https://10.0.0.1:6443', token: 't', ca: authority.certificate } })
})

test.each([
  ['no Secret', () => of(undefined), /Secret federation-system\/member1 does not exist: create it/],
  ['another namespace', () => of({ token: 'a' }, {}, 'kube-system'), /Secret kube-system\/member1: Secrets are read in namespace federation-system only/],
  ['no key', () => of({ other: 'x' }), /none of the keys token, tls\.crt and tls\.key, kubeconfig/],
  ['half a certificate', () => of({ 'tls.crt': 'x' }), /tls\.key is missing/],
  ['an expired token', () => of({ token: token(NOW / 1000 - 1) }), /the token expired at 2025-12-31T23:59:59/],
  ['an expired certificate', () => of({ 'tls.crt': old.certificate, 'tls.key': old.key }), /the client certificate expired at/],
  ['a bundle that is none', () => of({ token: 'a', caBundle: 'x' }), /caBundle is not a PEM certificate/],
  ['a kubeconfig that runs programs', () => of({ kubeconfig: JSON.stringify({ 'current-context': 'a', contexts: [{ name: 'a', context: { cluster: 'c', user: 'u' } }], clusters: [{ name: 'c', cluster: { server: 'https://x' } }], users: [{ name: 'u', user: { exec: {} } }] }) }), /uses exec/],
] as const)('%s is named with its remedy', (_name, credentials, message) => { expect((credentials() as { problem: string }).problem).toMatch(message) })

test('tokens of another kind, or with time left, are sent', () => {
  expect(of({ token: token(NOW / 1000 + 60) })).toHaveProperty('options')
  expect(of({ token: 'opaque' })).toHaveProperty('options')
})
