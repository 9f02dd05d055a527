import { labelValue, qualifiedName } from './names.ts'
import type { FieldError } from './status-error.ts'
import { fieldError, StatusError } from './status-error.ts'

/** As a selector's text writes them; `gt` and `lt` stand for `>` and `<`, `exists` for a bare key. */
export type LabelOperator = '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt'
export interface LabelRequirement { readonly key: string; readonly operator: LabelOperator; readonly values: readonly string[] }
/** metav1.LabelSelector. */
export interface LabelSelectorObject { matchLabels?: Record<string, string>; matchExpressions?: { key: string; operator: string; values?: string[] }[] }
type Labels = Readonly<Record<string, string>>

/** A compiled label selector: the conjunction of its requirements; with none it matches everything. */
export class LabelSelector {
  /** Sorted by key. */
  readonly requirements: readonly LabelRequirement[]

  constructor(requirements: readonly LabelRequirement[]) { this.requirements = requirements.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)) }

  get isEmpty(): boolean { return this.requirements.length === 0 }
  matches(labels: Labels): boolean { return this.requirements.every((requirement) => meets(requirement, labels)) }
  toString(): string { return this.requirements.map(print).join(',') }

  /** As a SubjectAccessReview carries them. `gt` and `lt` have no word there and are left out, which asks for more than is read: safe. */
  matchExpressions(): { key: string; operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'; values?: string[] }[] {
    return this.requirements.flatMap(({ key, operator, values }) => {
      const word = REVIEW_WORDS[operator]
      return word ? [{ key, operator: word, ...(values.length > 0 && { values: [...values] }) }] : []
    })
  }
}

const REVIEW_WORDS = { '=': 'In', '==': 'In', in: 'In', '!=': 'NotIn', notin: 'NotIn', exists: 'Exists', '!': 'DoesNotExist', gt: undefined, lt: undefined } as const

/** Throws StatusError BadRequest with the texts of apimachinery/pkg/labels. */
export function parseLabelSelector(text: string): LabelSelector {
  const tokens = scan(text)
  let at = 0
  const requirements: LabelRequirement[] = []
  for (;;) {
    const token = tokens[at]!
    if (token.type === 'end') return new LabelSelector(requirements)
    if (token.type !== 'identifier' && token.type !== 'in' && token.type !== 'notin' && token.type !== '!') throw StatusError.badRequest(`found '${token.text}', expected: !, identifier, or 'end of string'`)
    const parsed = parseRequirement(tokens, at)
    requirements.push(parsed.requirement)
    const separator = tokens[parsed.next]!
    if (separator.type === 'end') return new LabelSelector(requirements)
    if (separator.type !== ',') throw StatusError.badRequest(`found '${separator.text}', expected: ',' or 'end of string'`)
    at = parsed.next + 1
    const following = tokens[at]!
    if (!isIdentifier(following) && following.type !== '!') throw StatusError.badRequest(`found '${following.text}', expected: identifier after ','`)
  }
}

/** From the shape that objects carry. An invalid one throws StatusError BadRequest; `validateLabelSelector` lists every mistake. */
export function labelSelectorFromObject({ matchLabels = {}, matchExpressions = [] }: LabelSelectorObject): LabelSelector {
  const refuse = (errors: readonly FieldError[]) => { if (errors.length > 0) throw StatusError.badRequest(aggregate(errors)) }
  return new LabelSelector([
    ...Object.entries(matchLabels).map(([key, value]) => { refuse(requirementErrors(key, '=', [value])); return { key, operator: '=' as const, values: [value] } }),
    ...matchExpressions.map(({ key, operator, values = [] }) => {
      const own = OBJECT_OPERATORS.get(operator)
      if (!own) throw StatusError.badRequest(`${JSON.stringify(operator)} is not a valid label selector operator`)
      refuse(requirementErrors(key, own, values))
      return { key, operator: own, values: [...values] }
    }),
  ])
}

const OBJECT_OPERATORS = new Map<string, LabelOperator>([['In', 'in'], ['NotIn', 'notin'], ['Exists', 'exists'], ['DoesNotExist', '!']])

/** Every mistake of a selector inside an object; `path` is the field that holds it. */
export function validateLabelSelector({ matchLabels = {}, matchExpressions = [] }: LabelSelectorObject, path: string): FieldError[] {
  return [...validateLabels(matchLabels, `${path}.matchLabels`), ...matchExpressions.flatMap(({ key, operator, values = [] }, index) => {
    const at = `${path}.matchExpressions[${index}]`, errors: FieldError[] = []
    if (operator === 'In' || operator === 'NotIn') {
      if (values.length === 0) errors.push(fieldError.required(`${at}.values`, 'must be specified when `operator` is \'In\' or \'NotIn\''))
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if (values.length > 0) errors.push(fieldError.forbidden(`${at}.values`, 'may not be specified when `operator` is \'Exists\' or \'DoesNotExist\''))
    } else errors.push(fieldError.invalid(`${at}.operator`, operator, 'not a valid selector operator'))
    errors.push(...qualifiedName(key).map((text) => fieldError.invalid(`${at}.key`, key, text)))
    return [...errors, ...values.flatMap((value, i) => labelValue(value).map((text) => fieldError.invalid(`${at}.values[${i}]`, value, text)))]
  })]
}

/** Labels of an object or of a selector; all mistakes are said of `path` itself. */
export const validateLabels = (labels: Labels, path: string): FieldError[] =>
  Object.entries(labels).flatMap(([key, value]) => [...qualifiedName(key).map((text) => fieldError.invalid(path, key, text)), ...labelValue(value).map((text) => fieldError.invalid(path, value, text))])

function meets({ key, operator, values }: LabelRequirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key]! : undefined
  switch (operator) {
    case 'in': case '=': case '==': return value !== undefined && values.includes(value)
    case 'notin': case '!=': return value === undefined || !values.includes(value)
    case 'exists': return value !== undefined
    case '!': return value === undefined
    default: {
      const actual = value === undefined ? undefined : parseInt64(value), bound = parseInt64(values[0]!)
      return actual !== undefined && bound !== undefined && (operator === 'gt' ? actual > bound : actual < bound)
    }
  }
}

function print({ key, operator, values }: LabelRequirement): string {
  const list = values.toSorted().join(',')
  switch (operator) {
    case 'exists': return key
    case '!': return `!${key}`
    case 'in': case 'notin': return `${key} ${operator} (${list})`
    case 'gt': return `${key}>${list}`
    case 'lt': return `${key}<${list}`
    default: return `${key}${operator}${list}`
  }
}

type TokenType = 'end' | 'error' | 'identifier' | 'in' | 'notin' | '!' | '(' | ')' | ',' | '=' | '==' | '!=' | '>' | '<'
interface Token { readonly type: TokenType; readonly text: string }
/** Where a key or a value may stand, `in` and `notin` are ordinary words. */
const isIdentifier = ({ type }: Token) => type === 'identifier' || type === 'in' || type === 'notin'
const SYMBOLS = new Set<string>(['=', '==', '!=', '!', '(', ')', ',', '>', '<'])

/** The last token is always `end`; as upstream, a NUL ends the text. */
function scan(whole: string): Token[] {
  const nul = whole.indexOf('\0'), text = nul < 0 ? whole : whole.slice(0, nul)
  const tokens = [...text.matchAll(/(==|!=|[=!(),<>])|[^=!(),<> \t\r\n]+/g)].map(([token]): Token =>
    ({ type: SYMBOLS.has(token) || token === 'in' || token === 'notin' ? (token as TokenType) : 'identifier', text: token }))
  return [...tokens, { type: 'end', text: '' }]
}

const BINARY = new Map<TokenType, LabelOperator>([['in', 'in'], ['notin', 'notin'], ['=', '='], ['==', '=='], ['!=', '!='], ['>', 'gt'], ['<', 'lt']])
const wrong = (text: string) => StatusError.badRequest(`unable to parse requirement: ${text}`)

function parseRequirement(tokens: readonly Token[], start: number): { requirement: LabelRequirement; next: number } {
  const negated = tokens[start]!.type === '!', keyAt = negated ? start + 1 : start, { text: key } = tokens[keyAt]!
  if (!isIdentifier(tokens[keyAt]!)) throw wrong(`found '${key}', expected: identifier`)
  const problems = qualifiedName(key)
  // Upstream names no path here, which Go prints as <nil>; clients have seen that text for years.
  if (problems.length > 0) throw wrong(`<nil>: ${fieldError.invalid('', key, problems.join('; ')).message}`)
  const operatorToken = tokens[keyAt + 1]!
  if (negated) return { requirement: { key, operator: '!', values: [] }, next: keyAt + 1 }
  if (operatorToken.type === 'end' || operatorToken.type === ',') return { requirement: { key, operator: 'exists', values: [] }, next: keyAt + 1 }
  const operator = BINARY.get(operatorToken.type)
  if (!operator) throw wrong(`found '${operatorToken.text}', expected: in, notin, =, ==, !=, gt, lt`)
  const { values, next } = operator === 'in' || operator === 'notin' ? parseSet(tokens, keyAt + 2) : parseOne(tokens, keyAt + 2)
  const sorted = [...new Set(values)].toSorted(), errors = requirementErrors(key, operator, sorted)
  if (errors.length > 0) throw wrong(aggregate(errors))
  return { requirement: { key, operator, values: sorted }, next }
}

function parseOne(tokens: readonly Token[], at: number): { values: string[]; next: number } {
  const token = tokens[at]!
  if (token.type === 'end' || token.type === ',') return { values: [''], next: at }
  if (!isIdentifier(token)) throw wrong(`found '${token.text}', expected: identifier`)
  return { values: [token.text], next: at + 1 }
}

/** `(a, b)`; an empty place between commas or parentheses is the empty value. */
function parseSet(tokens: readonly Token[], start: number): { values: string[]; next: number } {
  const open = tokens[start]!, first = tokens[start + 1]
  if (open.type !== '(') throw wrong(`found '${open.text}' expected: '('`)
  if (first!.type === ')') return { values: [''], next: start + 2 }
  if (!isIdentifier(first!) && first!.type !== ',') throw wrong(`found '${first!.text}', expected: ',', ')' or identifier`)
  const values: string[] = []
  for (let at = start + 1; ; at++) {
    const token = tokens[at]!, following = tokens[at + 1]
    if (isIdentifier(token)) {
      values.push(token.text)
      if (following!.type === ')') return { values, next: at + 2 }
      if (following!.type !== ',') throw wrong(`found '${following!.text}', expected: ',' or ')'`)
    } else if (token.type === ',') {
      if (values.length === 0 || following!.type === ',' || following!.type === ')') values.push('')
      if (following!.type === ')') return { values, next: at + 2 }
    } else throw wrong(`found '${token.text}', expected: ',', or identifier`)
  }
}

function requirementErrors(key: string, operator: LabelOperator, values: readonly string[]): FieldError[] {
  const problems = qualifiedName(key), errors: FieldError[] = problems.length > 0 ? [fieldError.invalid('key', key, problems.join('; '))] : []
  if ((operator === 'in' || operator === 'notin') && values.length === 0) errors.push(fieldError.invalid('values', values, "for 'in', 'notin' operators, values set can't be empty"))
  if ((operator === 'exists' || operator === '!') && values.length > 0) errors.push(fieldError.invalid('values', values, 'values set must be empty for exists and does not exist'))
  if (operator === 'gt' || operator === 'lt')
    values.forEach((value, i) => { if (parseInt64(value) === undefined) errors.push(fieldError.invalid(`values[${i}]`, value, "for 'Gt', 'Lt' operators, the value must be an integer")) })
  values.forEach((value, i) => {
    const texts = labelValue(value)
    if (texts.length > 0) errors.push(fieldError.invalid(`values[${i}][${key}]`, value, texts.join('; ')))
  })
  return errors
}

/** Several errors as Go's aggregate prints them. */
function aggregate(errors: readonly FieldError[]): string {
  const texts = [...new Set(errors.map(({ field, message }) => `${field}: ${message}`))]
  return texts.length === 1 ? texts[0]! : `[${texts.join(', ')}]`
}

function parseInt64(text: string): bigint | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined
  const value = BigInt(text.replace(/^\+/, ''))
  return BigInt.asIntN(64, value) === value ? value : undefined
}
