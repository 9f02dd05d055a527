import type { LabelSelectorObject } from '../meta/label-selector.ts'
import type { KubeObject } from '../meta/core.ts'
import type { NamedExpression, PolicyExpressions, PolicyValidation } from './cel/policy-expressions.ts'
import type { ResourceRule } from './resource-rule.ts'

/** Which requests a policy or a binding is about. */
export interface MatchResources { readonly namespaceSelector?: LabelSelectorObject; readonly objectSelector?: LabelSelectorObject; readonly resourceRules?: readonly ResourceRule[]; readonly excludeResourceRules?: readonly ResourceRule[] }
export interface ParamKind { readonly apiVersion?: string; readonly kind?: string }
export interface ParamRef { readonly name?: string; readonly namespace?: string; readonly selector?: LabelSelectorObject; readonly parameterNotFoundAction?: 'Allow' | 'Deny' }

/** The part of admissionregistration.k8s.io/v1 ValidatingAdmissionPolicy that is acted on. */
export interface PolicyDeclaration extends KubeObject {
  spec?: { paramKind?: ParamKind; matchConstraints?: MatchResources; validations?: PolicyValidation[]; failurePolicy?: 'Fail' | 'Ignore'; matchConditions?: NamedExpression[]; variables?: NamedExpression[] }
}

export interface BindingDeclaration extends KubeObject {
  spec?: { policyName?: string; paramRef?: ParamRef; matchResources?: MatchResources; validationActions?: string[] }
}

/** `expressions` is the same object as long as the policy is the same. */
export interface ValidatingPolicy { readonly name: string; readonly paramKind: ParamKind | undefined; readonly match: MatchResources; readonly isIgnoring: boolean; readonly expressions: PolicyExpressions }
export interface PolicyBinding { readonly name: string; readonly policyName: string; readonly paramRef: ParamRef | undefined; readonly match: MatchResources | undefined; readonly actions: readonly string[] }

export const policyOf = ({ metadata, spec = {} }: PolicyDeclaration): ValidatingPolicy => ({
  name: metadata.name ?? '', paramKind: spec.paramKind, match: spec.matchConstraints ?? {}, isIgnoring: spec.failurePolicy === 'Ignore',
  expressions: { conditions: spec.matchConditions ?? [], variables: spec.variables ?? [], validations: spec.validations ?? [] },
})

export const bindingOf = ({ metadata, spec = {} }: BindingDeclaration): PolicyBinding => ({
  name: metadata.name ?? '', policyName: spec.policyName ?? '', paramRef: spec.paramRef, match: spec.matchResources, actions: spec.validationActions ?? ['Deny'],
})
