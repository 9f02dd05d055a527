import type { Clock } from '../lib/clock.ts'
import { union } from '../machinery/auth/authenticator.ts'
import { denyAll } from '../machinery/auth/authorizer.ts'
import { clientCertificates } from '../machinery/auth/client-certificate.ts'
import type { ListerWatcher } from '../machinery/meta/core.ts'
import { issueCertificate, type KeyPair } from './certificates.ts'
import type { Host } from './host.ts'
import { secretCache } from './secret-cache.ts'

interface StandaloneHostOptions {
  /** PEM of the authority that issues the administrator's certificate, as it is now. */
  readonly authority: () => string
  /** Our own core group. */
  readonly namespaces: ListerWatcher
  readonly secrets: ListerWatcher
  readonly namespace: string
  readonly clock: Clock
  readonly random: () => number
}

/** A server without a host: one administrator, known by a client certificate, who may do everything (as a member of system:masters); nobody else may do anything. */
export const standaloneHost = ({ authority, namespaces, secrets, namespace, clock, random }: StandaloneHostOptions, signal: AbortSignal): Host => ({
  kind: 'standalone', authenticator: union([clientCertificates(authority, () => clock.now())]), authorizer: denyAll, namespaces, secrets: secretCache(secrets, namespace, { clock, random }, signal), frontProxy: () => undefined, connection: undefined,
})

/** The administrator's certificate, for a year. */
export const issueAdministrator = (authority: KeyPair, now: number): Promise<KeyPair> => issueCertificate(authority, { commonName: 'federation:administrator', organizations: ['system:masters'] }, { now })

/** A kubeconfig for kubectl with one context per path of the server; the first is the current one. */
export function administratorKubeconfig({ server, bundle, administrator, contexts }: { server: string; bundle: string; administrator: KeyPair; contexts: readonly { readonly name: string; readonly path: string }[] }): string {
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  return `${JSON.stringify({
    apiVersion: 'v1', kind: 'Config', 'current-context': contexts[0]?.name,
    clusters: contexts.map(({ name, path }) => ({ name, cluster: { server: `${server}${path}`, 'certificate-authority-data': base64(bundle) } })),
    users: [{ name: 'administrator', user: { 'client-certificate-data': base64(administrator.certificate), 'client-key-data': base64(administrator.key) } }],
    contexts: contexts.map(({ name }) => ({ name, context: { cluster: name, user: 'administrator' } })),
  }, undefined, 2)}\n`
}
