import { StatusError } from './status-error.ts'

export interface FieldRequirement { readonly field: string; readonly operator: '=' | '!='; readonly value: string }

/** The conjunction of `field=value` and `field!=value` terms; an absent field equals the empty string. */
export class FieldSelector {
  /** In the order of their texts. */
  readonly requirements: readonly FieldRequirement[]

  constructor(requirements: readonly FieldRequirement[]) { this.requirements = requirements }

  get isEmpty(): boolean { return this.requirements.length === 0 }
  matches(valueOf: (field: string) => string): boolean { return this.requirements.every(({ field, operator, value }) => (valueOf(field) === value) === (operator === '=')) }
  toString(): string { return this.requirements.map(({ field, operator, value }) => `${field}${operator}${value.replaceAll(/[\\,=]/g, String.raw`\$&`)}`).join(',') }
  /** The one value that a field must have, if an equality says so. */
  exact(field: string): string | undefined { return this.requirements.find((requirement) => requirement.field === field && requirement.operator === '=')?.value }
}

/** Terms `=`, `==`, `!=` joined by commas; backslash escapes backslash, comma and equals sign. Throws StatusError BadRequest with the texts of apimachinery/pkg/fields. */
export function parseFieldSelector(text: string): FieldSelector {
  const terms = splitTerms(text).toSorted().filter((term) => term !== '')
  return new FieldSelector(terms.map((term) => {
    const match = /!=|==|=/.exec(term)
    if (!match) throw StatusError.badRequest(`invalid selector: '${text}'; can't understand '${term}'`)
    return { field: term.slice(0, match.index), operator: match[0] === '!=' ? '!=' : '=', value: unescape(term.slice(match.index + match[0].length)) }
  }))
}

/** The object that a selector names: it reads one key instead of a list. */
export const fieldSelectorName = (text: string): string | undefined => parseFieldSelector(text).exact('metadata.name')

/** At commas that no backslash precedes. */
const splitTerms = (text: string): string[] => {
  const terms: string[] = []
  let start = 0
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === ',') { terms.push(text.slice(start, at)); start = at + 1 }
  }
  return [...terms, text.slice(start)]
}

const unescape = (text: string): string =>
  text.replaceAll(/\\(.?)|[,=]/gsu, (whole, escaped: string | undefined) => {
    if (escaped === undefined) throw StatusError.badRequest(`invalid field selector: unescaped character in value: ${whole.codePointAt(0)}`)
    if (escaped !== '\\' && escaped !== ',' && escaped !== '=') throw StatusError.badRequest(`invalid field selector: invalid escape sequence: ${whole}`)
    return escaped
  })
