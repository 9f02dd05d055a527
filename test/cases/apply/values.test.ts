import { describe, expect, test } from 'vitest'
import { PathSet } from '../../../src/machinery/apply/path-set.ts'
import { excluding } from '../../../src/machinery/apply/path-pattern.ts'
import { type Comparison, filterComparison } from '../../../src/machinery/apply/compare-values.ts'
import { reconcilePaths } from '../../../src/machinery/apply/reconcile-paths.ts'
import { TypedValue } from '../../../src/machinery/apply/typed-value.ts'
import { TypingError } from '../../../src/machinery/apply/typing-error.ts'
import { validateValue } from '../../../src/machinery/apply/validate-value.ts'
import { loadCases } from './load-cases.ts'

type Fields = Record<string, unknown>
interface ValueCase { readonly name: string; readonly op?: string; readonly schema: string; readonly type: string; readonly error?: string; readonly [field: string]: unknown }

const LIVE = { allowDuplicates: true }
const comparisonOf = (of: unknown): Comparison => {
  const { added, removed, modified } = of as Record<string, Fields>
  return { added: PathSet.fromFields(added), removed: PathSet.fromFields(removed), modified: PathSet.fromFields(modified) }
}
const fieldsOf = ({ added, removed, modified }: Comparison) => ({ added: added.toFields(), removed: removed.toFields(), modified: modified.toFields() })
/** A result, or the name of the step that threw. */
function steps(named: Readonly<Record<string, () => unknown>>): unknown {
  let result: unknown
  for (const [name, step] of Object.entries(named)) {
    try { result = step() } catch (error) {
      if (!(error instanceof TypingError)) throw error
      return { error: name }
    }
  }
  return result
}

const validation = loadCases<ValueCase>('validation.json')
describe('validation', () => {
  test.each(validation.cases)('$name', (of) => {
    for (const allowDuplicates of [false, true]) {
      const mistakes = validateValue(validation.typeOf(of), of['object'], { allowDuplicates }), found = [...new Set(mistakes.map(({ path }) => path))].toSorted()
      expect({ valid: mistakes.length === 0, paths: found }).toEqual({ valid: of[allowDuplicates ? 'validAllowDuplicates' : 'valid'], paths: of[allowDuplicates ? 'pathsAllowDuplicates' : 'paths'] ?? found })
    }
  })
})

const toSet = loadCases<ValueCase>('toset.json')
describe('owned paths', () => {
  test.each(toSet.cases)('$name', (of) => {
    let typed: TypedValue
    const result = steps({ invalid: () => { typed = TypedValue.validated(toSet.typeOf(of), of['object'], LIVE) }, toSet: () => ({ set: typed.paths().toFields() }) })
    expect(result).toEqual(of.error ? { error: of.error } : { set: of['set'] })
  })
})

const compare = loadCases<ValueCase>('compare.json')
describe('compare', () => {
  const [excludes, compares] = [compare.cases.filter(({ op }) => op === 'exclude'), compare.cases.filter(({ op }) => op === 'compare')]
  test.each(excludes)('$name', (of) => {
    expect(fieldsOf(filterComparison(comparisonOf(of['in']), excluding(PathSet.fromFields(of['fields']))))).toEqual(of['out'])
  })
  test.each(compares)('$name', (of) => {
    let lhs: TypedValue, rhs: TypedValue
    const result = steps({
      invalidLhs: () => { lhs = TypedValue.validated(compare.typeOf(of), of['lhs'], LIVE) },
      invalidRhs: () => { rhs = TypedValue.validated(compare.typeOf(of), of['rhs'], LIVE) },
      compare: () => ({ out: fieldsOf(lhs.compare(rhs)) }),
    })
    expect(result).toEqual(of.error ? { error: of.error } : { out: of['out'] })
  })
})

const merge = loadCases<ValueCase>('merge.json')
describe('merge', () => {
  test.each(merge.cases)('$name', (of) => {
    let lhs: TypedValue, rhs: TypedValue
    const result = steps({
      invalidLhs: () => { lhs = TypedValue.validated(merge.typeOf(of), of['lhs'], LIVE) },
      invalidRhs: () => { rhs = TypedValue.validated(merge.typeOf(of), of['rhs']) },
      merge: () => ({ out: lhs.merge(rhs).value }),
    })
    expect(result).toEqual(of.error ? { error: of.error } : { out: of['out'] })
  })
})

const remove = loadCases<ValueCase>('remove-extract.json')
describe('remove and extract', () => {
  test.each(remove.cases.filter(({ op }) => op === 'reversible'))('$name', (of) => {
    const pso = TypedValue.validated(remove.typeOf(of), of['pso']), set = pso.paths(), merged = TypedValue.validated(remove.typeOf(of), of['object']).merge(pso)
    expect({ set: set.toFields(), leaves: set.leaves().toFields(), merged: merged.value, extract: merged.extract(set.leaves()).value }).toEqual({ set: of['set'], leaves: of['leaves'], merged: of['merged'], extract: of['extract'] })
  })
  test.each(remove.cases.filter(({ op }) => op === 'items'))('$name', (of) => {
    const typed = TypedValue.validated(remove.typeOf(of), of['object']), set = PathSet.fromFields(of['set'])
    expect({ remove: typed.remove(set).value, extract: typed.extract(set).value, extractWithKeys: typed.extract(set, { withKeys: true }).value })
      .toEqual({ remove: of['remove'], extract: of['extract'], extractWithKeys: of['extractWithKeys'] })
  })
})

const reconcile = loadCases<ValueCase>('reconcile.json')
describe('reconcile', () => {
  test.each(reconcile.cases)('$name', (of) => {
    const result = steps({ reconcile: () => ({ out: reconcilePaths(PathSet.fromFields(of['fields']), reconcile.typeOf(of))?.toFields() ?? null }) })
    expect(result).toEqual(of.error ? { error: of.error } : { out: of['out'] })
  })
})
