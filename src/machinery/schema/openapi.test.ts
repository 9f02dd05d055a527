import { expect, test } from 'vitest'
import meta from '../../../openapi/meta.v1.json' with { type: 'json' }
import type { JsonSchema } from '../meta/json-schema.ts'
import { openApiV2 } from './openapi-v2.ts'
import { openApiV3 } from './openapi-v3.ts'
import type { DocumentedResource } from './openapi-operations.ts'
import type { Definitions } from './resolve-schema.ts'

const groupVersion = { group: 'shop.example.k8s.io', version: 'v1' }, info = { title: 'test', version: '1' }
const kind = { ...groupVersion, kind: 'Cart', listKind: 'CartList', plural: 'carts', namespaced: true }
const cart: JsonSchema = {
  type: 'object', 'x-kubernetes-group-version-kind': [{ ...groupVersion, kind: 'Cart' }],
  properties: { metadata: { description: 'About it.', allOf: [{ $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' }] }, spec: { type: 'object', nullable: true, properties: { port: { 'x-kubernetes-int-or-string': true } } } },
}
const definitions: Definitions = { ...(meta as unknown as Definitions), 'io.k8s.example.shop.v1.Cart': cart, Unused: { type: 'string' } }
const carts: DocumentedResource = { kind, verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'], status: true }
const shelf: DocumentedResource = { kind: { ...kind, kind: 'Shelf', listKind: 'ShelfList', plural: 'shelves', namespaced: false }, verbs: ['get', 'list'], status: false, connect: { proxy: { verbs: ['create', 'get'], responseKind: { ...groupVersion, kind: 'Shelf' } } } }

interface Written { operationId: string; 'x-kubernetes-action'?: string; 'x-kubernetes-group-version-kind'?: unknown; parameters?: { name: string; in: string }[]; requestBody?: { content: object }; consumes?: string[]; tags: string[] }
type Paths = Record<string, Record<string, Written>>
const methods = (paths: Paths) => Object.entries(paths).flatMap(([path, item]) => Object.entries(item).filter(([method]) => method !== 'parameters').map(([method, operation]) => `${method} ${path} ${operation.operationId} ${operation['x-kubernetes-action'] ?? ''}`.trim()))
const OPERATIONS = [
  'get /apis/shop.example.k8s.io/v1/ getShopExampleV1APIResources',
  'get /apis/shop.example.k8s.io/v1/carts listShopExampleV1CartForAllNamespaces list',
  'get /apis/shop.example.k8s.io/v1/namespaces/{namespace}/carts listShopExampleV1NamespacedCart list',
  'post /apis/shop.example.k8s.io/v1/namespaces/{namespace}/carts createShopExampleV1NamespacedCart post',
  'delete /apis/shop.example.k8s.io/v1/namespaces/{namespace}/carts deleteShopExampleV1CollectionNamespacedCart deletecollection',
  'get /apis/shop.example.k8s.io/v1/namespaces/{namespace}/carts/{name} readShopExampleV1NamespacedCart get',
  'put /apis/shop.example.k8s.io/v1/namespaces/{namespace}/carts/{name} replaceShopExampleV1NamespacedCart put',
  'patch /apis/shop.example.k8s.io/v1/namespaces/{namespace}/carts/{name} patchShopExampleV1NamespacedCart patch',
  'delete /apis/shop.example.k8s.io/v1/namespaces/{namespace}/carts/{name} deleteShopExampleV1NamespacedCart delete',
  'get /apis/shop.example.k8s.io/v1/namespaces/{namespace}/carts/{name}/status readShopExampleV1NamespacedCartStatus get',
  'put /apis/shop.example.k8s.io/v1/namespaces/{namespace}/carts/{name}/status replaceShopExampleV1NamespacedCartStatus put',
  'patch /apis/shop.example.k8s.io/v1/namespaces/{namespace}/carts/{name}/status patchShopExampleV1NamespacedCartStatus patch',
  'get /apis/shop.example.k8s.io/v1/shelves listShopExampleV1Shelf list',
  'get /apis/shop.example.k8s.io/v1/shelves/{name} readShopExampleV1Shelf get',
  'post /apis/shop.example.k8s.io/v1/shelves/{name}/proxy connectPostShopExampleV1ShelfProxy connect',
  'get /apis/shop.example.k8s.io/v1/shelves/{name}/proxy connectGetShopExampleV1ShelfProxy connect',
  'post /apis/shop.example.k8s.io/v1/shelves/{name}/proxy/{path} connectPostShopExampleV1ShelfProxyWithPath connect',
  'get /apis/shop.example.k8s.io/v1/shelves/{name}/proxy/{path} connectGetShopExampleV1ShelfProxyWithPath connect',
]

const v3 = openApiV3({ groupVersion, resources: [carts, shelf], definitions, info }) as unknown as { paths: Paths; components: { schemas: Record<string, JsonSchema> } }
const v2 = openApiV2({ groupVersions: [{ groupVersion, resources: [carts, shelf] }], definitions, info }) as unknown as { paths: Paths; definitions: Record<string, JsonSchema>; parameters: Record<string, { name: string; in: string }> }
const CART_PATH = '/apis/shop.example.k8s.io/v1/namespaces/{namespace}/carts/{name}'

test('both versions have the same operations, named as Kubernetes names them', () => {
  expect(methods(v3.paths).toSorted()).toEqual(OPERATIONS.toSorted())
  expect(methods(v2.paths).toSorted()).toEqual(OPERATIONS.toSorted())
})

test('PATCH says what kubectl looks for', () => {
  const patch = v3.paths[CART_PATH]!['patch']!
  expect(patch['x-kubernetes-group-version-kind']).toEqual({ ...groupVersion, kind: 'Cart' })
  expect(patch.tags).toEqual(['shopExample_v1'])
  expect(patch.parameters!.map(({ name }) => name)).toEqual(['dryRun', 'fieldManager', 'fieldValidation', 'force'])
  expect(Object.keys(patch.requestBody!.content)).toEqual(['application/json-patch+json', 'application/merge-patch+json', 'application/apply-patch+yaml'])
  expect(v2.paths[CART_PATH]!['patch']!.consumes).toEqual(['application/json-patch+json', 'application/merge-patch+json', 'application/apply-patch+yaml'])
  const typed = openApiV3({ groupVersion, resources: [{ ...carts, kind: { ...carts.kind, strategicMerge: true } }], definitions, info }) as typeof v3
  expect(Object.keys(typed.paths[CART_PATH]!['patch']!.requestBody!.content)).toEqual(['application/json-patch+json', 'application/merge-patch+json', 'application/strategic-merge-patch+json', 'application/apply-patch+yaml'])
  const able = openApiV3({ groupVersion, resources: [carts], definitions, info, capabilities: { fieldValidation: false, dryRun: false, patchTypes: ['application/apply-patch+yaml'] } }) as typeof v3
  expect(able.paths[CART_PATH]!['patch']!.parameters!.map(({ name }) => name)).toEqual(['fieldManager', 'force'])
})

test('definitions: those in use, lists made up, kinds without a schema left open', () => {
  const { schemas } = v3.components
  expect(Object.keys(schemas).filter((name) => !name.startsWith('io.k8s.apimachinery'))).toEqual(['io.k8s.example.shop.v1.Cart', 'io.k8s.example.shop.v1.CartList', 'io.k8s.example.shop.v1.Shelf', 'io.k8s.example.shop.v1.ShelfList'])
  expect(schemas['io.k8s.example.shop.v1.CartList']).toMatchObject({ required: ['items'], 'x-kubernetes-group-version-kind': [{ ...groupVersion, kind: 'CartList' }] })
  expect(schemas['io.k8s.example.shop.v1.Shelf']).toMatchObject({ 'x-kubernetes-preserve-unknown-fields': true, 'x-kubernetes-group-version-kind': [{ ...groupVersion, kind: 'Shelf' }] })
  expect(schemas['io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions']!['x-kubernetes-group-version-kind']).toEqual([{ ...groupVersion, kind: 'DeleteOptions' }])
})

test('version 2 says each parameter once', () => {
  const ofPath = (path: string) => (v2.paths[path]!['parameters'] as unknown as { $ref: string }[]).map(({ $ref }) => v2.parameters[$ref.slice('#/parameters/'.length)])
  expect(ofPath(CART_PATH).map((parameter) => parameter?.name)).toEqual(['name', 'namespace', 'pretty'])
  expect(ofPath(CART_PATH)[0]).toEqual({ uniqueItems: true, type: 'string', description: 'Name of the Cart.', name: 'name', in: 'path', required: true })
  expect(ofPath('/apis/shop.example.k8s.io/v1/shelves/{name}')[0]).toMatchObject({ description: 'Name of the Shelf.' })
  const names = Object.values(v2.parameters).map(({ name }) => name)
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual(['name'])
})

test('every reference has its definition', () => {
  const missing = (document: object, known: readonly string[]) => [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, to]) => to!).filter((to) => !known.includes(to)), under = (prefix: string, named: object) => Object.keys(named).map((name) => prefix + name)
  expect(missing(v3, under('#/components/schemas/', v3.components.schemas))).toEqual([])
  expect(missing(v2, [...under('#/definitions/', v2.definitions), ...under('#/parameters/', v2.parameters)])).toEqual([])
})

test('version 2 has no alternatives, nulls or wrapped references', () => {
  const { metadata, spec } = v2.definitions['io.k8s.example.shop.v1.Cart']!.properties!
  expect(metadata).toEqual({ description: 'About it.', $ref: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' })
  expect(spec).toEqual({ type: 'object', properties: { port: { 'x-kubernetes-int-or-string': true, type: 'string', format: 'int-or-string' } } })
  expect(JSON.stringify(v2.definitions)).not.toMatch(/"(?:allOf|anyOf|oneOf|nullable)"/)
})
