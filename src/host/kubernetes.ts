import { namespaceKind } from '../apis/core/v1/namespace.ts'
import { secretKind } from '../apis/core/v1/secret.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import { union } from '../machinery/auth/authenticator.ts'
import { clientCertificates } from '../machinery/auth/client-certificate.ts'
import { frontProxy } from '../machinery/auth/front-proxy.ts'
import { subjectAccessReviews } from '../machinery/auth/subject-access-review.ts'
import { tokenReviews } from '../machinery/auth/token-review.ts'
import type { MemberConnection } from '../machinery/client/connect.ts'
import { RemoteReader } from '../machinery/client/remote-reader.ts'
import { followAuthenticationConfig } from './authentication-config.ts'
import type { Host } from './host.ts'
import { secretCache } from './secret-cache.ts'

interface KubernetesHostOptions {
  readonly connection: MemberConnection
  /** The server's own namespace there. */
  readonly namespace: string
  /** Random bytes of this process, for hashes of tokens. */
  readonly hashKey: Uint8Array
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Logger
}

/** The cluster that registered this server. Everything it says is followed until the signal aborts. Errors: Error with a sentence for people. */
export async function kubernetesHost({ connection, namespace, hashKey, clock, random, logger }: KubernetesHostOptions, signal: AbortSignal): Promise<Host> {
  const { handler } = connection, config = await followAuthenticationConfig(handler, { clock, random, logger }, signal), reviews = { host: handler, clock, random }
  return {
    kind: 'kubernetes',
    // kube-apiserver's order (apiserver/pkg/authentication/authenticatorfactory/delegating.go).
    authenticator: union([frontProxy(config.frontProxy, () => clock.now()), clientCertificates(config.clientAuthorities, () => clock.now()), tokenReviews({ ...reviews, hashKey })]),
    authorizer: subjectAccessReviews(reviews),
    namespaces: new RemoteReader(namespaceKind, handler, { clock }),
    priorityClasses: new RemoteReader({ group: 'scheduling.k8s.io', version: 'v1', plural: 'priorityclasses', namespaced: false }, handler, { clock }),
    secrets: secretCache(new RemoteReader(secretKind, handler, { clock }), namespace, { clock, random }, signal),
    frontProxy: config.frontProxy,
    connection,
  }
}
