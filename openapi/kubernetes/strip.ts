/**
 * Writes definitions.json and resources.json from the OpenAPI documents that Kubernetes publishes in its Go module: `node openapi/kubernetes/strip.ts`.
 * Needs Go, and the network when the module is not cached. Only shapes are kept, no prose.
 */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { JsonSchema } from '../../src/machinery/meta/json-schema.ts'
import { CATEGORIES, SHORT_NAMES } from './names.ts'

const MODULE = 'k8s.io/kubernetes@v1.36.3'

interface GroupVersionKind { group: string; version: string; kind: string }
interface Operation { 'x-kubernetes-action'?: string; 'x-kubernetes-group-version-kind'?: GroupVersionKind; responses?: Record<string, { content?: Record<string, { schema?: { $ref?: string } }> }> }
interface Document { paths: Record<string, Record<string, Operation>>; components?: { schemas?: Record<string, JsonSchema> } }
interface BuiltInResource {
  kind: string; plural: string; namespaced: boolean; verbs: string[]; shortNames?: string[]; categories?: string[]
  /** Name in definitions.json. */
  schema: string
  /** By name: status, scale, log, … `kind` where it is not the resource's own. */
  subresources?: Record<string, { verbs: string[]; kind?: GroupVersionKind }>
}

const VERBS: Readonly<Record<string, string>> = { post: 'create', get: 'get', list: 'list', put: 'update', patch: 'patch', delete: 'delete', deletecollection: 'deletecollection', watch: 'watch', watchlist: 'watch' }
/** Every group version has a variant of its own, which lists that group version's kinds. */
const VARIANTS = /^io\.k8s\.apimachinery\.pkg\.apis\.meta\.v1\.(?:DeleteOptions|WatchEvent)$/

const folder = path.join((JSON.parse(execFileSync('go', ['mod', 'download', '-json', MODULE], { encoding: 'utf8' })) as { Dir: string }).Dir, 'api/openapi-spec/v3')
const definitions: Record<string, JsonSchema> = {}, resources: Record<string, BuiltInResource[]> = {}
for (const file of readdirSync(folder).toSorted()) {
  const groupVersion = /^apis?__(.+)_openapi\.json$/.exec(file)?.[1]?.replace('__', '/')
  if (!groupVersion) continue
  const { paths, components } = JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as Document
  for (const [name, schema] of Object.entries(components?.schemas ?? {})) {
    definitions[name] = strip(schema)
    if (VARIANTS.test(name)) delete definitions[name]['x-kubernetes-group-version-kind']
  }
  const found = resourcesOf(paths, groupVersion.includes('/') ? `/apis/${groupVersion}/` : `/api/${groupVersion}/`)
  if (found.length) resources[groupVersion] = found
}
write('definitions.json', definitions)
write('resources.json', resources)

function write(file: string, value: object): void {
  const lines = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => `${JSON.stringify(key)}:${JSON.stringify(item)}`)
  writeFileSync(path.join(import.meta.dirname, file), `{\n${lines.join(',\n')}\n}\n`)
}

/** Without prose, and without the defaults that only say that a Go field is not a pointer. */
function strip(schema: JsonSchema): JsonSchema {
  const entries = Object.entries(schema).flatMap(([key, value]): [string, unknown][] => {
    if (key === 'description' || (key === 'default' && ['""', '{}', '0', 'false'].includes(JSON.stringify(value)))) return []
    if (key === 'properties') return [[key, Object.fromEntries(Object.entries(value as Record<string, JsonSchema>).map(([name, property]) => [name, strip(property)]))]]
    if (key === 'allOf' || key === 'oneOf' || key === 'anyOf') return [[key, (value as JsonSchema[]).map(strip)]]
    return [[key, (key === 'items' || key === 'additionalProperties') && typeof value === 'object' ? strip(value as JsonSchema) : value]]
  })
  const { allOf, ...rest } = Object.fromEntries(entries) as JsonSchema
  // The reference needed a wrapper for a description or default that is gone.
  return allOf?.length === 1 && !Object.keys(rest).length ? allOf[0]! : Object.fromEntries(entries)
}

function resourcesOf(paths: Document['paths'], root: string): BuiltInResource[] {
  const found = new Map<string, BuiltInResource>()
  for (const [template, operations] of Object.entries(paths).toSorted(([a], [b]) => a.length - b.length)) {
    const inner = template.slice(root.length), isWatch = inner.startsWith('watch/'), segments = (isWatch ? inner.slice(6) : inner).split('/')
    const namespaced = segments[0] === 'namespaces' && segments[1] === '{namespace}', [plural, , ...subresource] = namespaced ? segments.slice(2) : segments
    if (!template.startsWith(root) || !plural) continue
    for (const [method, operation] of Object.entries(operations)) {
      const done = operation['x-kubernetes-action'], action = VERBS[done === 'connect' ? method : done ?? ''], kind = operation['x-kubernetes-group-version-kind']
      if (action && kind) note(found, { plural, namespaced, subresource: subresource[0], action, kind, schema: schemaOf(operation) })
    }
  }
  return [...found.values()].filter(({ verbs }) => verbs.length).map(tidy).toSorted((a, b) => (a.plural < b.plural ? -1 : 1))
}

function schemaOf({ responses }: Operation) { return Object.values(responses?.['200']?.content ?? responses?.['201']?.content ?? {})[0]?.schema?.$ref?.split('/').at(-1) }

function note(found: Map<string, BuiltInResource>, seen: { plural: string; namespaced: boolean; subresource: string | undefined; action: string; kind: GroupVersionKind; schema: string | undefined }): void {
  const { plural, namespaced, subresource, action, kind, schema } = seen
  const resource = found.get(plural) ?? { kind: kind.kind, plural, namespaced: false, verbs: [], schema: '' }
  found.set(plural, resource)
  // The list of all namespaces lies on a path without one.
  resource.namespaced ||= namespaced
  const holder = subresource ? ((resource.subresources ??= {})[subresource] ??= { verbs: [], ...(kind.kind !== resource.kind && { kind }) }) : resource
  if (!holder.verbs.includes(action)) holder.verbs.push(action)
  if (!subresource && schema && ['get', 'create', 'update'].includes(action)) resource.schema = schema
}

function tidy({ subresources, verbs, ...resource }: BuiltInResource): BuiltInResource {
  const shortNames = SHORT_NAMES[resource.plural], categories = CATEGORIES[resource.plural]
  return { ...resource, verbs: verbs.toSorted(), ...(shortNames && { shortNames }), ...(categories && { categories }), ...(subresources && { subresources }) }
}
