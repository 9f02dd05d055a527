/** A number of a parsed document: a JavaScript number, or the raw text that stands for an integer which a double cannot hold (`meta/json.ts`). */
export const isNumber = (value: unknown): boolean => typeof value === 'number' || JSON.isRawJSON(value)

/** Its value as a double; near 2^63 this is approximate. */
export const toNumber = (value: unknown): number => (JSON.isRawJSON(value) ? Number(value.rawJSON) : (value as number))

/** Its value exactly, where it is integral; undefined where it is not. */
export function toInteger(value: unknown): bigint | undefined {
  if (JSON.isRawJSON(value) && INTEGER.test(value.rawJSON)) return BigInt(value.rawJSON)
  const number = toNumber(value)
  return Number.isInteger(number) ? BigInt(number) : undefined
}

/** As Go stores it: integers that fit int64 keep every digit, all else is a double (`1.0` becomes 1, `2e1` becomes 20). */
export function normalNumber(value: unknown): unknown {
  if (!JSON.isRawJSON(value)) return value
  if (!INTEGER.test(value.rawJSON)) return Number(value.rawJSON)
  const integer = BigInt(value.rawJSON)
  return integer >= INT64_MIN && integer <= INT64_MAX ? value : Number(value.rawJSON)
}

const INTEGER = /^-?\d+$/
const INT64_MIN = -(2n ** 63n), INT64_MAX = 2n ** 63n - 1n

/** Without a format integers are 64 bits wide. */
export function fitsFormat(value: bigint, format: string | undefined): boolean {
  const limit = format === 'int32' ? 2n ** 31n : 2n ** 63n
  return value >= -limit && value < limit
}
