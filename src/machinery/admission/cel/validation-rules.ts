import type { Environment } from '@marcbachmann/cel-js'
import type { JsonSchema } from '../../meta/json-schema.ts'
import { equalJson, getMember, isJsonObject } from '../../meta/json-value.ts'
import { type FieldError, fieldError } from '../../meta/status-error.ts'
import { hasRules } from '../../schema/validate-schema.ts'
import { type Compiled, compile, createEnvironment, evaluationError } from './environment.ts'
import { optionalOf, type SchemaType, SchemaTypes } from './schema-type.ts'

type Rule = NonNullable<JsonSchema['x-kubernetes-validations']>[number]
export interface RuleResult { readonly errors: readonly FieldError[]; readonly warnings: readonly string[] }

/**
 * The x-kubernetes-validations of a schema, compiled. Pure, and without a limit of time: whoever runs it sees to that.
 * Texts and order of evaluation as in apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go.
 */
export class ValidationRules {
  readonly #root: Node | undefined
  /** What is wrong with the rules themselves, by their place in the schema: `properties[spec].x-kubernetes-validations[0].rule`. */
  readonly errors: readonly FieldError[]

  constructor(schema: JsonSchema) {
    const environment = createEnvironment(), errors: FieldError[] = []
    this.#root = hasRules(schema) ? new Compiler(environment, errors).node(schema, true, '') : undefined
    this.errors = errors
  }

  /** `old` undefined: a creation, in which rules that use oldSelf are left out. A rule that is broken by a part that did not change only warns. */
  validate(object: unknown, old: unknown): RuleResult {
    const errors: FieldError[] = [], warnings: string[] = []
    if (this.#root) check(this.#root, { value: object, old, path: '', isSame: () => false }, { errors, warnings })
    return { errors, warnings }
  }
}

function* partsOf(schema: JsonSchema): Generator<[path: string, part: JsonSchema]> {
  for (const [name, part] of Object.entries(schema.properties ?? {})) yield [`properties[${name}]`, part]
  if (typeof schema.additionalProperties === 'object') yield ['additionalProperties', schema.additionalProperties]
  if (schema.items) yield ['items', schema.items]
  for (const [index, part] of (schema.allOf ?? []).entries()) yield [`allOf[${index}]`, part]
}

interface Node {
  readonly schema: JsonSchema
  readonly type: SchemaType | undefined
  readonly rules: readonly CompiledRule[]
  readonly properties: ReadonlyMap<string, Node>
  readonly rest: Node | undefined
  readonly items: Node | undefined
  readonly alternatives: readonly Node[]
}

interface CompiledRule { readonly rule: Rule; readonly compiled: Compiled; readonly message: Compiled | undefined; readonly usesOld: boolean; readonly isOptional: boolean }

class Compiler {
  readonly #types: SchemaTypes
  readonly #environment: Environment
  readonly #errors: FieldError[]
  readonly #nodes = new Map<JsonSchema, Node>()

  constructor(environment: Environment, errors: FieldError[]) {
    this.#environment = environment
    this.#types = new SchemaTypes(environment)
    this.#errors = errors
  }

  /** Types of the whole schema are declared first: an environment that has been copied takes no more. */
  node(schema: JsonSchema, isRoot: boolean, path: string): Node {
    this.#declare(schema, isRoot, new Set())
    return this.#node(schema, schema, isRoot, path)!
  }

  #declare(schema: JsonSchema, isRoot: boolean, seen: Set<JsonSchema>): void {
    if (seen.has(schema)) return
    seen.add(schema)
    this.#types.of(schema, isRoot)
    for (const [, part] of partsOf(schema)) this.#declare(part, part['x-kubernetes-embedded-resource'] === true, seen)
  }

  /** `spine` is the schema that gives values their types: parts of allOf only add rules to it. */
  #node(schema: JsonSchema, spine: JsonSchema, isRoot: boolean, path: string): Node | undefined {
    if (schema === spine && this.#nodes.has(schema)) return this.#nodes.get(schema)
    if (!hasRules(schema)) return undefined
    const at = (part: string) => (path ? `${path}.${part}` : part), type = this.#types.of(spine, isRoot), properties = new Map<string, Node>()
    const node: { -readonly [K in keyof Node]: Node[K] } = { schema: spine, type, rules: [], properties, rest: undefined, items: undefined, alternatives: [] }
    if (schema === spine) this.#nodes.set(schema, node)
    const below = (part: JsonSchema | undefined, of: JsonSchema | undefined, name: string) => (part && of ? this.#node(part, of, of['x-kubernetes-embedded-resource'] === true, at(name)) : undefined)
    node.rules = this.#rules(schema['x-kubernetes-validations'] ?? [], type, at('x-kubernetes-validations'))
    for (const [name, part] of Object.entries(schema.properties ?? {})) {
      const child = below(part, spine.properties?.[name], `properties[${name}]`)
      if (child) properties.set(name, child)
    }
    node.rest = below(restOf(schema), restOf(spine), 'additionalProperties')
    node.items = below(schema.items, spine.items, 'items')
    node.alternatives = (schema.allOf ?? []).flatMap((part, index) => this.#node(part, spine, isRoot, at(`allOf[${index}]`)) ?? [])
    return node
  }

  #rules(rules: readonly Rule[], type: SchemaType | undefined, path: string): CompiledRule[] {
    if (rules.length === 0) return []
    if (!type) {
      this.#errors.push(fieldError.invalid(path, '', 'rules cannot be set where the schema does not say what it admits'))
      return []
    }
    const plain = this.#environment.clone().registerVariable('self', type.name).registerVariable('oldSelf', type.name)
    const optional = this.#environment.clone().registerVariable('self', type.name).registerVariable('oldSelf', `optional<${type.name}>`)
    return rules.flatMap((rule, index) => {
      if (rule.rule.trim() === '') return []
      const environment = rule.optionalOldSelf ? optional : plain, at = `${path}[${index}]`, compiled = compile(environment, rule.rule, 'bool'), message = rule.messageExpression ? compile(environment, rule.messageExpression, 'string') : undefined
      if ('error' in compiled) this.#errors.push(fieldError.invalid(`${at}.rule`, rule.rule, compiled.error.replace(/^must evaluate to bool$/, 'cel expression must evaluate to a bool')))
      if (message && 'error' in message) this.#errors.push(fieldError.invalid(`${at}.messageExpression`, rule.messageExpression, `messageExpression ${message.error}`.replace(/evaluate to string$/, 'evaluate to a string')))
      return [{ rule, compiled, message, usesOld: 'uses' in compiled && compiled.uses('oldSelf'), isOptional: rule.optionalOldSelf === true }]
    })
  }
}

const restOf = ({ additionalProperties }: JsonSchema) => (typeof additionalProperties === 'object' ? additionalProperties : undefined)

/** A value beside what it was; `isSame`: it, or a part that contains it, did not change. */
interface Place { readonly value: unknown; readonly old: unknown; readonly path: string; readonly isSame: () => boolean }
interface Found { readonly errors: FieldError[]; readonly warnings: string[] }

function check(node: Node, place: Place, found: Found): void {
  const { value, old, path } = place
  if (value === null || value === undefined) return
  const isSame = () => place.isSame() || (old !== undefined && old !== null && equalJson(value, old))
  if (node.rules.length > 0 && node.type) checkRules(node, node.type, { ...place, isSame }, found)
  for (const alternative of node.alternatives) check(alternative, place, found)
  if (Array.isArray(value)) {
    const before = node.items ? previousItems(node.schema, old) : undefined
    for (const [index, item] of value.entries()) if (node.items) check(node.items, { value: item, old: before?.(item), path: `${path}[${index}]`, isSame }, found)
  } else if (isJsonObject(value)) {
    for (const [key, member] of Object.entries(value)) {
      const before = isJsonObject(old) ? getMember(old, key) : undefined, property = node.properties.get(key)
      if (property) check(property, { value: member, old: before, path: path ? `${path}.${key}` : key, isSame }, found)
      else if (node.rest && !(node.schema.properties && Object.hasOwn(node.schema.properties, key))) check(node.rest, { value: member, old: before, path: `${path}[${key}]`, isSame }, found)
    }
  }
}

/** The item with the same keys, of lists that are maps; items of other lists have no past. */
function previousItems(schema: JsonSchema, old: unknown): ((item: unknown) => unknown) | undefined {
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  if (schema['x-kubernetes-list-type'] !== 'map' || !Array.isArray(old)) return undefined
  const identity = (item: unknown) => (isJsonObject(item) ? JSON.stringify(keys.map((key) => getMember(item, key) ?? schema.items?.properties?.[key]?.default)) : undefined)
  const byIdentity = new Map((old as unknown[]).map((item) => [identity(item), item]))
  return (item) => byIdentity.get(identity(item))
}

function checkRules({ schema, rules }: Node, type: SchemaType, { value, old, path, isSame }: Place, { errors, warnings }: Found): void {
  const hasOld = old !== undefined && old !== null, kind = schema.type ?? '', at = path || NO_FIELD
  const self = type.convert(value), oldSelf = hasOld ? type.convert(old) : undefined
  for (const { rule, compiled, message, usesOld, isOptional } of rules) {
    if ('error' in compiled) { errors.push(fieldError.invalid(at, kind, `rule compile error: ${compiled.error}`)); continue }
    if (usesOld && !hasOld && !isOptional) continue
    const variables = { self, oldSelf: isOptional ? optionalOf(oldSelf) : oldSelf }
    let result: unknown
    try { result = compiled.evaluate(variables) } catch (error) {
      const text = evaluationError(error), named = ruleName(rule)
      errors.push(fieldError.invalid(at, kind, text.startsWith('no such overload') ? `'${text}': call arguments did not match a supported operator, function or macro signature for rule: ${named}` : `${text} evaluating rule: ${named}`))
      continue
    }
    if (result === true) continue
    const error = failure(rule, messageOf(message, variables) ?? (rule.message ? rule.message.trim() : `failed rule: ${ruleName(rule)}`), fieldOf(path, rule.fieldPath), schema, value)
    if (!usesOld && isSame()) warnings.push(`${error.field}: ${error.message}`)
    else errors.push(error)
  }
}

/** How Go prints a field path that is not there. */
const NO_FIELD = '<nil>'
const ruleName = ({ message, rule }: Rule) => (message ? message.trim() : rule.trim())

function failure({ reason }: Rule, detail: string, field: string, { type }: JsonSchema, value: unknown): FieldError {
  const isCompound = type === 'object' || type === 'array'
  switch (reason) {
    case 'FieldValueForbidden': return fieldError.forbidden(field, detail)
    case 'FieldValueRequired': return fieldError.required(field, detail)
    // An omitted value leaves only the title.
    case 'FieldValueDuplicate': return isCompound ? { type: 'FieldValueDuplicate', field, message: 'Duplicate value' } : fieldError.duplicate(field, value)
    default: return isCompound ? { type: 'FieldValueInvalid', field, message: `Invalid value: ${detail}` } : fieldError.invalid(field, value, detail)
  }
}

/** Of a rule's own fieldPath: `.a.b` or `['a']` below the place; it replaces nothing where it is absent. */
function fieldOf(path: string, fieldPath: string | undefined): string {
  if (!fieldPath) return path || NO_FIELD
  const below = fieldPath.replaceAll(/\['((?:\\.|[^'\\])*)'\]/g, (_, name: string) => `.${name.replaceAll(/\\(.)/g, '$1')}`).replace(/^\./, '')
  return path ? `${path}.${below}` : below
}

const MAX_MESSAGE_BYTES = 5120

/** Undefined where the expression yields nothing that can be shown: the rule's message stands in. */
function messageOf(message: Compiled | undefined, variables: Readonly<Record<string, unknown>>): string | undefined {
  if (!message || 'error' in message) return undefined
  let text: unknown
  // A message that cannot be computed is no reason to lose the error it would have explained.
  try { text = message.evaluate(variables) } catch { return undefined }
  const trimmed = typeof text === 'string' ? text.trim() : ''
  return trimmed === '' || trimmed.includes('\n') || Buffer.byteLength(trimmed) > MAX_MESSAGE_BYTES ? undefined : trimmed
}
