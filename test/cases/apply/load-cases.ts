import { readFileSync } from 'node:fs'
import path from 'node:path'
import { type NamedTypes, namedTypes, type Type } from '../../../src/machinery/apply/apply-schema.ts'

interface Case { readonly name: string; readonly op?: string; readonly schema?: string; readonly type?: string }

interface Cases<T> { readonly cases: readonly T[]; readonly typesOf: (schema: string) => ReadonlyMap<string, Type>; readonly typeOf: (of: Case) => Type }

/** Cases of a file beside this one (what they mean is written in its `describe`), and the types that they name. */
export function loadCases<T extends Case>(file: string): Cases<T> {
  const { cases, schemas } = JSON.parse(readFileSync(path.join(import.meta.dirname, file), 'utf8')) as { cases: T[]; schemas: Record<string, NamedTypes> }
  const known = new Map<string, ReadonlyMap<string, Type>>()
  const typesOf = (schema: string) => {
    if (!known.has(schema)) known.set(schema, namedTypes(schemas[schema]!))
    return known.get(schema)!
  }
  return { cases, typesOf, typeOf: ({ schema, type }) => typesOf(schema!).get(type!)! }
}
