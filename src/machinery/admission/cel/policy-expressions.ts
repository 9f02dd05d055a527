import { type Compiled, compile, createEnvironment, evaluationError, type Variables } from './environment.ts'
import { dynamicValue } from './schema-type.ts'

export interface NamedExpression { readonly name: string; readonly expression: string }
export interface PolicyValidation { readonly expression: string; readonly message?: string; readonly messageExpression?: string; readonly reason?: string }

/** The expressions of an admission policy, or the matchConditions alone of a webhook. */
export interface PolicyExpressions {
  readonly conditions: readonly NamedExpression[]
  /** Each may use those before it, as `variables.name`; computed where first used. */
  readonly variables: readonly NamedExpression[]
  readonly validations: readonly PolicyValidation[]
}

/** `error`: an expression failed, and whether anything was decided depends on the failure policy. */
export type PolicyDecision = { readonly validation: PolicyValidation; readonly index: number; readonly error?: string; readonly message?: string }
/** `matched` false by a condition. `conditionErrors`: none was false, and these could not be evaluated. `decisions`: validations that are not true. */
export interface PolicyResult { readonly matched: boolean; readonly conditionErrors: readonly string[]; readonly decisions: readonly PolicyDecision[] }

/** Variables of admission: object, oldObject, request, params, namespaceObject; all dynamic, as a kube-apiserver evaluates them. Numbers without a fraction are integers. */
const VARIABLES = ['object', 'oldObject', 'request', 'params', 'namespaceObject']

export class CompiledPolicy {
  /** What is wrong with the expressions. */
  readonly errors: readonly string[]
  readonly #conditions: readonly (NamedExpression & { readonly compiled: Compiled })[]
  readonly #variables: ReadonlyMap<string, Compiled>
  readonly #validations: readonly { readonly validation: PolicyValidation; readonly compiled: Compiled; readonly message: Compiled | undefined }[]

  constructor({ conditions, variables, validations }: PolicyExpressions) {
    const environment = createEnvironment()
    for (const name of VARIABLES) environment.registerVariable(name, 'dyn')
    const conditioned = environment.clone(), judging = environment.clone().registerVariable('variables', 'map<string, dyn>')
    this.#conditions = conditions.map((condition) => ({ ...condition, compiled: compile(conditioned, condition.expression, 'bool') }))
    this.#variables = new Map(variables.map(({ name, expression }) => [name, compile(judging, expression)]))
    this.#validations = validations.map((validation) => ({
      validation, compiled: compile(judging, validation.expression, 'bool'), message: validation.messageExpression ? compile(judging, validation.messageExpression, 'string') : undefined,
    }))
    this.errors = [...this.#conditions.map(({ compiled }) => compiled), ...this.#variables.values(), ...this.#validations.flatMap(({ compiled, message }) => (message ? [compiled, message] : [compiled]))].flatMap((compiled) => ('error' in compiled ? [compiled.error] : []))
  }

  evaluate(given: Readonly<Record<string, unknown>>): PolicyResult {
    const values: Record<string, unknown> = Object.fromEntries(VARIABLES.map((name) => [name, given[name] === undefined ? null : dynamicValue(given[name])]))
    const conditionErrors: string[] = []
    for (const { name, expression, compiled } of this.#conditions) {
      const result = run(compiled, values)
      // One that is false decides, whatever others do.
      if (result.value === false) return { matched: false, conditionErrors: [], decisions: [] }
      if (result.value !== true) conditionErrors.push(`expression '${expression}' resulted in error: ${result.error ?? `match condition ${name} must evaluate to bool`}`)
    }
    if (conditionErrors.length > 0) return { matched: false, conditionErrors, decisions: [] }
    const withVariables: Variables = { ...values, variables: this.#lazy(values) }
    return { matched: true, conditionErrors: [], decisions: this.#validations.flatMap((each, index) => this.#decision(each, index, withVariables)) }
  }

  #decision({ validation, compiled, message }: { readonly validation: PolicyValidation; readonly compiled: Compiled; readonly message: Compiled | undefined }, index: number, variables: Variables): PolicyDecision[] {
    const result = run(compiled, variables)
    if (result.value === true) return []
    if (result.value !== false) return [{ validation, index, error: `expression '${validation.expression}' resulted in error: ${result.error ?? 'must evaluate to bool'}` }]
    const text = message && run(message, variables).value, trimmed = typeof text === 'string' ? text.trim() : ''
    return [{ validation, index, message: trimmed && !trimmed.includes('\n') ? trimmed : validation.message?.trim() || `failed expression: ${validation.expression.trim()}` }]
  }

  /** A map whose members are computed once, when they are asked for; an error is thrown again for each who asks. */
  #lazy(values: Readonly<Record<string, unknown>>): Map<string, unknown> {
    const compiled = this.#variables, done = new Map<string, { value?: unknown; error?: string }>()
    const lazy: Map<string, unknown> = new Map<string, unknown>()
    lazy.get = (name: string) => {
      const expression = compiled.get(name)
      if (!expression) return undefined
      let result = done.get(name)
      if (!result) {
        // Not itself while it is computed.
        done.set(name, { error: `variable ${name} refers to itself` })
        result = run(expression, { ...values, variables: lazy })
        done.set(name, result)
      }
      if (result.error !== undefined) throw new Error(`composited variable "${name}" fails to evaluate: ${result.error}`)
      return result.value
    }
    lazy.has = (name: string) => compiled.has(name)
    return lazy
  }
}

function run(compiled: Compiled, variables: Variables): { readonly value?: unknown; readonly error?: string } {
  if ('error' in compiled) return { error: compiled.error }
  try { return { value: compiled.evaluate(variables) } } catch (error) { return { error: evaluationError(error) } }
}
