import { type Comparison, compareTyped } from './compare-values.ts'
import type { Type } from './apply-schema.ts'
import { mergeTyped } from './merge-values.ts'
import { ownedPaths, withNamedFields } from './owned-paths.ts'
import type { PathSet } from './path-set.ts'
import { extractItems, removeItems, withKeyFields } from './remove-items.ts'
import { TypingError } from './typing-error.ts'
import { validateValue } from './validate-value.ts'

/** A JSON value and its type. Immutable; results share parts with what they were made from. */
export class TypedValue {
  readonly type: Type
  readonly value: unknown
  #paths: PathSet | undefined
  #namedPaths: PathSet | undefined

  /** For values that are known to fit. */
  constructor(type: Type, value: unknown) {
    this.type = type
    this.value = value
  }

  /** Throws TypingError with every mistake. Items that occur twice are tolerated in what is stored, not in what is applied. */
  static validated(type: Type, value: unknown, options: { readonly allowDuplicates: boolean } = { allowDuplicates: false }): TypedValue {
    const mistakes = validateValue(type, value, options)
    if (mistakes.length > 0) throw new TypingError(mistakes)
    return new TypedValue(type, value)
  }

  /** Of what applying this value would own. */
  paths(): PathSet { return this.#paths ??= ownedPaths(this.type, this.value) }
  /** And the declared fields on the way to them. */
  namedPaths(): PathSet { return this.#namedPaths ??= withNamedFields(this.paths(), this.type) }
  compare(after: TypedValue): Comparison { return compareTyped(this.#common(after), this.value, after.value) }
  merge(config: TypedValue): TypedValue { return new TypedValue(this.type, mergeTyped(this.#common(config), this.value, config.value) ?? null) }
  remove(items: PathSet): TypedValue { return new TypedValue(this.type, removeItems(this.type, this.value, items)) }

  extract(items: PathSet, options: { readonly withKeys: boolean } = { withKeys: false }): TypedValue {
    return new TypedValue(this.type, extractItems(this.type, this.value, options.withKeys ? withKeyFields(items, this.paths()) : items))
  }

  #common({ type }: TypedValue): Type {
    if (type !== this.type) throw new TypingError([{ path: '', message: `expected objects of the same type, but got ${this.type.name ?? 'inlined type'} and ${type.name ?? 'inlined type'}` }])
    return type
  }
}
