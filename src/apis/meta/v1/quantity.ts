/** Kubernetes' own Quantity: `500m`, `4Gi`, `1e3`. */
export type Quantity = string | number

/** In billionths, rounded up; undefined where it is no quantity. Comparable as it is. */
export function quantityNanos(quantity: Quantity): bigint | undefined {
  const [, sign, whole = '', fraction = '', suffix = ''] = /^([+-]?)(\d*)(?:\.(\d*))?([numkMGTPE]|[KMGTPE]i|[eE][+-]?\d{1,2})?$/.exec(String(quantity)) ?? []
  if (whole + fraction === '' || !/^[+-]?[.\d]/.test(String(quantity))) return undefined
  const factor = BINARY[suffix] ?? 1n, exponent = DECIMAL[suffix] ?? (/^[eE][+-]?\d/.test(suffix) ? Number(suffix.slice(1)) : 0), shift = exponent + 9 - fraction.length
  const digits = BigInt(whole + fraction) * factor
  const nanos = shift >= 0 ? digits * 10n ** BigInt(shift) : (digits + 10n ** BigInt(-shift) - 1n) / 10n ** BigInt(-shift)
  return sign === '-' ? -nanos : nanos
}

const BINARY: Readonly<Record<string, bigint>> = { Ki: 2n ** 10n, Mi: 2n ** 20n, Gi: 2n ** 30n, Ti: 2n ** 40n, Pi: 2n ** 50n, Ei: 2n ** 60n }
const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 }
