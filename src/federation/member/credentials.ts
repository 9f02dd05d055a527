import { X509Certificate } from 'node:crypto'
import type { ClusterSpec, SecretReference } from '../../apis/cluster.federation/v1alpha1/cluster.ts'
import { isLocalAddress } from '../../apis/cluster.federation/v1alpha1/endpoint.ts'
import type { ConnectOptions } from '../../machinery/client/connect-options.ts'
import { fromInlineKubeconfig } from '../../machinery/client/kubeconfig.ts'

/** Keys of a Secret, decoded. */
export type SecretData = Readonly<Record<string, string>>

/** `problem` names the Secret and what to do; it is shown as the cluster's condition. */
export type Credentials = { readonly options: ConnectOptions } | { readonly problem: string }

interface CredentialsInput {
  readonly spec: ClusterSpec
  /** Undefined: no such Secret. */
  readonly secret: SecretData | undefined
  readonly secretRef: SecretReference
  /** The only namespace whose Secrets are read. */
  readonly namespace: string
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly requestTimeoutMs: number
  readonly allowLocalAddresses: boolean
}

/** How a member is reached: endpoint, proxy and TLS from the Cluster, credential from its Secret (`token`, or `tls.crt` with `tls.key`, or `kubeconfig`; `caBundle` beside any of them). */
export function credentialsOf(input: CredentialsInput): Credentials {
  const { spec, secret, secretRef, namespace, now, requestTimeoutMs } = input, home = secretRef.namespace ?? namespace, where = `Secret ${home}/${secretRef.name}`
  if (home !== namespace) return { problem: `${where}: Secrets are read in namespace ${namespace} only: move it there` }
  if (!secret) return { problem: `${where} does not exist: create it with the key token, or tls.crt and tls.key, or kubeconfig` }
  try {
    const inline = secret['kubeconfig'] ? fromInlineKubeconfig(secret['kubeconfig'], { requestTimeoutMs }) : undefined
    const own = inline ?? keysOf(secret), ca = (spec.caBundle && Buffer.from(spec.caBundle, 'base64').toString('utf8')) || (secret['caBundle'] ?? secret['ca.crt'] ?? inline?.ca)
    const server = spec.apiEndpoint ?? inline?.server
    if (!server) return { problem: 'spec.apiEndpoint is missing' }
    const options: ConnectOptions = {
      ...own, server, requestTimeoutMs, ...(ca && { ca }), ...(!input.allowLocalAddresses && { refuseAddress: isLocalAddress }),
      ...((spec.insecureSkipTLSVerification ?? inline?.insecureSkipTlsVerify) && { insecureSkipTlsVerify: true }),
      ...(spec.disabledTLSValidations?.length && { disabledTlsValidations: spec.disabledTLSValidations }),
      ...(spec.proxyURL && { proxyUrl: spec.proxyURL }), ...(spec.proxyHeader && { proxyHeaders: proxyHeaders(spec.proxyHeader) }),
    }
    return { options: checked(options, now) }
  } catch (error) {
    return { problem: `${where}: ${error instanceof Error ? error.message : String(error)}` }
  }
}

function keysOf(secret: SecretData): Pick<ConnectOptions, 'token' | 'certificate' | 'key'> {
  const token = secret['token']?.trim(), certificate = secret['tls.crt'], key = secret['tls.key']
  if (certificate && !key) throw new Error('the key tls.key is missing beside tls.crt')
  if (key && !certificate) throw new Error('the key tls.crt is missing beside tls.key')
  if (!token && !certificate) throw new Error('it has none of the keys token, tls.crt and tls.key, kubeconfig: add one of them')
  return { ...(token && { token }), ...(certificate && key && { certificate, key }) }
}

/** A credential that is known to be useless is named before anybody waits for its refusal. */
function checked(options: ConnectOptions, now: number): ConnectOptions {
  if (typeof options.token === 'string') {
    const expiry = tokenExpiry(options.token)
    if (expiry !== undefined && expiry <= now) throw new Error(`the token expired at ${new Date(expiry).toISOString()}: store a new one`)
  }
  if (options.certificate !== undefined) {
    const expiry = Date.parse(parsed(options.certificate, 'the client certificate').validTo)
    if (expiry <= now) throw new Error(`the client certificate expired at ${new Date(expiry).toISOString()}: store a new one`)
  }
  if (options.ca !== undefined) parsed(options.ca, 'caBundle')
  return options
}

function parsed(pem: string, what: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch (cause) {
    throw new Error(`${what} is not a PEM certificate`, { cause })
  }
}

/** `exp` of a JSON web token in milliseconds; undefined for tokens of another kind. */
function tokenExpiry(token: string): number | undefined {
  try {
    const { exp } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as { exp?: unknown }
    return typeof exp === 'number' ? exp * 1000 : undefined
  } catch {
    return undefined
  }
}

/** A comma separates several values of one name, as in Karmada. */
const proxyHeaders = (header: Readonly<Record<string, string>>) => Object.entries(header).flatMap(([name, values]) => values.split(',').map((value): [string, string] => [name, value.trim()]))
