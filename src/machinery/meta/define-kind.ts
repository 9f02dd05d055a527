import type { Column, KubeObject } from './core.ts'
import type { JsonSchema } from './json-schema.ts'
import type { StoredKind, Strategy } from './strategy.ts'

/** The one declaration of a stored kind: type, schema, columns and write rules. */
export function defineKind<T extends KubeObject>(declaration: {
  group: string
  version: string
  kind: string
  plural: string
  shortNames?: readonly string[]
  categories?: readonly string[]
  scope: 'Namespaced' | 'Cluster'
  /** Resolved: no $ref left. */
  schema: JsonSchema
  columns: readonly Column<T>[]
  fields?: Readonly<Record<string, (object: T) => string>>
  hasStatus?: boolean
  describesItems?: boolean
  strategy?: Strategy<T>
}): StoredKind<T> {
  const { group, version, kind, plural, shortNames = [], categories = [], scope, schema, columns, fields = {}, hasStatus = true, describesItems = false, strategy = {} } = declaration
  return {
    group, version, kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase(), shortNames, categories, namespaced: scope === 'Namespaced',
    schema: () => Promise.resolve(schema), columns, fields, hasStatus, strategy, strategicMerge: true, describesItems,
  }
}
