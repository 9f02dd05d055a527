import { fnv1a } from '../../lib/fnv.ts'
import type { JsonSchema } from '../meta/json-schema.ts'
import { documentDefinitions } from './openapi-definitions.ts'
import { type Capabilities, discoveryOperation, type DocumentedResource, type Operation, type Parameter, resourceOperations, tagOf } from './openapi-operations.ts'
import type { Definitions } from './resolve-schema.ts'

interface Input {
  readonly groupVersions: readonly { readonly groupVersion: { readonly group: string; readonly version: string }; readonly resources: readonly DocumentedResource[] }[]
  readonly definitions: Definitions
  readonly info: { readonly title: string; readonly version: string }
  readonly capabilities?: Capabilities
}

/** The OpenAPI 2.0 document of several group versions: what the aggregator merges into the host's, and older clients read. */
export function openApiV2({ groupVersions, definitions, info, capabilities = {} }: Input): object {
  const used = documentDefinitions(groupVersions.flatMap(({ resources }) => resources), definitions), paths: Record<string, Record<string, unknown>> = {}, shared = new SharedParameters()
  for (const { groupVersion, resources } of groupVersions) {
    const operations = [discoveryOperation(groupVersion), ...resources.flatMap((resource) => resourceOperations(resource, used.names.get(resource)!, capabilities))]
    for (const operation of operations) (paths[operation.path] ??= pathItem(operation, shared))[operation.method] = written(operation, tagOf(groupVersion), shared)
  }
  return {
    swagger: '2.0', info, paths, definitions: Object.fromEntries(Object.entries(used.definitions).map(([name, schema]) => [name, OWN_SHAPES[name] ? { ...(schema.description && { description: schema.description }), ...OWN_SHAPES[name] } : downgrade(schema)])), parameters: shared.all(),
    securityDefinitions: { BearerToken: { description: 'Bearer token.', type: 'apiKey', name: 'authorization', in: 'header' } }, security: [{ BearerToken: [] }],
  }
}

/** Alternatives do not exist in version 2; Kubernetes writes these types so. */
const OWN_SHAPES: Readonly<Record<string, JsonSchema>> = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': { type: 'string' },
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': { type: 'string', format: 'int-or-string' },
}

/** Without what version 2 does not know, and without defaults; a reference keeps its description and extensions beside it: as Kubernetes writes it. */
function downgrade(schema: JsonSchema): JsonSchema {
  const { allOf, anyOf: _any, oneOf: _one, not: _not, nullable: _nullable, default: _default, $ref, properties, items, additionalProperties, ...rest } = schema
  const only = allOf?.length === 1 ? allOf[0]!.$ref : undefined, reference = $ref ?? only
  if (reference !== undefined) return { ...rest, $ref: reference.replace('#/components/schemas/', '#/definitions/') }
  return {
    ...rest,
    ...(rest['x-kubernetes-int-or-string'] && !rest.type && { type: 'string', format: 'int-or-string' }),
    ...(properties && { properties: Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, downgrade(property)])) }),
    ...(items && { items: downgrade(items) }),
    ...(additionalProperties !== undefined && { additionalProperties: typeof additionalProperties === 'object' ? downgrade(additionalProperties) : additionalProperties }),
  }
}

/** Said once per document and referred to, as Kubernetes does: most operations have the same ones, and would be twice as long with them. */
class SharedParameters {
  readonly #written = new Map<string, object>()

  refer(parameter: Parameter): object {
    const name = `${parameter.name}-${fnv1a(JSON.stringify(parameter)).toString(36)}`
    if (!this.#written.has(name)) this.#written.set(name, writtenParameter(parameter))
    return { $ref: `#/parameters/${name}` }
  }

  all(): object { return Object.fromEntries([...this.#written].toSorted(([a], [b]) => (a < b ? -1 : 1))) }
}

const pathItem = ({ pathParameters }: Operation, shared: SharedParameters): Record<string, unknown> => (pathParameters.length ? { parameters: pathParameters.map((parameter) => shared.refer(parameter)) } : {})
const writtenParameter = ({ name, in: place, type, description }: Parameter) => ({ uniqueItems: true, type, description, name, in: place, ...(place === 'path' && { required: true }) })
const reference = (definition: string) => ({ $ref: `#/definitions/${definition}` })

function written({ description, id, parameters, body, codes, result, produces, action, kind }: Operation, tag: string, shared: SharedParameters): object {
  const all = [...(body ? [{ name: 'body', in: 'body', ...(body.required && { required: true }), schema: reference(body.definition) }] : []), ...parameters.map((parameter) => shared.refer(parameter))]
  return {
    description, consumes: body?.types ?? ['*/*'], produces, schemes: ['https'], tags: [tag], operationId: id, ...(all.length > 0 && { parameters: all }),
    responses: { ...Object.fromEntries(codes.map((code) => [code, { description: DESCRIPTIONS[code], schema: result === undefined ? { type: 'string' } : reference(result) }])), 401: { description: 'Unauthorized' } },
    ...(action && { 'x-kubernetes-action': action }), ...(kind && { 'x-kubernetes-group-version-kind': kind }),
  }
}

const DESCRIPTIONS: Readonly<Record<string, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted' }
