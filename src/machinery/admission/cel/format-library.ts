import type { Environment } from '@marcbachmann/cel-js'
import { Optional } from '@marcbachmann/cel-js'
import { dns1035Label, dns1123Label, dns1123Subdomain, labelValue, qualifiedName } from '../../meta/names.ts'
import { isFormat } from '../../schema/format.ts'
import { registerNamespace } from './namespace.ts'

class FormatValue {
  readonly name: string
  constructor(name: string) { this.name = name }
}

/** format.dns1123Label() and its like, format.named(…) and validate (apiserver/pkg/cel/library/format.go). */
export function registerFormat(environment: Environment): void {
  environment.registerType('kubernetes.NamedFormat', FormatValue)
  registerNamespace(environment, 'format', 'FormatNamespace')
  const method = (signature: string, handler: (...values: never[]) => unknown) => environment.registerFunction(signature, handler, { async: false })
  for (const name of Object.keys(FORMATS)) method(`FormatNamespace.${name}(): kubernetes.NamedFormat`, () => new FormatValue(name))
  method('FormatNamespace.named(string): optional<kubernetes.NamedFormat>', (_: unknown, name: string) => (Object.hasOwn(FORMATS, name) ? Optional.of(new FormatValue(name)) : Optional.none()))
  method('kubernetes.NamedFormat.validate(string): optional<list<string>>', ({ name }: FormatValue, text: string) => {
    const errors = FORMATS[name]!(text)
    return errors.length > 0 ? Optional.of(errors) : Optional.none()
  })
}

/** A prefix may end in '-': it is judged as if something followed. */
const asPrefix = (rule: (text: string) => string[]) => (text: string) => rule(text.endsWith('-') && text.length > 1 ? `${text.slice(0, -1)}a` : text)
const checked = (format: string, error: string) => (text: string) => (isFormat(format, text) ? [] : [error])

const FORMATS: Readonly<Record<string, (text: string) => string[]>> = {
  dns1123Label, dns1123Subdomain, dns1035Label, qualifiedName, labelValue,
  dns1123LabelPrefix: asPrefix(dns1123Label), dns1123SubdomainPrefix: asPrefix(dns1123Subdomain), dns1035LabelPrefix: asPrefix(dns1035Label),
  uri: (text) => (text.startsWith('/') || (/^[a-zA-Z][a-zA-Z0-9+.-]*:/.test(text) && URL.canParse(text)) ? [] : [`parse ${JSON.stringify(text)}: invalid URI for request`]),
  uuid: checked('uuid', 'does not match the UUID format'), byte: checked('byte', 'invalid base64'), date: checked('date', 'invalid date'), datetime: checked('date-time', 'invalid datetime'),
}
