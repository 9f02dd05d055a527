import type { KubeObject } from '../meta/core.ts'
import { isReason, StatusError, type Reason } from '../meta/status-error.ts'
import { type AdmissionAttributes, refused } from './admission.ts'
import { admissionRequest } from './admission-review.ts'
import { CelAborted, type CelEvaluator } from './cel/cel-evaluator.ts'
import { isEmpty, matchesLabels, matchesObjects, matchesRules } from './resource-rule.ts'
import type { MatchResources, ParamKind, ParamRef, PolicyBinding, ValidatingPolicy } from './validating-policy.ts'

export interface PolicyDependencies {
  readonly expressions: Pick<CelEvaluator, 'evaluate'>
  /** Errors: StatusError NotFound. */
  readonly namespace: (name: string, signal: AbortSignal) => Promise<KubeObject>
  /** Parameters that a reference names; none where there are none. `namespace`: where a namespaced kind is looked for. */
  readonly params: (kind: ParamKind, ref: ParamRef, namespace: string | undefined, signal: AbortSignal) => Promise<readonly KubeObject[]>
  readonly randomUuid: () => string
}

/** What a policy said of a request through a binding. */
interface Decision { readonly policy: ValidatingPolicy; readonly binding: PolicyBinding; readonly message: string; readonly reason: string | undefined }

/** Texts, reasons and codes as in apiserver/pkg/admission/plugin/policy/validating/dispatcher.go; the first refusal is told. Audit is not an action that is seen here. */
export async function validateByPolicies(
  policies: readonly ValidatingPolicy[], bindings: readonly PolicyBinding[], attributes: AdmissionAttributes, object: KubeObject | undefined, old: KubeObject | undefined, dependencies: PolicyDependencies, signal: AbortSignal,
): Promise<void> {
  const matches = (resources: MatchResources) => matchesResources(resources, attributes, object, old, dependencies, signal), refusals: Decision[] = []
  for (const policy of policies) {
    const bound = bindings.filter(({ policyName }) => policyName === policy.name)
    if (bound.length === 0 || !await matches(policy.match)) continue
    for (const binding of bound) {
      if (binding.match && !await matches(binding.match.resourceRules?.length ? binding.match : { ...binding.match, resourceRules: EVERYTHING })) continue
      for (const decision of await decide(policy, binding, { attributes, object, old }, dependencies, signal)) {
        if (binding.actions.includes('Warn')) attributes.warn(`Validation failed for ValidatingAdmissionPolicy '${policy.name}' with binding '${binding.name}': ${decision.message}`)
        if (binding.actions.includes('Deny')) refusals.push(decision)
      }
    }
  }
  if (refusals[0]) throw refusal(attributes, refusals[0])
}

const EVERYTHING = [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] }]
const CODES: Readonly<Record<string, number>> = { Unauthorized: 401, Forbidden: 403, RequestEntityTooLarge: 413 }

function refusal(attributes: AdmissionAttributes, { policy, binding, message, reason = 'Invalid' }: Decision): StatusError {
  const text = `ValidatingAdmissionPolicy '${policy.name}' with binding '${binding.name}' denied request: ${message}`, forbidden = refused(attributes, text)
  return new StatusError(reason as Reason, forbidden.message, { code: CODES[reason] ?? 422, details: { ...forbidden.details, causes: [{ message: text }] } })
}

interface Subject { readonly attributes: AdmissionAttributes; readonly object: KubeObject | undefined; readonly old: KubeObject | undefined }

async function decide(policy: ValidatingPolicy, binding: PolicyBinding, subject: Subject, dependencies: PolicyDependencies, signal: AbortSignal): Promise<Decision[]> {
  const { attributes, object, old } = subject, failing = (message: string): Decision[] => (policy.isIgnoring ? [] : [{ policy, binding, message, reason: undefined }])
  let params: readonly (KubeObject | undefined)[] = [undefined], namespaceObject: KubeObject | undefined
  try {
    if (policy.paramKind) {
      if (!binding.paramRef) return failing('paramKind is set, but the binding has no paramRef')
      params = await dependencies.params(policy.paramKind, binding.paramRef, attributes.namespace, signal)
      if (params.length === 0) return binding.paramRef.parameterNotFoundAction === 'Allow' ? [] : failing('failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction')
    }
    if (attributes.namespace !== undefined) namespaceObject = await dependencies.namespace(attributes.namespace, signal)
  } catch (error) {
    signal.throwIfAborted()
    return failing(`failed to configure binding: ${(error as Error).message}`)
  }
  const request = admissionRequest(attributes, dependencies.randomUuid()), found: Decision[] = []
  for (const param of params) {
    try {
      const { conditionErrors, decisions } = await dependencies.expressions.evaluate(policy.expressions, { object, oldObject: old, request, params: param, namespaceObject }, signal)
      if (conditionErrors.length > 0) found.push(...failing(conditionErrors.length === 1 ? conditionErrors[0]! : `[${conditionErrors.join(', ')}]`))
      for (const { validation, error, message } of decisions) found.push(...(error === undefined ? [{ policy, binding, message: message ?? '', reason: validation.reason }] : failing(error)))
    } catch (error) {
      if (!(error instanceof CelAborted)) throw error
      found.push(...failing('operation cancelled: actual cost limit exceeded'))
    }
  }
  return found
}

async function matchesResources({ resourceRules, excludeResourceRules, objectSelector, namespaceSelector }: MatchResources, attributes: AdmissionAttributes, object: KubeObject | undefined, old: KubeObject | undefined, { namespace }: PolicyDependencies, signal: AbortSignal): Promise<boolean> {
  if (matchesRules(excludeResourceRules, attributes) || !matchesRules(resourceRules, attributes) || !matchesObjects(objectSelector, object, old)) return false
  if (attributes.namespace === undefined || isEmpty(namespaceSelector)) return true
  try { return matchesLabels(namespaceSelector, (await namespace(attributes.namespace, signal)).metadata.labels ?? {}) } catch (error) {
    // A deletion goes on in a namespace that is gone.
    if (isReason(error, 'NotFound')) return false
    throw error
  }
}
