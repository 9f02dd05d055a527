import { applyJsonPatch } from '../patch/json-patch.ts'
import type { KubeObject } from '../meta/core.ts'
import { equalJson } from '../meta/json-value.ts'
import { StatusError } from '../meta/status-error.ts'
import { type AdmissionAttributes, refused } from './admission.ts'
import { type AdmissionResponse, admissionRequest, admissionReview, denied, readAdmissionReview } from './admission-review.ts'
import { CelAborted, type CelEvaluator } from './cel/cel-evaluator.ts'
import { isEmpty, matchesLabels, matchesObjects, matchesRules } from './resource-rule.ts'
import type { Webhook } from './webhook.ts'
import type { WebhookCaller } from './webhook-caller.ts'

export interface WebhookDependencies {
  readonly caller: Pick<WebhookCaller, 'call'>
  readonly expressions: Pick<CelEvaluator, 'evaluate'>
  /** The Namespace with its labels. Errors: StatusError NotFound. */
  readonly namespace: (name: string, signal: AbortSignal) => Promise<KubeObject>
  readonly randomUuid: () => string
}

/** Webhooks one after the other, in the order given, each seeing what those before made of the object; who asks for it is called once more if the object was changed after its turn. */
export async function mutateByWebhooks(webhooks: readonly Webhook[], attributes: AdmissionAttributes, object: KubeObject | undefined, old: KubeObject | undefined, dependencies: WebhookDependencies, signal: AbortSignal): Promise<KubeObject | undefined> {
  let current = object
  const seen = new Map<Webhook, KubeObject | undefined>()
  const run = async (webhook: Webhook) => {
    if (!await applies(webhook, attributes, current, old, dependencies, signal)) return
    const response = await call(webhook, attributes, current, old, dependencies, signal)
    if (response?.patch !== undefined && current) current = patched(webhook, current, response.patch)
    seen.set(webhook, current)
  }
  for (const webhook of webhooks) await run(webhook)
  for (const [webhook, left] of seen) if (webhook.reinvocationPolicy === 'IfNeeded' && !equalJson(left, current)) await run(webhook)
  return current
}

/** All webhooks at once; the first refusal in their order is told. */
export async function validateByWebhooks(webhooks: readonly Webhook[], attributes: AdmissionAttributes, object: KubeObject | undefined, old: KubeObject | undefined, dependencies: WebhookDependencies, signal: AbortSignal): Promise<void> {
  const outcomes = await Promise.allSettled(webhooks.map(async (webhook) => { if (await applies(webhook, attributes, object, old, dependencies, signal)) await call(webhook, attributes, object, old, dependencies, signal) }))
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed) throw failed.reason
}

async function applies(webhook: Webhook, attributes: AdmissionAttributes, object: KubeObject | undefined, old: KubeObject | undefined, { namespace, expressions, randomUuid }: WebhookDependencies, signal: AbortSignal): Promise<boolean> {
  if (!matchesRules(webhook.rules, attributes) || !matchesObjects(webhook.objectSelector, object, old)) return false
  if (attributes.namespace !== undefined && !isEmpty(webhook.namespaceSelector) && !matchesLabels(webhook.namespaceSelector, (await namespace(attributes.namespace, signal)).metadata.labels ?? {})) return false
  if (!webhook.conditions) return true
  const { matched, conditionErrors } = await evaluated(() => expressions.evaluate(webhook.conditions!, { object, oldObject: old, request: admissionRequest(attributes, randomUuid()) }, signal))
  if (conditionErrors.length > 0 && webhook.failurePolicy !== 'Ignore') throw refused(attributes, conditionErrors.length === 1 ? conditionErrors[0]! : `[${conditionErrors.join(', ')}]`)
  return matched
}

/** An evaluation that had to be ended is one that failed. */
async function evaluated(evaluate: () => ReturnType<CelEvaluator['evaluate']>): ReturnType<CelEvaluator['evaluate']> {
  try { return await evaluate() } catch (error) {
    if (!(error instanceof CelAborted)) throw error
    return { matched: false, conditionErrors: ['operation cancelled: actual cost limit exceeded'], decisions: [] }
  }
}

/** Undefined where it could not be called and that does not matter. Errors: StatusError of the refusal. */
async function call(webhook: Webhook, attributes: AdmissionAttributes, object: KubeObject | undefined, old: KubeObject | undefined, { caller, randomUuid }: WebhookDependencies, signal: AbortSignal): Promise<AdmissionResponse | undefined> {
  if (attributes.dryRun && webhook.sideEffects !== 'None' && webhook.sideEffects !== 'NoneOnDryRun') throw StatusError.badRequest(`admission webhook "${webhook.name}" does not support dry run`)
  const uid = randomUuid()
  let response: AdmissionResponse
  try {
    if (webhook.admissionReviewVersions && !webhook.admissionReviewVersions.includes('v1')) throw new Error('webhook does not accept v1 AdmissionReview requests')
    response = readAdmissionReview(await caller.call(webhook, admissionReview(attributes, uid, object, old), signal), uid)
  } catch (error) {
    signal.throwIfAborted()
    if (webhook.failurePolicy === 'Ignore') return undefined
    throw StatusError.internal(`failed calling webhook "${webhook.name}": ${(error as Error).message}`, error)
  }
  for (const text of response.warnings) attributes.warn(text)
  if (!response.allowed) throw denied(webhook.name, response.status)
  return response
}

function patched(webhook: Webhook, object: KubeObject, patch: unknown): KubeObject {
  let result: unknown
  try { result = applyJsonPatch(object, patch) } catch (cause) { throw StatusError.internal((cause as Error).message, cause) }
  const { metadata } = result as { metadata?: unknown }
  if (typeof metadata !== 'object' || metadata === null) throw StatusError.internal(`admission webhook "${webhook.name}" removed the object's metadata`)
  return result as KubeObject
}
