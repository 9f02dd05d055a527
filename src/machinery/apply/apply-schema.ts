import { isJsonObject } from '../meta/json-value.ts'
import { fieldElement, type PathElement } from './field-path.ts'

export type Scalar = 'string' | 'numeric' | 'boolean' | 'untyped'

/**
 * What apply has to know of a type: whether a value can be a scalar, a list, a map (several, where anything goes), and what of it is owned as a whole.
 * Types point at each other directly, a recursive one at itself.
 */
export interface Type {
  /** For messages. */
  readonly name?: string
  readonly scalar?: Scalar
  readonly list?: ListType
  readonly map?: MapType
  /** A reference that leads nowhere: values of it are refused with its name. */
  readonly unresolved?: string
}

export interface ListType {
  readonly item: Type
  /** Items are found by their keys, or by value where there are no keys. Otherwise the list is one leaf. */
  readonly associative: boolean
  readonly keys: readonly string[]
}

export interface MapType {
  readonly fields: ReadonlyMap<string, Field>
  /** Type of members that are not declared; undefined: there may be none. */
  readonly rest: Type | undefined
  /** The map is one leaf. */
  readonly atomic: boolean
}

export interface Field {
  readonly type: Type
  /** The field's step, made once. */
  readonly element: PathElement
  /** Stands in for a key that an item leaves out. */
  readonly default?: unknown
}

/** Declared nowhere: no value fits. */
export const NO_TYPE: Type = {}

/** Typing without a schema: maps are granular, lists are leaves. Inside lists everything is one. */
export const { untypedAtomic, deduced } = makeUntyped()

export const fieldType = (map: MapType, name: string): Type => map.fields.get(name)?.type ?? map.rest ?? NO_TYPE

/** The part of a type that a value is of, as a set of bits; all parts where the value does not tell (null, absent) or fits none. */
export function partsOf(type: Type, value: unknown): number {
  const all = (type.map ? MAP_PART : 0) | (type.scalar ? SCALAR_PART : 0) | (type.list ? LIST_PART : 0)
  if (value === undefined || value === null) return all
  const part = typeof value !== 'object' || JSON.isRawJSON(value) ? SCALAR_PART : Array.isArray(value) ? LIST_PART : isJsonObject(value) ? MAP_PART : 0
  return (all & part) || all
}

export const MAP_PART = 1, SCALAR_PART = 2, LIST_PART = 4

/** No schema speaks of the fields of such a map: atomic or granular cannot have changed. */
export const isFree = ({ fields, rest }: MapType): boolean => fields.size === 0 && rest !== undefined && (rest === deduced || (rest.name === undefined && rest.scalar === 'untyped'))

/**
 * Types by name from structured-merge-diff's own notation (sigs.k8s.io/structured-merge-diff/schema): `{types: [{name, scalar?, list?, map?}]}`.
 * A reference may name a type or spell it out, and may change what it is owned as at this place.
 */
export function namedTypes({ types }: NamedTypes): ReadonlyMap<string, Type> {
  const byName = new Map<string, Writable<Type>>([['__untyped_atomic_', untypedAtomic], ['__untyped_deduced_', deduced]]), later: (() => void)[] = []
  for (const { name } of types) if (!isReserved(name)) byName.set(name, { name })
  const at = (reference: TypeReference | undefined): Type => {
    const { namedType, elementRelationship, ...inline } = reference ?? {}
    const target: Writable<Type> = namedType === undefined ? parts(inline) : byName.get(namedType) ?? { unresolved: namedType }
    if (elementRelationship === undefined) return target
    const copy: Writable<Type> = {}
    later.push(() => { Object.assign(copy, withRelationship(target, elementRelationship === 'atomic', namedType)) })
    return copy
  }
  const parts = ({ scalar, list, map }: TypeParts): Writable<Type> => ({
    ...(scalar && { scalar }),
    ...(list && { list: { item: at(list.elementType), associative: list.elementRelationship === 'associative', keys: list.keys ?? [] } }),
    ...(map && {
      map: {
        fields: new Map((map.fields ?? []).map(({ name, type, default: value }) => [name, makeField(name, at(type), value)])),
        rest: map.elementType && at(map.elementType), atomic: map.elementRelationship === 'atomic',
      },
    }),
  })
  for (const { name, ...definition } of types) if (!isReserved(name)) Object.assign(byName.get(name)!, parts(definition))
  for (const finish of later) finish()
  return byName
}

export interface NamedTypes { readonly types: readonly ({ readonly name: string } & TypeParts)[] }
interface TypeReference extends TypeParts { readonly namedType?: string; readonly elementRelationship?: string }
interface TypeParts {
  readonly scalar?: Scalar
  readonly list?: { readonly elementType?: TypeReference; readonly elementRelationship?: string; readonly keys?: readonly string[] }
  readonly map?: { readonly fields?: readonly { readonly name: string; readonly type: TypeReference; readonly default?: unknown }[]; readonly elementType?: TypeReference; readonly elementRelationship?: string }
}

export type Writable<T> = { -readonly [K in keyof T]: T[K] }

export const makeField = (name: string, type: Type, value?: unknown): Field => ({ type, element: fieldElement(name), ...(value !== undefined && value !== null && { default: value }) })

/** The same type, owned as a whole or not at one place of use. Scalars have no such choice. */
export function withRelationship(type: Type, atomic: boolean, name = 'inlined type'): Type {
  if (type.map) return { ...type, map: { ...type.map, atomic } }
  if (type.list) return { ...type, list: { ...type.list, associative: !atomic } }
  return { unresolved: type.unresolved ?? name }
}

const isReserved = (name: string) => name === '__untyped_atomic_' || name === '__untyped_deduced_'

function makeUntyped(): { readonly untypedAtomic: Type; readonly deduced: Type } {
  const untypedAtomic: Writable<Type> = { name: '__untyped_atomic_', scalar: 'untyped' }, deduced: Writable<Type> = { name: '__untyped_deduced_', scalar: 'untyped' }
  untypedAtomic.list = { item: untypedAtomic, associative: false, keys: [] }
  untypedAtomic.map = { fields: new Map(), rest: untypedAtomic, atomic: true }
  deduced.list = untypedAtomic.list
  deduced.map = { fields: new Map(), rest: deduced, atomic: false }
  return { untypedAtomic, deduced }
}
