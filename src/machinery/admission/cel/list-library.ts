import type { Environment } from '@marcbachmann/cel-js'
import { Duration } from '@marcbachmann/cel-js/evaluator'
import { registerNamespace } from './namespace.ts'

/** isSorted, sum, min, max, indexOf, lastIndexOf (apiserver/pkg/cel/library/lists.go), and distinct, flatten, reverse, slice, sort, lists.range of CEL's own list library. */
export function registerLists(environment: Environment): void {
  const method = (signature: string, handler: (...values: never[]) => unknown) => environment.registerFunction(signature, handler, { async: false })
  method('list<A>.isSorted(): bool', (list: Comparable[]) => list.every((item, i) => i === 0 || compare(list[i - 1]!, item) <= 0))
  method('list<A>.min(): A', (list: Comparable[]) => extreme(list, 'min', -1))
  method('list<A>.max(): A', (list: Comparable[]) => extreme(list, 'max', 1))
  method('list<int>.sum(): int', (list: bigint[]) => list.reduce((sum, item) => sum + item, 0n))
  method('list<double>.sum(): double', (list: number[]) => list.reduce((sum, item) => sum + item, 0))
  method('list<google.protobuf.Duration>.sum(): google.protobuf.Duration', (list: Duration[]) => list.reduce((sum, item) => sum.addDuration(item), new Duration(0)))
  method('list<A>.indexOf(A): int', (list: unknown[], item: unknown) => BigInt(list.findIndex((other) => equalValues(other, item))))
  method('list<A>.lastIndexOf(A): int', (list: unknown[], item: unknown) => BigInt(list.findLastIndex((other) => equalValues(other, item))))
  method('list<A>.distinct(): list<A>', (list: unknown[]) => list.filter((item, at) => list.findIndex((other) => equalValues(other, item)) === at))
  method('list<A>.reverse(): list<A>', (list: unknown[]) => list.toReversed())
  method('list<A>.sort(): list<A>', (list: Comparable[]) => list.toSorted(compare))
  method('list<A>.slice(int, int): list<A>', slice)
  method('list.flatten(): list<dyn>', (list: unknown[]) => list.flat(1))
  method('list.flatten(int): list<dyn>', (list: unknown[], depth: bigint) => {
    if (depth < 0n) throw new Error('level must be non-negative')
    return list.flat(Number(depth))
  })
  registerNamespace(environment, 'lists', 'ListNamespace')
  method('ListNamespace.range(int): list<int>', (_: unknown, count: bigint) => {
    if (count > MAX_RANGE) throw new Error(`lists.range: at most ${MAX_RANGE} items`)
    return Array.from({ length: Number(count) }, (__, i) => BigInt(i))
  })
}

const MAX_RANGE = 100_000n

type Comparable = bigint | number | string | boolean | Date | Duration

function compare(a: Comparable, b: Comparable): number {
  // Strings by code point, as Go compares them.
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b))
  return a < b ? -1 : a > b ? 1 : 0
}

function extreme(list: readonly Comparable[], name: string, sign: number): Comparable {
  if (list.length === 0) throw new Error(`${name} called on empty list`)
  return list.reduce((best, item) => (compare(item, best) * sign > 0 ? item : best))
}

function slice(list: readonly unknown[], start: bigint, end: bigint): unknown[] {
  if (start < 0n || end < 0n) throw new Error(`cannot slice(${start}, ${end}), negative indexes not supported`)
  if (start > end) throw new Error(`cannot slice(${start}, ${end}), start index must be less than or equal to end index`)
  if (end > BigInt(list.length)) throw new Error(`cannot slice(${start}, ${end}), list is length ${list.length}`)
  return list.slice(Number(start), Number(end))
}

/** Equality by value, numbers of different types included. */
export function equalValues(a: unknown, b: unknown): boolean {
  if (a === b) return true
  // oxlint-disable-next-line eqeqeq -- 1 == 1.0 in CEL
  if ((typeof a === 'bigint' || typeof a === 'number') && (typeof b === 'bigint' || typeof b === 'number')) return a == b
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (a instanceof Date) return b instanceof Date && a.getTime() === b.getTime()
  if (a instanceof Duration) return b instanceof Duration && a.seconds === b.seconds && a.nanos === b.nanos
  if (Array.isArray(a) || a instanceof Uint8Array) return (Array.isArray(b) || b instanceof Uint8Array) && a.length === b.length && a.every((item, i) => equalValues(item, b[i]))
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && equalValues((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]))
}
