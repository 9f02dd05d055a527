import type { Environment } from '@marcbachmann/cel-js'

class SemverValue {
  readonly numbers: readonly bigint[]
  readonly before: readonly string[]
  constructor(numbers: readonly bigint[], before: readonly string[]) { this.numbers = numbers; this.before = before }
}

const STRICT = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][\w-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][\w-]*))*))?(?:\+[\w.-]+)?$/

/** semver, isSemver and what versions can do (apiserver/pkg/cel/library/semverlib.go). */
export function registerSemver(environment: Environment): void {
  environment.registerType('kubernetes.Semver', SemverValue)
  const method = (signature: string, handler: (...values: never[]) => unknown) => environment.registerFunction(signature.replaceAll('Semver.', 'kubernetes.Semver.').replaceAll('(Semver)', '(kubernetes.Semver)').replace(': Semver', ': kubernetes.Semver'), handler, { async: false })
  const parsed = (text: string) => {
    const version = parse(text)
    if (!version) throw new Error('invalid semantic version')
    return version
  }
  method('semver(string): Semver', (text: string) => parsed(text))
  method('semver(string, bool): Semver', (text: string, isLenient: boolean) => parsed(isLenient ? normalized(text) : text))
  method('isSemver(string): bool', (text: string) => parse(text) !== undefined)
  method('isSemver(string, bool): bool', (text: string, isLenient: boolean) => parse(isLenient ? normalized(text) : text) !== undefined)
  for (const [i, name] of ['major', 'minor', 'patch'].entries()) method(`Semver.${name}(): int`, ({ numbers }: SemverValue) => numbers[i])
  method('Semver.isLessThan(Semver): bool', (a: SemverValue, b: SemverValue) => compare(a, b) < 0)
  method('Semver.isGreaterThan(Semver): bool', (a: SemverValue, b: SemverValue) => compare(a, b) > 0)
  method('Semver.compareTo(Semver): int', (a: SemverValue, b: SemverValue) => BigInt(compare(a, b)))
  environment.registerOperator('kubernetes.Semver == kubernetes.Semver', (a: SemverValue, b: SemverValue) => compare(a, b) === 0)
}

function parse(text: string): SemverValue | undefined {
  const match = STRICT.exec(text)
  return match ? new SemverValue([match[1]!, match[2]!, match[3]!].map(BigInt), match[4]?.split('.') ?? []) : undefined
}

/** Without a leading v and leading zeros, with the numbers that are missing. */
function normalized(text: string): string {
  const [, numbers = '', rest = ''] = /^v?([\d.]*)(.*)$/s.exec(text) ?? [], parts = numbers.split('.').map((part) => part.replace(/^0+(?=\d)/, ''))
  while (parts.length < 3) parts.push('0')
  return parts.join('.') + rest
}

function compare(a: SemverValue, b: SemverValue): number {
  for (const [i, number] of a.numbers.entries()) if (number !== b.numbers[i]) return number < b.numbers[i]! ? -1 : 1
  if (a.before.length === 0 || b.before.length === 0) return Math.sign(b.before.length - a.before.length)
  for (let i = 0; i < Math.min(a.before.length, b.before.length); i++) {
    const order = comparePart(a.before[i]!, b.before[i]!)
    if (order !== 0) return order
  }
  return Math.sign(a.before.length - b.before.length)
}

/** Numbers come before words. */
function comparePart(a: string, b: string): number {
  const isNumber = /^\d+$/, numeric = [isNumber.test(a), isNumber.test(b)]
  if (numeric[0] && numeric[1]) return Math.sign(Number(BigInt(a) - BigInt(b)))
  if (numeric[0] !== numeric[1]) return numeric[0] ? -1 : 1
  return a < b ? -1 : a > b ? 1 : 0
}
