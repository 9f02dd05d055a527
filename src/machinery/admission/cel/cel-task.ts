/** What is said between the evaluator and its thread. Objects travel as JSON text: numbers beyond 2^53 would not survive the copy. */
import type { JsonSchema } from '../../meta/json-schema.ts'
import type { FieldError } from '../../meta/status-error.ts'
import type { PolicyExpressions, PolicyResult } from './policy-expressions.ts'
import type { RuleResult } from './validation-rules.ts'

export type CelTask =
  | { readonly type: 'defineRules'; readonly key: string; readonly schema: JsonSchema }
  | { readonly type: 'rules'; readonly key: string; readonly object: string; readonly old: string | undefined }
  | { readonly type: 'definePolicy'; readonly key: string; readonly policy: PolicyExpressions }
  | { readonly type: 'policy'; readonly key: string; readonly variables: string }
  | { readonly type: 'forget'; readonly key: string }

export interface CelAnswers {
  defineRules: readonly FieldError[]
  rules: RuleResult
  /** What is wrong with its expressions. */
  definePolicy: readonly string[]
  policy: PolicyResult
  forget: boolean
}

export type CelReply = { readonly ready: true } | { readonly answer: CelAnswers[keyof CelAnswers] } | { readonly error: string }
