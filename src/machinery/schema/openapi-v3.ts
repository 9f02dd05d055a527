import { documentDefinitions } from './openapi-definitions.ts'
import { type Capabilities, discoveryOperation, type DocumentedResource, type Operation, type Parameter, resourceOperations, tagOf } from './openapi-operations.ts'
import type { Definitions } from './resolve-schema.ts'

interface Input {
  readonly groupVersion: { readonly group: string; readonly version: string }
  readonly resources: readonly DocumentedResource[]
  /** All that is known; what is not used is left out. Must hold Kubernetes' own ObjectMeta, ListMeta, Status, DeleteOptions, …. */
  readonly definitions: Definitions
  readonly info: { readonly title: string; readonly version: string }
  readonly capabilities?: Capabilities
}

/** The OpenAPI 3.0 document of one group version, as kubectl explain, apply and other clients read it. */
export function openApiV3({ groupVersion, resources, definitions, info, capabilities = {} }: Input): object {
  const used = documentDefinitions(resources, definitions), paths: Record<string, Record<string, unknown>> = {}
  const operations = [discoveryOperation(groupVersion), ...resources.flatMap((resource) => resourceOperations(resource, used.names.get(resource)!, capabilities))]
  for (const operation of operations) (paths[operation.path] ??= pathItem(operation))[operation.method] = written(operation, tagOf(groupVersion))
  return {
    openapi: '3.0.0', info, paths,
    components: { schemas: used.definitions, securitySchemes: { BearerToken: { type: 'apiKey', description: 'Bearer token.', name: 'authorization', in: 'header' } } },
    security: [{ BearerToken: [] }],
  }
}

const pathItem = ({ pathParameters }: Operation): Record<string, unknown> => (pathParameters.length ? { parameters: pathParameters.map(parameter) } : {})
const parameter = ({ name, in: place, type, description }: Parameter) => ({ name, in: place, description, ...(place === 'path' && { required: true }), schema: { type, uniqueItems: true } })
const content = (types: readonly string[], definition: string) => Object.fromEntries(types.map((type) => [type, { schema: { $ref: `#/components/schemas/${definition}` } }]))

function written({ description, id, parameters, body, codes, result, produces, action, kind }: Operation, tag: string): object {
  const answers = codes.map((code) => [code, { description: DESCRIPTIONS[code], content: result === undefined ? { '*/*': { schema: { type: 'string' } } } : content(produces, result) }])
  return {
    tags: [tag], description, operationId: id,
    ...(parameters.length > 0 && { parameters: parameters.map(parameter) }),
    ...(body && { requestBody: { content: content(body.types, body.definition), ...(body.required && { required: true }) } }),
    responses: { ...Object.fromEntries(answers), 401: { description: 'Unauthorized' } },
    ...(action && { 'x-kubernetes-action': action }), ...(kind && { 'x-kubernetes-group-version-kind': kind }),
  }
}

const DESCRIPTIONS: Readonly<Record<string, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted' }
