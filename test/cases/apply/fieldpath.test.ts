import { describe, expect, test } from 'vitest'
import { compareElements, parseElement, type Path, printPath } from '../../../src/machinery/apply/field-path.ts'
import { guessPaths } from '../../../src/machinery/apply/guess-paths.ts'
import { conflictsOf, equalManagers, managersDifference, type Managers, pathsOf } from '../../../src/machinery/apply/managers.ts'
import { withNamedFields } from '../../../src/machinery/apply/owned-paths.ts'
import { including } from '../../../src/machinery/apply/path-pattern.ts'
import { PathSet } from '../../../src/machinery/apply/path-set.ts'
import { compareValues, equalValues } from '../../../src/machinery/apply/value-order.ts'
import { loadCases } from './load-cases.ts'

type Fields = Record<string, unknown>
interface ManagedCase { readonly apiVersion: string; readonly applied: boolean; readonly set: Fields }
interface FieldPathCase { readonly name: string; readonly op: string; readonly [field: string]: unknown }

const { cases, typeOf } = loadCases<FieldPathCase>('fieldpath.json')
const set = (fields: unknown) => PathSet.fromFields(fields)
const text = (of: PathSet) => JSON.stringify(of.toFields())
const managers = (of: unknown): Managers => new Map(Object.entries(of as Record<string, ManagedCase>).map(([name, managed]) => [name, { ...managed, set: set(managed.set) }]))

const wasThrown = (run: () => unknown): boolean => {
  try { run() } catch (error) { return error instanceof SyntaxError }
  return false
}

/** What is, and what the case says. */
type Outcome = readonly [actual: unknown, expected: unknown]
const OPERATIONS: Readonly<Record<string, (of: FieldPathCase) => Outcome>> = {
  parseElement: ({ input, result, canonical }) => (result === 'error' ? [wasThrown(() => parseElement(input as string)), true] : [parseElement(input as string), result === 'unknown' ? undefined : canonical]),
  parseSet: ({ input, ok, canonical, paths, size }) => {
    const parse = () => set(JSON.parse(input as string))
    return ok ? [{ canonical: text(parse()), paths: [...parse().paths()], size: parse().size }, { canonical, paths: paths ?? [...parse().paths()], size: size ?? parse().size }] : [wasThrown(parse), true]
  },
  build: ({ paths, canonical, size }) => [{ canonical: text(PathSet.from(paths as Path[])), size: PathSet.from(paths as Path[]).size }, { canonical, size }],
  iterate: ({ set: fields, paths, size }) => [{ paths: [...set(fields).paths()], size: set(fields).size }, { paths, size }],
  union: ({ a, b, out }) => [set(a).union(set(b)).toFields(), out],
  intersection: ({ a, b, out }) => [set(a).intersection(set(b)).toFields(), out],
  difference: ({ a, b, out }) => [set(a).difference(set(b)).toFields(), out],
  recursiveDifference: ({ a, b, out }) => [set(a).without(set(b)).toFields(), out],
  equals: ({ a, b, out }) => [set(a).equals(set(b)), out],
  leaves: ({ set: fields, out }) => [set(fields).leaves().toFields(), out],
  has: ({ set: fields, path, out }) => [set(fields).has(path as Path), out],
  filter: ({ set: fields, filter, out }) => [including(...(filter as { include: Path[] }).include)(set(fields)).toFields(), out],
  ensureNamedFieldsAreMembers: (of) => [withNamedFields(set(of['set']), typeOf(of)).toFields(), of['out']],
  fromValue: ({ object, out }) => [guessPaths(object).toFields(), out],
  pathString: ({ path, out }) => [printPath(path as Path), out],
  compareElements: ({ a, b, out, reverse, equal }) => [[Math.sign(compareElements(a as string, b as string)), Math.sign(compareElements(b as string, a as string)), a === b], [out, reverse, equal]],
  compareValues: ({ a, b, out, reverse, equal }) => [[Math.sign(compareValues(a, b)), Math.sign(compareValues(b, a)), equalValues(a, b)], [out, reverse, equal]],
  managersEqual: ({ a, b, out }) => [equalManagers(managers(a), managers(b)), out],
  managersDifference: ({ a, b, out }) => [equalManagers(managersDifference(managers(a), managers(b)), managers(out)), true],
  conflicts: ({ managers: of, out, pathSet }) => {
    // The cases sort by text.
    const conflicts = conflictsOf(managers(of)), listed = conflicts.map(({ manager, path }) => ({ manager, path, text: printPath(path) })).toSorted((a, b) => (`${a.manager} ${a.text}` < `${b.manager} ${b.text}` ? -1 : 1))
    return [{ listed, set: pathsOf(conflicts).toFields() }, { listed: out, set: pathSet }]
  },
}

describe.each([...Map.groupBy(cases, ({ op }) => op)])('%s', (op, list) => {
  test.each(list)('$name', (of) => {
    const [actual, expected] = OPERATIONS[op]!(of)
    expect(actual).toEqual(expected)
  })
})
