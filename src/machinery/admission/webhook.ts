import type { LabelSelectorObject } from '../meta/label-selector.ts'
import type { NamedExpression, PolicyExpressions } from './cel/policy-expressions.ts'
import type { ResourceRule } from './resource-rule.ts'

/** The part of admissionregistration.k8s.io/v1 that is acted on. */
export interface WebhookDeclaration {
  readonly name: string
  readonly clientConfig: WebhookClient
  readonly rules?: readonly ResourceRule[]
  readonly failurePolicy?: 'Fail' | 'Ignore'
  readonly namespaceSelector?: LabelSelectorObject
  readonly objectSelector?: LabelSelectorObject
  readonly sideEffects?: string
  readonly timeoutSeconds?: number
  readonly admissionReviewVersions?: readonly string[]
  readonly matchConditions?: readonly NamedExpression[]
  readonly reinvocationPolicy?: 'Never' | 'IfNeeded'
}

export interface WebhookClient {
  readonly url?: string
  readonly service?: { readonly namespace: string; readonly name: string; readonly path?: string; readonly port?: number }
  /** Base64 of PEM. */
  readonly caBundle?: string
}

/** A webhook of a configuration; `conditions` is the same object as long as the configuration is the same. */
export interface Webhook extends WebhookDeclaration { readonly configuration: string; readonly conditions: PolicyExpressions | undefined }

export const webhookOf = (configuration: string, declaration: WebhookDeclaration): Webhook => ({
  ...declaration, configuration, conditions: declaration.matchConditions?.length ? { conditions: declaration.matchConditions, variables: [], validations: [] } : undefined,
})
