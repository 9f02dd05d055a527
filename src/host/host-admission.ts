import { Backoff } from '../lib/backoff.ts'
import type { Clock } from '../lib/clock.ts'
import { type Admission, type AdmissionAttributes, refused } from '../machinery/admission/admission.ts'
import type { CelEvaluator } from '../machinery/admission/cel/cel-evaluator.ts'
import { Followed } from '../machinery/admission/followed.ts'
import { type PolicyDependencies, validateByPolicies } from '../machinery/admission/policy-admission.ts'
import { bindingOf, policyOf, type PolicyBinding, type ValidatingPolicy } from '../machinery/admission/validating-policy.ts'
import { mutateByWebhooks, validateByWebhooks, type WebhookDependencies } from '../machinery/admission/webhook-admission.ts'
import { type ServiceResolver, WebhookCaller } from '../machinery/admission/webhook-caller.ts'
import { type Webhook, type WebhookDeclaration, webhookOf } from '../machinery/admission/webhook.ts'
import { getJson } from '../machinery/client/json-client.ts'
import { RemoteReader } from '../machinery/client/remote-reader.ts'
import type { Handler, KubeObject, ListerWatcher } from '../machinery/meta/core.ts'
import { StatusError } from '../machinery/meta/status-error.ts'
import { admissionParams } from './admission-params.ts'

export interface HostAdmissionOptions {
  /** The host's API. */
  readonly handler: Handler
  readonly expressions: CelEvaluator
  /** Where webhooks that are services are reached. Default: the cluster's DNS. */
  readonly resolveService?: ServiceResolver
  readonly clock: Clock
  readonly random: () => number
  readonly randomUuid: () => string
}

/** How long a write waits for the configurations to be known, after a start. */
const PATIENCE_MS = 10_000

/**
 * Webhooks and ValidatingAdmissionPolicies of the host, which its kube-apiserver does not ask about what it only passes on. Followed until the signal aborts.
 * While they are not known writes are refused, as in a kube-apiserver that has not synced.
 */
export class HostAdmission implements Admission {
  readonly #mutating: Followed<readonly Webhook[]>
  readonly #validating: Followed<readonly Webhook[]>
  readonly #policies: Followed<ValidatingPolicy>
  readonly #bindings: Followed<PolicyBinding>
  readonly #clock: Clock
  readonly #dependencies: WebhookDependencies & PolicyDependencies

  constructor({ handler, expressions, resolveService, clock, random, randomUuid }: HostAdmissionOptions, signal: AbortSignal) {
    const caller = new WebhookCaller(resolveService), forget = (definition: object | undefined) => { if (definition) void expressions.forget(definition, signal).catch(() => undefined) }
    const follow = <T>(plural: string, parse: (object: KubeObject) => T, onGone: (value: T) => void) => {
      const source: ListerWatcher = new RemoteReader({ group: 'admissionregistration.k8s.io', version: 'v1', plural, namespaced: false }, handler, { clock })
      return new Followed(source, { parse, onGone, clock, backoff: new Backoff({ initialMs: 200, maxMs: 15_000, random }) }, signal)
    }
    const gone = (webhooks: readonly Webhook[]) => { for (const { conditions } of webhooks) forget(conditions) }
    this.#mutating = follow('mutatingwebhookconfigurations', webhooksOf, gone)
    this.#validating = follow('validatingwebhookconfigurations', webhooksOf, gone)
    this.#policies = follow('validatingadmissionpolicies', policyOf, ({ expressions: gonePolicy }) => { forget(gonePolicy) })
    this.#bindings = follow('validatingadmissionpolicybindings', bindingOf, () => undefined)
    this.#clock = clock
    this.#dependencies = {
      caller, expressions, randomUuid, params: admissionParams(handler),
      namespace: async (name, inner) => ({ apiVersion: 'v1', kind: 'Namespace', ...(await getJson<KubeObject>(handler, `/api/v1/namespaces/${encodeURIComponent(name)}`, inner)) }),
    }
    signal.addEventListener('abort', () => { void caller.close() }, { once: true })
  }

  async mutate(attributes: AdmissionAttributes, object: KubeObject | undefined, old: KubeObject | undefined, signal: AbortSignal): Promise<KubeObject | undefined> {
    const webhooks = (await this.#known(this.#mutating, attributes, signal)).flat()
    return webhooks.length === 0 ? object : mutateByWebhooks(webhooks, attributes, object, old, this.#dependencies, signal)
  }

  async validate(attributes: AdmissionAttributes, object: KubeObject | undefined, old: KubeObject | undefined, signal: AbortSignal): Promise<void> {
    const [policies, bindings, configurations] = await Promise.all([this.#known(this.#policies, attributes, signal), this.#known(this.#bindings, attributes, signal), this.#known(this.#validating, attributes, signal)])
    if (policies.length > 0 && bindings.length > 0) await validateByPolicies(policies, bindings, attributes, object, old, this.#dependencies, signal)
    const webhooks = configurations.flat()
    if (webhooks.length > 0) await validateByWebhooks(webhooks, attributes, object, old, this.#dependencies, signal)
  }

  async #known<T>(followed: Followed<T>, attributes: AdmissionAttributes, signal: AbortSignal): Promise<readonly T[]> {
    if (!followed.isReady) {
      const waited = new AbortController()
      await Promise.race([followed.ready, this.#clock.sleep(PATIENCE_MS, AbortSignal.any([signal, waited.signal]))])
      waited.abort()
      signal.throwIfAborted()
      const { problem } = followed
      if (!followed.isReady) throw refused(attributes, `not yet ready to handle request${problem instanceof Error ? `: ${problem.message}` : ''}`)
    }
    return followed.values(signal)
  }
}

function webhooksOf(configuration: KubeObject): readonly Webhook[] {
  const webhooks = configuration['webhooks'] ?? []
  if (!Array.isArray(webhooks)) throw new StatusError('', `the webhooks of ${configuration.metadata.name} are no list`)
  return (webhooks as WebhookDeclaration[]).map((webhook) => webhookOf(configuration.metadata.name ?? '', webhook))
}
