import { expect, test } from 'vitest'
import type { Type } from '../../../src/machinery/apply/apply-schema.ts'
import { printPath } from '../../../src/machinery/apply/field-path.ts'
import type { Managers } from '../../../src/machinery/apply/managers.ts'
import { excluding } from '../../../src/machinery/apply/path-pattern.ts'
import { PathSet } from '../../../src/machinery/apply/path-set.ts'
import { TypedValue } from '../../../src/machinery/apply/typed-value.ts'
import { TypingError } from '../../../src/machinery/apply/typing-error.ts'
import { apply, type Rules, update } from '../../../src/machinery/apply/updater.ts'
import { type ConverterCase, converterOf } from './converter.ts'
import { loadCases } from './load-cases.ts'

type Fields = Record<string, unknown>
interface Operation {
  readonly op: string; readonly type: string; readonly manager: string; readonly apiVersion: string; readonly object: unknown; readonly force?: boolean
  readonly schema?: string; readonly versions?: readonly string[]; readonly after?: Record<string, unknown>
}
interface UpdateCase {
  readonly name: string; readonly schema: string; readonly converter: ConverterCase; readonly ops: readonly Operation[]
  readonly options?: { readonly ignoredFields?: Record<string, Fields>; readonly ignoreFilter?: Record<string, { exclude: Fields }>; readonly returnInputOnNoop?: boolean }
}

const { cases, typesOf } = loadCases<UpdateCase>('update.json')

class Player {
  live: TypedValue | undefined
  managers: Managers = new Map()
  #types: ReadonlyMap<string, Type>
  #converter: ConverterCase
  readonly #rules: Rules

  constructor({ schema, converter, options }: UpdateCase) {
    this.#types = typesOf(schema)
    this.#converter = converter
    const excluded = new Map(Object.entries({ ...options?.ignoredFields, ...mapped(options?.ignoreFilter ?? {}, ({ exclude }) => exclude) }).map(([version, fields]) => [version, excluding(PathSet.fromFields(fields))]))
    this.#rules = {
      convert: (object, apiVersion) => converterOf(this.#converter, () => this.#types)(object, apiVersion), filter: (apiVersion) => excluded.get(apiVersion),
      ...(options?.returnInputOnNoop && { returnInputOnNoop: true }),
    }
  }

  play(of: Operation): Record<string, unknown> {
    let outcome: Record<string, unknown>
    try { outcome = this.#carryOut(of) } catch (error) {
      if (!(error instanceof TypingError)) throw error
      outcome = { error: { kind: 'invalid', paths: error.mistakes.map(({ path }) => path) } }
    }
    return { ...outcome, live: this.live?.value ?? null, ...(this.live && { liveType: this.live.type.name }), managers: Object.fromEntries([...this.managers].map(([name, managed]) => [name, { ...managed, set: managed.set.toFields() }])) }
  }

  #carryOut(of: Operation): Record<string, unknown> {
    if (of.op === 'setVersions') { this.#converter = { ...this.#converter, versions: of.versions }; return {} }
    if (of.op === 'changeSchema') {
      this.#types = typesOf(of.schema!)
      if (this.live) this.live = TypedValue.validated(this.#types.get(this.live.type.name!)!, this.live.value)
      return {}
    }
    const type = this.#types.get(of.type)!, given = TypedValue.validated(type, of.object, { allowDuplicates: of.op === 'update' }), { apiVersion, manager } = of, isFirst = !this.live
    const live = this.live = this.#rules.convert(this.live ?? new TypedValue(type, null), apiVersion)!, write = { live, apiVersion, managers: this.managers, manager }
    if (of.op === 'update') {
      this.managers = update(this.#rules, { ...write, next: given })
      this.live = given
      return {}
    }
    const isExtract = of.op === 'extractApply', owned = this.managers.get(manager)
    if (isExtract && !isFirst && owned && owned.apiVersion !== apiVersion) return { error: { kind: 'version' } }
    const config = isExtract && !isFirst ? live.extract((owned?.set ?? PathSet.empty).leaves()).merge(given) : given
    const applied = apply(this.#rules, { ...write, config, force: isExtract || of.force === true })
    if (applied.state === 'conflict') return { error: { kind: 'conflict', conflicts: applied.conflicts.map((conflict) => ({ ...conflict, text: printPath(conflict.path) })) } }
    this.live = applied.object ?? live
    this.managers = applied.managers
    return isExtract ? {} : { noop: applied.object === undefined }
  }
}

const mapped = <T, R>(record: Record<string, T>, change: (value: T) => R): Record<string, R> => Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]))
const sortedConflicts = (outcome: Record<string, unknown>) => {
  const error = outcome['error'] as { kind: string; conflicts?: { manager: string; text: string }[] } | undefined, order = ({ manager, text }: { manager: string; text: string }) => `${manager} ${text}`
  return error?.conflicts ? { ...outcome, error: { ...error, conflicts: error.conflicts.toSorted((a, b) => (order(a) < order(b) ? -1 : 1)) } } : outcome
}

test.each(cases)('$name', (of) => {
  const player = new Player(of)
  for (const [i, operation] of of.ops.entries()) {
    const outcome = player.play(operation)
    if (!operation.after) continue
    const { error, noop, ...after } = operation.after as { error?: { kind: string; paths?: string[] }; noop?: boolean }
    // Which fields are wrong is recorded only where it does not depend on chance.
    const actual = error?.kind === 'invalid' && !error.paths ? { ...outcome, error: { kind: (outcome['error'] as { kind?: string } | undefined)?.kind } } : sortedConflicts(outcome)
    expect({ step: i, ...actual }).toEqual({ step: i, ...after, ...(error && { error }), ...(noop !== undefined && operation.op === 'apply' && { noop }) })
  }
})
