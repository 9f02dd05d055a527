import type { SecretReference } from '../../apis/cluster.federation/v1alpha1/cluster.ts'
import type { ConnectOptions } from '../../machinery/client/connect-options.ts'
import type { MemberConnection } from '../../machinery/client/connect.ts'
import { equalJson } from '../../machinery/meta/json-value.ts'
import { StatusError } from '../../machinery/meta/status-error.ts'
import type { ControllerContext } from './controller-context.ts'
import { credentialsOf } from './credentials.ts'
import type { Member } from './member.ts'

/** How the present connection was made, without the token, which may change under it. */
interface Made { readonly options: ConnectOptions; token: string | undefined }

/**
 * Keeps a member's connections in step with its Cluster and Secrets. A new token is used from the next request on. A new certificate opens new connections while streams of the old ones run out by themselves;
 * another endpoint, authority or proxy cuts them, because they may lead to another place.
 */
export class Connections {
  readonly #member: Member
  readonly #context: ControllerContext
  #own: Made | undefined
  #impersonating: Made | undefined
  connection: MemberConnection | undefined
  /** Why there is none. */
  problem = 'not connected yet'

  constructor(member: Member, context: ControllerContext) {
    this.#member = member
    this.#context = context
  }

  /** 'changed': what is behind `connection` has to prove itself anew. */
  async refresh(signal: AbortSignal): Promise<'changed' | 'same'> {
    const { spec } = this.#member.cluster, preset = this.#context.preset?.(this.#member.cluster)
    if (preset) {
      const isNew = this.connection !== preset
      this.connection = preset
      this.#member.setConnection(preset)
      return isNew ? 'changed' : 'same'
    }
    const own = await this.#renew(spec.secretRef, this.#own, (connection, problem) => {
      this.connection = connection
      this.problem = problem
      return this.#member.setConnection(connection, problem)
    }, signal)
    this.#own = own.made
    if (spec.impersonatorSecretRef) {
      const other = await this.#renew(spec.impersonatorSecretRef, this.#impersonating, (connection, problem) => this.#member.setImpersonator(connection ?? refusing(problem)), signal)
      this.#impersonating = other.made
    } else {
      this.#impersonating = undefined
      await this.#member.setImpersonator(undefined)?.close()
    }
    return own.outcome
  }

  async close(): Promise<void> {
    // A preset connection is its maker's to close, once all of the server ends.
    if (!this.#own) this.#member.setConnection(undefined, 'the cluster has left')
    await Promise.resolve()
  }

  async #renew(reference: SecretReference | undefined, before: Made | undefined, set: (connection: MemberConnection | undefined, problem: string) => MemberConnection | undefined, signal: AbortSignal): Promise<{ made: Made | undefined; outcome: 'changed' | 'same' }> {
    const credentials = await this.#credentials(reference, signal)
    if ('problem' in credentials) {
      // A stream that runs is not cut because a Secret is gone: it ends when the member says so.
      void set(undefined, credentials.problem)?.drain()
      return { made: undefined, outcome: before ? 'changed' : 'same' }
    }
    const { token, ...options } = credentials.options
    if (before && (token === undefined) === (before.token === undefined) && equalJson(comparable(options), comparable(before.options))) {
      before.token = token as string | undefined
      return { made: before, outcome: 'same' }
    }
    const made: Made = { options, token: token as string | undefined }
    const old = set(this.#context.connect({ ...options, ...(token !== undefined && { token: () => Promise.resolve(made.token ?? '') }) }), '')
    if (before && equalJson(place(options), place(before.options))) void old?.drain()
    else await old?.close()
    return { made, outcome: 'changed' }
  }

  async #credentials(reference: SecretReference | undefined, signal: AbortSignal) {
    const { secrets, clock, requestTimeoutMs, allowLocalAddresses } = this.#context, { spec } = this.#member.cluster
    if (!reference) return { problem: 'spec.secretRef is missing: create a Secret with a credential for the cluster and name it there' }
    try {
      return credentialsOf({ spec, secretRef: reference, secret: await secrets.get(reference.name, signal), namespace: secrets.namespace, now: clock.now(), requestTimeoutMs, allowLocalAddresses })
    } catch (error) {
      signal.throwIfAborted()
      return { problem: error instanceof Error ? error.message : String(error) }
    }
  }
}

const comparable = ({ authorization, refuseAddress: _refuse, ...rest }: Omit<ConnectOptions, 'token'>) => ({ ...rest, isBasic: authorization !== undefined })
const place = ({ certificate: _certificate, key: _key, ...rest }: Omit<ConnectOptions, 'token'>) => comparable(rest)

/** Falling back to the member's main credential would give pass-through more rights than the administrator meant. */
const refusing = (problem: string): MemberConnection => {
  const refuse = () => Promise.reject(StatusError.unavailable(problem, 10))
  return { handler: refuse, upgrade: refuse, drain: () => Promise.resolve(), close: () => Promise.resolve() }
}
