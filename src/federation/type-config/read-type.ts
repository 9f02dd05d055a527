import type { Handler, ScalePaths } from '../../machinery/meta/core.ts'
import { getJson } from '../../machinery/client/json-client.ts'
import type { JsonSchema } from '../../machinery/meta/json-schema.ts'
import { isReason, StatusError } from '../../machinery/meta/status-error.ts'
import type { Definitions } from '../../machinery/schema/resolve-schema.ts'
import type { DiscoveredKind } from '../member/discovery.ts'
import type { TypeRecord } from './type-record.ts'

interface Document { readonly components?: { readonly schemas?: Record<string, JsonSchema> } }
interface Definition { readonly spec?: { readonly versions?: readonly { readonly name: string; readonly subresources?: { readonly scale?: ScalePaths } }[] } }

/** Tells whether what a member's document says has changed. Throws StatusError NotFound where it has none of that group version. */
export async function typeHash(handler: Handler, { group, version }: Pick<DiscoveredKind, 'group' | 'version'>, signal: AbortSignal): Promise<string> {
  const { paths = {} } = await getJson<{ paths?: Record<string, { serverRelativeURL: string } | undefined> }>(handler, '/openapi/v3', signal), found = paths[`apis/${group}/${version}`]
  if (!found) throw new StatusError('NotFound', `its OpenAPI v3 has no document for ${group}/${version}`)
  return found.serverRelativeURL
}

/** What a member says of one of its kinds. Throws StatusError, with a sentence where its documents do not have the kind. */
export async function readType(handler: Handler, discovered: DiscoveredKind, signal: AbortSignal): Promise<Omit<TypeRecord, 'source'>> {
  const { group, version, kind, plural, namespaced, shortNames, subresources } = discovered
  const { components: { schemas = {} } = {} } = await getJson<Document>(handler, `/openapi/v3/apis/${group}/${version}`, signal)
  const definition = Object.keys(schemas).find((name) => schemas[name]!['x-kubernetes-group-version-kind']?.some((of) => of.group === group && of.version === version && of.kind === kind))
  if (definition === undefined) throw new StatusError('NotFound', `its OpenAPI v3 document for ${group}/${version} has no schema of ${kind}`)
  const scale = subresources.includes('scale') ? await readScale(handler, discovered, signal) : undefined
  return { kind: { group, version, kind, plural, namespaced, shortNames, hasStatus: subresources.includes('status'), ...(scale && { scale }) }, definition, definitions: reachable(schemas, definition) }
}

/** OpenAPI does not say where replicas are; a CustomResourceDefinition does. Servers without one have them where Deployments do. */
async function readScale(handler: Handler, { group, version, plural }: DiscoveredKind, signal: AbortSignal): Promise<ScalePaths> {
  try {
    const { spec } = await getJson<Definition>(handler, `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${plural}.${group}`, signal)
    return spec?.versions?.find(({ name }) => name === version)?.subresources?.scale ?? DEFAULT_SCALE
  } catch (error) {
    if (isReason(error, 'NotFound')) return DEFAULT_SCALE
    throw error
  }
}

const DEFAULT_SCALE: ScalePaths = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' }

/** The definition of that name and all that it refers to. */
function reachable(schemas: Definitions, name: string): Definitions {
  const found: Record<string, JsonSchema> = {}, left = [name]
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const schema = schemas[next]
    if (!schema || found[next]) continue
    found[next] = schema
    left.push(...references(schema))
  }
  return found
}

function references(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(references)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => (key === '$ref' && typeof inner === 'string' ? [inner.slice(inner.lastIndexOf('/') + 1)] : references(inner)))
}
