import type { Environment } from '@marcbachmann/cel-js'
import { equalValues } from './list-library.ts'
import { registerNamespace } from './namespace.ts'

/** sets.contains, sets.equivalent and sets.intersects (cel-go/ext/sets.go). */
export function registerSets(environment: Environment): void {
  registerNamespace(environment, 'sets', 'SetNamespace')
  const method = (name: string, handler: (a: readonly unknown[], b: readonly unknown[]) => boolean) =>
    environment.registerFunction(`SetNamespace.${name}(list<A>, list<A>): bool`, (_: unknown, a: readonly unknown[], b: readonly unknown[]) => handler(a, b), { async: false })
  const has = (list: readonly unknown[], item: unknown) => list.some((other) => equalValues(other, item))
  const contains = (list: readonly unknown[], part: readonly unknown[]) => part.every((item) => has(list, item))
  method('contains', contains)
  method('equivalent', (a, b) => contains(a, b) && contains(b, a))
  method('intersects', (a, b) => a.some((item) => has(b, item)))
}
