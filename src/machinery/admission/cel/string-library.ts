import type { Environment } from '@marcbachmann/cel-js'
import { registerNamespace } from './namespace.ts'

/** charAt, replace, reverse, format and strings.quote, which the language's own strings lack here (cel-go/ext/strings.go). */
export function registerStrings(environment: Environment): void {
  const method = (signature: string, handler: (...values: never[]) => unknown) => environment.registerFunction(signature, handler, { async: false })
  method('string.charAt(int): string', (text: string, at: bigint) => {
    const characters = Array.from(text)
    if (at < 0n || at > BigInt(characters.length)) throw new Error(`index out of range: ${at}`)
    return characters[Number(at)] ?? ''
  })
  method('string.replace(string, string): string', (text: string, old: string, by: string) => text.replaceAll(old, () => by))
  method('string.replace(string, string, int): string', replaceSome)
  method('string.reverse(): string', (text: string) => Array.from(text).toReversed().join(''))
  method('string.format(list): string', (text: string, values: unknown[]) => format(text, values))
  registerNamespace(environment, 'strings', 'StringNamespace')
  method('StringNamespace.quote(string): string', (_: unknown, text: string) => JSON.stringify(text))
}

function replaceSome(text: string, old: string, by: string, count: bigint): string {
  if (count < 0n) return text.replaceAll(old, () => by)
  let left = count
  return text.replaceAll(old, (match) => (left-- > 0n ? by : match))
}

/** The verbs of CEL's format: %s %d %f %e %b %o %x %X %%, with a precision for f and e (6 where none is given). */
function format(text: string, values: readonly unknown[]): string {
  let next = 0
  return text.replaceAll(/%(?:\.(\d+))?([a-zA-Z%])/g, (_, precision: string | undefined, verb: string) => {
    if (verb === '%') return '%'
    if (next >= values.length) throw new Error(`index ${next} out of range`)
    return formatted(verb, values[next++], precision === undefined ? 6 : Number(precision))
  })
}

function formatted(verb: string, value: unknown, precision: number): string {
  switch (verb) {
    case 's': return shown(value)
    case 'd': return integer(value, 10)
    case 'b': return typeof value === 'boolean' ? (value ? '1' : '0') : integer(value, 2)
    case 'o': return integer(value, 8)
    case 'x': case 'X': {
      const text = typeof value === 'string' ? Buffer.from(value).toString('hex') : value instanceof Uint8Array ? Buffer.from(value).toString('hex') : integer(value, 16)
      return verb === 'X' ? text.toUpperCase() : text
    }
    case 'f': return real(value).toFixed(precision)
    case 'e': return real(value).toExponential(precision).replace(/e([+-])(\d)$/, 'e$10$2')
    default: throw new Error(`could not parse formatting clause: unrecognized formatting clause "${verb}"`)
  }
}

function integer(value: unknown, base: number): string {
  if (typeof value === 'bigint') return value.toString(base)
  throw new Error('error during formatting: integer clause can only be used on integers')
}

function real(value: unknown): number {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return Number(value)
  throw new Error('error during formatting: fixed-point clause can only be used on doubles')
}

function shown(value: unknown): string {
  if (typeof value === 'string') return value
  if (value === null) return 'null'
  if (typeof value === 'bigint' || typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (value instanceof Date) return value.toISOString().replace('.000Z', 'Z')
  if (value instanceof Uint8Array) return Buffer.from(value).toString()
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`
  if (Object.getPrototypeOf(value) === Object.prototype) return `{${Object.entries(value as object).toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, member]) => `${key}: ${shown(member)}`).join(', ')}}`
  // Durations, types and addresses print themselves.
  return (value as Date).toString()
}
