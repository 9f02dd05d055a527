/** A kind of a CustomResourceDefinition, as members serve and describe it. */
import { defineKind } from '../../src/machinery/meta/define-kind.ts'
import type { Handler } from '../../src/machinery/meta/core.ts'
import type { JsonSchema } from '../../src/machinery/meta/json-schema.ts'
import type { Filter } from '../../src/machinery/server/filter.ts'

const GROUP = 'example.com', VERSION = 'v1', KIND = 'Gadget'
const properties: Record<string, JsonSchema> = { spec: { type: 'object', properties: { size: { type: 'integer' }, colour: { type: 'string' } } } }

export const gadgetKind = defineKind({
  group: GROUP, version: VERSION, kind: KIND, plural: 'gadgets', scope: 'Namespaced', hasStatus: false, columns: [],
  schema: { type: 'object', properties: { apiVersion: { type: 'string' }, kind: { type: 'string' }, metadata: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }, ...properties } },
})

/** The name of its FederatedTypeConfig, and what that says. */
export const GADGETS = 'gadgets.example.com'
export const gadgetType = { group: GROUP, version: VERSION, kind: KIND, pluralName: 'gadgets', scope: 'Namespaced' }

const documents: Readonly<Record<string, object>> = {
  '/openapi/v3': { paths: { [`apis/${GROUP}/${VERSION}`]: { serverRelativeURL: `/openapi/v3/apis/${GROUP}/${VERSION}?hash=1` } } },
  [`/openapi/v3/apis/${GROUP}/${VERSION}`]: { components: { schemas: { 'com.example.v1.Gadget': { type: 'object', properties: { metadata: { type: 'object' }, ...properties }, 'x-kubernetes-group-version-kind': [{ group: GROUP, version: VERSION, kind: KIND }] } } } },
}

/** What a kube-apiserver says of it in OpenAPI. */
export const gadgetDocuments: Filter = (next): Handler => (request, signal) => {
  const document = documents[request.path]
  return document ? Promise.resolve({ status: 200, headers: [], body: Buffer.from(JSON.stringify(document)) }) : next(request, signal)
}
