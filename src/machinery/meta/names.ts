/** Rules for names as Kubernetes words them (apimachinery/pkg/api/validate/content). Each answers why a value is wrong; empty: it is right. Lengths are in bytes of UTF-8. */
type NameRule = (value: string) => string[]

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const LETTER_LABEL = '[a-z]([-a-z0-9]*[a-z0-9])?'
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'
const VALUE = `(${QUALIFIED})?`
const LABEL_REGEX = new RegExp(`^${LABEL}$`), LETTER_LABEL_REGEX = new RegExp(`^${LETTER_LABEL}$`), SUBDOMAIN_REGEX = new RegExp(`^${SUBDOMAIN}$`), QUALIFIED_REGEX = new RegExp(`^${QUALIFIED}$`), VALUE_REGEX = new RegExp(`^${VALUE}$`)
const QUALIFIED_TEXT = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"

/** Names of namespaces and the like: at most 63 bytes, no dots. */
export const dns1123Label: NameRule = (value) => {
  const errors = tooLong(value, 63, 'characters')
  if (LABEL_REGEX.test(value)) return errors
  // A valid subdomain that is not a valid label can only be wrong for its dots.
  if (SUBDOMAIN_REGEX.test(value)) return [...errors, 'must not contain dots']
  return [...errors, mismatch("a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character", LABEL, 'my-name', '123-abc')]
}

/** Names that begin with a letter, of Services, versions and plurals: at most 63 bytes, no dots. */
export const dns1035Label: NameRule = (value) => [
  ...tooLong(value, 63),
  ...(LETTER_LABEL_REGEX.test(value) ? [] : [mismatch("a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character", LETTER_LABEL, 'my-name', 'abc-123')]),
]

/** Names of roles and bindings: whatever can stand in a path. */
export const pathSegmentName: NameRule = (value) => [
  ...(value === '.' || value === '..' ? [`may not be '${value}'`] : []),
  ...['/', '%'].flatMap((part) => (value.includes(part) ? [`may not contain '${part}'`] : [])),
]

/** Names of most objects: at most 253 bytes. */
export const dns1123Subdomain: NameRule = (value) => subdomain(value, 'characters')

/** Upstream says the unit differently for names and for what is before the slash of a label's key. */
const subdomain = (value: string, unit: Unit) => [
  ...tooLong(value, 253, unit),
  ...(SUBDOMAIN_REGEX.test(value) ? [] : [mismatch("a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character", SUBDOMAIN, 'example.com')]),
]

/** Label keys, annotation keys and finalizers: `[prefix/]name`. */
export const qualifiedName: NameRule = (value) => {
  const parts = value.split('/')
  if (parts.length > 2) return [`a valid label key ${mismatch(QUALIFIED_TEXT, QUALIFIED, 'MyName', 'my.name', '123-abc')} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`]
  const name = parts.at(-1)!, prefix = parts.length === 2 ? parts[0]! : undefined
  const ofPrefix = prefix === undefined ? [] : prefix === '' ? ['must be non-empty'] : subdomain(prefix, 'bytes')
  const ofName = [...(name === '' ? ['must be non-empty'] : tooLong(name, 63)), ...(QUALIFIED_REGEX.test(name) ? [] : [mismatch(QUALIFIED_TEXT, QUALIFIED, 'MyName', 'my.name', '123-abc')])]
  return [...ofPrefix.map((text) => `prefix part ${text}`), ...ofName.map((text) => `name part ${text}`)]
}

export const labelValue: NameRule = (value) => [
  ...tooLong(value, 63),
  ...(VALUE_REGEX.test(value) ? [] : [mismatch(`a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character`, VALUE, 'MyValue', 'my_value', '12345')]),
]

type Unit = 'bytes' | 'characters'
const tooLong = (value: string, max: number, unit: Unit = 'bytes') => (Buffer.byteLength(value) > max ? [`must be no more than ${max} ${unit}`] : [])
const mismatch = (text: string, pattern: string, ...examples: string[]) => `${text} (e.g. ${examples.map((example) => `'${example}', `).join(' or ')}regex used for validation is '${pattern}')`
