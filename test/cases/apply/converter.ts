import type { Type } from '../../../src/machinery/apply/apply-schema.ts'
import { TypedValue } from '../../../src/machinery/apply/typed-value.ts'
import { isJsonObject } from '../../../src/machinery/meta/json-value.ts'

export interface ConverterCase { readonly kind: string; readonly type?: string; readonly versions?: unknown }

/** The converters that update.json describes. `types` may change while operations are played. */
export function converterOf(converter: ConverterCase, types: () => ReadonlyMap<string, Type>): (object: TypedValue, apiVersion: string) => TypedValue | undefined {
  switch (converter.kind) {
    case 'identity': return (object, apiVersion) => {
      if (apiVersion === '') throw new Error('cannot convert to invalid version')
      return object
    }
    case 'accept': return (object, apiVersion) => ((converter.versions as string[]).includes(apiVersion) ? object : undefined)
    case 'renameSuffix': return (object, apiVersion) => {
      const type = types().get(apiVersion)
      return type && new TypedValue(type, renamed(object.value, object.type.name!, apiVersion))
    }
    case 'repeatKeys': return ({ value }, apiVersion) => {
      const times = /^v(\d+)$/.exec(apiVersion)?.[1]
      return times === undefined ? undefined : new TypedValue(types().get(converter.type!)!, repeatedRoot(value, Number(times)))
    }
    case 'renameFields': return (object, apiVersion) => {
      const version = (converter.versions as Record<string, FieldVersion>)[apiVersion]
      if (!version || object.type.name === version.type) return version && object
      const fields = (object.value ?? {}) as Record<string, unknown>
      if (version.requires !== undefined && fields[version.requires] === undefined) throw new Error(`${version.requires} is required`)
      return new TypedValue(types().get(version.type)!, Object.fromEntries(Object.entries(fields).map(([name, value]) => [version.rename[name] ?? name, value])))
    }
    default: throw new Error(`no such converter: ${converter.kind}`)
  }
}

interface FieldVersion { readonly type: string; readonly rename: Readonly<Record<string, string>>; readonly requires?: string }

function renamed(value: unknown, from: string, to: string): unknown {
  if (Array.isArray(value)) return value.map((item) => renamed(item, from, to))
  if (!isJsonObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key.endsWith(from) ? key.slice(0, -from.length) + to : key, renamed(inner, from, to)]))
}

const repeatedRoot = (value: unknown, times: number) =>
  isJsonObject(value) && Object.keys(value).length > 0 ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, repeated(inner, times)])) : value

function repeated(value: unknown, times: number): unknown {
  if (!isJsonObject(value) || Object.keys(value).length === 0) return null
  return Object.fromEntries(Object.keys(value).toSorted().map((key) => [key[0]!.repeat(times), repeated(value[key], times)]))
}
