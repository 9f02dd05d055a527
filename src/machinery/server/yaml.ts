import { boolYaml11Tag, defineScalarTag, dump, DUMP_SCHEMA, FAILSAFE_SCHEMA, floatCoreTag, intCoreTag, loadAll, mergeTag, NOT_RESOLVED, nullYaml11Tag } from 'js-yaml'
import { MAX_DEPTH } from '../meta/json-value.ts'
import { parseJson, stringifyJson } from '../meta/json.ts'
import { checkExpansion } from './yaml-expansion.ts'

/**
 * YAML as Kubernetes reads it (sigs.k8s.io/yaml): version 1.1, where an unquoted `y` is true, but dates and `8080:80` stay text, and integers of any length keep their digits.
 * An empty text is null; of several documents the first counts. Throws where it is malformed, nests deeper than `MAX_DEPTH`, holds what is no number, or repeats aliases so often that a small body would grow without bound.
 */
export function parseYaml(text: string): unknown {
  const value = loadAll(text, { schema: INPUT, maxDepth: MAX_DEPTH, json: true })[0] ?? null
  checkExpansion(value, text)
  // Through JSON: what JSON cannot say is refused here rather than stored.
  return parseJson(stringifyJson(finite(value)))
}

function finite(value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError(`json: unsupported value: ${Number.isNaN(value) ? 'NaN' : value < 0 ? '-Inf' : '+Inf'}`)
  if (typeof value === 'object' && value !== null && !isRaw(value)) for (const member of Object.values(value)) finite(member)
  return value
}

/** Keys sorted and lists not indented, as Kubernetes writes YAML. */
export const stringifyYaml = (value: unknown): string => dump(value, { schema: OUTPUT, sortKeys: true, seqNoIndent: true, noRefs: true, lineWidth: -1, quoteStyle: 'double' })

const DECIMAL = /^[-+]?[1-9][0-9_]*$|^[-+]?0$/, OTHER_BASE = /^[-+]?0(?:x[0-9a-fA-F_]+|o?[0-7_]+|b[01_]+)$/

const integer = defineScalarTag('tag:yaml.org,2002:int', {
  implicit: true,
  implicitFirstChars: '-+0123456789'.split(''),
  resolve: (source): unknown => {
    const digits = source.replaceAll('_', '').replace(/^\+/, '')
    if (DECIMAL.test(source)) return Number.isSafeInteger(Number(digits)) ? Number(digits) : JSON.rawJSON(digits)
    if (!OTHER_BASE.test(source)) return NOT_RESOLVED
    const negative = digits.startsWith('-'), value = Number(digits.replace(/^-/, '').replace(/^0(?=[0-7])/, '0o'))
    return Number.isSafeInteger(value) ? (negative ? -value : value) : NOT_RESOLVED
  },
  identify: () => false,
})
/** What a double cannot hold comes from `parseJson` as raw JSON, and goes out with the same digits. */
const isRaw = (data: unknown): data is { rawJSON: string } => typeof data === 'object' && data !== null && JSON.isRawJSON(data)
const output = (name: 'int' | 'float', fits: (text: string) => boolean) => {
  const usual = name === 'int' ? intCoreTag : floatCoreTag
  return defineScalarTag(`tag:yaml.org,2002:${name}`, {
    ...usual,
    identify: (data: unknown) => (isRaw(data) ? fits(data.rawJSON) : usual.identify(data)),
    represent: (data: unknown) => (isRaw(data) ? data.rawJSON : usual.represent(data)),
  })
}
const isInteger = (text: string) => /^-?\d+$/.test(text)
const INPUT = FAILSAFE_SCHEMA.withTags(nullYaml11Tag, boolYaml11Tag, integer, floatCoreTag, mergeTag)
const OUTPUT = DUMP_SCHEMA.withTags(output('int', isInteger), output('float', (text) => !isInteger(text)))
