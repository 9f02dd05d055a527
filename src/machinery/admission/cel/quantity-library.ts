import type { Environment } from '@marcbachmann/cel-js'
import { addQuantities, compareQuantities, formatQuantity, parseQuantity, subtractQuantities, type Quantity } from '../../meta/quantity.ts'

/** Resource quantities as CEL holds them. */
class QuantityValue {
  readonly quantity: Quantity
  constructor(quantity: Quantity) { this.quantity = quantity }
  toString(): string { return formatQuantity(this.quantity) }
}

const NANO = 1_000_000_000n, MAX_INT64 = (1n << 63n) - 1n

/** quantity, isQuantity and what quantities can do (apiserver/pkg/cel/library/quantity.go). */
export function registerQuantity(environment: Environment): void {
  environment.registerType('kubernetes.Quantity', QuantityValue)
  const method = (signature: string, handler: (...values: never[]) => unknown) => environment.registerFunction(signature.replaceAll('Quantity.', 'kubernetes.Quantity.').replaceAll('(Quantity)', '(kubernetes.Quantity)').replace(': Quantity', ': kubernetes.Quantity'), handler, { async: false })
  const parsed = (text: string) => {
    const quantity = parseQuantity(text)
    if (!quantity) throw new Error("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")
    return new QuantityValue(quantity)
  }
  const whole = ({ quantity: { nano } }: QuantityValue) => nano % NANO === 0n && nano / NANO <= MAX_INT64 && nano / NANO >= -MAX_INT64 - 1n
  const compare = (a: QuantityValue, b: QuantityValue) => compareQuantities(a.quantity, b.quantity)
  const of = (value: bigint): Quantity => ({ nano: value * NANO, format: 'DecimalSI' })
  method('quantity(string): Quantity', parsed)
  method('isQuantity(string): bool', (text: string) => parseQuantity(text) !== undefined)
  method('Quantity.sign(): int', ({ quantity: { nano } }: QuantityValue) => (nano > 0n ? 1n : nano < 0n ? -1n : 0n))
  method('Quantity.isInteger(): bool', whole)
  method('Quantity.asInteger(): int', (value: QuantityValue) => {
    if (!whole(value)) throw new Error('cannot convert value to integer')
    return value.quantity.nano / NANO
  })
  method('Quantity.asApproximateFloat(): double', ({ quantity: { nano } }: QuantityValue) => Number(nano) / 1e9)
  method('Quantity.add(Quantity): Quantity', (a: QuantityValue, b: QuantityValue) => new QuantityValue(addQuantities(a.quantity, b.quantity)))
  method('Quantity.add(int): Quantity', (a: QuantityValue, b: bigint) => new QuantityValue(addQuantities(a.quantity, of(b))))
  method('Quantity.sub(Quantity): Quantity', (a: QuantityValue, b: QuantityValue) => new QuantityValue(subtractQuantities(a.quantity, b.quantity)))
  method('Quantity.sub(int): Quantity', (a: QuantityValue, b: bigint) => new QuantityValue(subtractQuantities(a.quantity, of(b))))
  method('Quantity.isLessThan(Quantity): bool', (a: QuantityValue, b: QuantityValue) => compare(a, b) < 0)
  method('Quantity.isGreaterThan(Quantity): bool', (a: QuantityValue, b: QuantityValue) => compare(a, b) > 0)
  method('Quantity.compareTo(Quantity): int', (a: QuantityValue, b: QuantityValue) => BigInt(compare(a, b)))
  environment.registerOperator('kubernetes.Quantity == kubernetes.Quantity', (a: QuantityValue, b: QuantityValue) => compare(a, b) === 0)
}
