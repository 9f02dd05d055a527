/** Resource quantities (`500m`, `1Gi`, `1e3`), exact to a billionth as apimachinery/pkg/api/resource keeps them. */
export interface Quantity {
  /** Billionths. */
  readonly nano: bigint
  readonly format: 'DecimalSI' | 'BinarySI' | 'DecimalExponent'
}

const NANO = 1_000_000_000n, MILLI = 1_000_000n, MAX_INT64 = (1n << 63n) - 1n
const SYNTAX = /^([+-]?)(\d*)(?:\.(\d*))?(?:(Ki|Mi|Gi|Ti|Pi|Ei)|([eE][+-]?\d+)|([numkMGTPE]?))$/
const BINARY = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'], DECIMAL = new Map([['n', -9], ['u', -6], ['m', -3], ['', 0], ['k', 3], ['M', 6], ['G', 9], ['T', 12], ['P', 15], ['E', 18]])
const SUFFIX_OF = new Map([...DECIMAL].map(([suffix, exponent]) => [exponent, suffix]))
/** Beyond any real quantity, and short of a computation that never ends. */
const MAX_EXPONENT = 1000

export const ZERO: Quantity = { nano: 0n, format: 'DecimalSI' }

/** Undefined where the text is no quantity; no digits at all are zero, as upstream reads them. What is finer than a billionth is rounded away from zero; binary suffixes are capped at the largest int64. */
export function parseQuantity(text: string): Quantity | undefined {
  const match = SYNTAX.exec(text)
  if (!match || text === '') return undefined
  const [, sign, whole = '', fraction = '', binary, exponent, decimal = ''] = match, digits = BigInt(whole + fraction || '0'), signed = (nano: bigint) => (sign === '-' ? -nano : nano)
  if (binary) {
    const scaled = upwards(digits * (1n << BigInt(10 * (BINARY.indexOf(binary) + 1))) * NANO, 10n ** BigInt(fraction.length))
    return { nano: signed(scaled > MAX_INT64 * NANO ? MAX_INT64 * NANO : scaled), format: 'BinarySI' }
  }
  const power = exponent ? Number(exponent.slice(1)) : DECIMAL.get(decimal)!
  if (Math.abs(power) > MAX_EXPONENT) return undefined
  const shift = power + 9 - fraction.length
  return { nano: signed(shift >= 0 ? digits * 10n ** BigInt(shift) : upwards(digits, 10n ** BigInt(-shift))), format: exponent ? 'DecimalExponent' : 'DecimalSI' }
}

/** The canonical text: the largest suffix that leaves a whole number. */
export function formatQuantity({ nano, format }: Quantity): string {
  const size = nano < 0n ? -nano : nano, minus = nano < 0n ? '-' : ''
  if (size === 0n) return '0'
  if (format === 'BinarySI' && size >= 1024n * NANO) {
    let value = upwards(size, NANO), power = 0
    for (; value % 1024n === 0n && power < BINARY.length; power++) value /= 1024n
    return `${minus}${value}${power ? BINARY[power - 1]! : ''}`
  }
  const highest = format === 'DecimalExponent' ? Infinity : 18
  let value = size, exponent = -9
  for (; value % 1000n === 0n && exponent < highest; exponent += 3) value /= 1000n
  return `${minus}${value}${format === 'DecimalExponent' ? (exponent ? `e${exponent}` : '') : SUFFIX_OF.get(exponent)!}`
}

/** In the format of `left`, unless that is zero. */
export const addQuantities = (left: Quantity, right: Quantity): Quantity => ({ nano: left.nano + right.nano, format: left.nano === 0n ? right.format : left.format })
export const subtractQuantities = (left: Quantity, right: Quantity): Quantity => ({ nano: left.nano - right.nano, format: left.nano === 0n ? right.format : left.format })
export const compareQuantities = (left: Quantity, right: Quantity): number => (left.nano < right.nano ? -1 : left.nano > right.nano ? 1 : 0)
/** Thousandths, rounded away from zero. */
export const milliOf = ({ nano }: Quantity): bigint => (nano < 0n ? -upwards(-nano, MILLI) : upwards(nano, MILLI))
/** Rounded away from zero. */
export const valueOf = ({ nano }: Quantity): bigint => (nano < 0n ? -upwards(-nano, NANO) : upwards(nano, NANO))

const upwards = (value: bigint, by: bigint): bigint => (value + by - 1n) / by
