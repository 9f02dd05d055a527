/** Overriders held against the schemas of Kubernetes' own kinds. */
import { describe, expect, test } from 'vitest'
import definitions from '../../../openapi/kubernetes/definitions.json' with { type: 'json' }
import type { Overriders } from '../../apis/policy.federation/v1alpha1/overriders.ts'
import { type Definitions, resolveSchema } from '../../machinery/schema/resolve-schema.ts'
import { checkOverriders, type OverriddenKind } from './check-overriders.ts'

const kindOf = (apiVersion: string, kind: string, name: string): OverriddenKind => ({ apiVersion, kind, schema: resolveSchema(definitions as unknown as Definitions, `io.k8s.api.${name}.${kind}`) })
const deployment = kindOf('apps/v1', 'Deployment', 'apps.v1'), configMap = kindOf('v1', 'ConfigMap', 'core.v1')
const told = (overriders: Overriders, kind = deployment) => checkOverriders(overriders, kind, 'spec.overriders').map(({ field, message }) => `${field}: ${message}`)
const patched = (path: string, value?: unknown) => told({ plaintext: [value === undefined ? { path, operator: 'remove' } : { path, operator: 'add', value }] })
const AT = 'spec.overriders.plaintext[0]'

describe('paths', () => {
  test.each([
    '/spec/replicas', '/spec/template/spec/containers/0/image', '/spec/template/spec/containers/0/resources/limits/cpu', '/metadata/labels/a~1b', '/metadata/annotations', '/spec/template/metadata/labels/x', '/spec/strategy/rollingUpdate/maxSurge', '/status',
    // Only a cluster's values tell.
    "/metadata/labels/${cluster.labels['x']}",
  ])('%s fits', (path) => { expect(patched(path)).toEqual([]) })
  test.each([
    ['/spec/replica', 'spec has no field "replica" in apps/v1 Deployment'],
    ['/spec/template/spec/containers/first/image', 'spec.template.spec.containers is a list in apps/v1 Deployment, and "first" no place in one'],
    ['/spec/template/spec/containers/00', 'spec.template.spec.containers is a list in apps/v1 Deployment, and "00" no place in one'],
    ['/spec/replicas/x', 'spec.replicas has no field "x" in apps/v1 Deployment'],
    ['/data', 'the object has no field "data" in apps/v1 Deployment'],
    ['/spec/constructor', 'spec has no field "constructor" in apps/v1 Deployment'],
  ])('%s does not', (path, text) => { expect(patched(path)).toEqual([`${AT}.path: Invalid value: ${JSON.stringify(path)}: ${text}`]) })
  test('what a schema leaves open fits', () => {
    const open: OverriddenKind = { apiVersion: 'x/v1', kind: 'Open', schema: { type: 'object', properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: { size: { type: 'integer' } } }, any: {} } } }
    expect(told({ plaintext: [{ path: '/spec/a/b/0', operator: 'add', value: 'x' }, { path: '/any/thing', operator: 'remove' }, { path: '/spec/size', operator: 'add', value: 'big' }, { path: '/status', operator: 'remove' }] }, open)).toEqual([
      'spec.overriders.plaintext[2].value: Invalid value: "string": spec.overriders.plaintext[2].value in body must be of type integer: "string"', 'spec.overriders.plaintext[3].path: Invalid value: "/status": the object has no field "status" in x/v1 Open',
    ])
  })
})

describe('values', () => {
  test.each<[string, unknown]>([
    ['/spec/replicas', 5], ['/spec/replicas', null], ['/spec/template/spec/containers/-', { name: 'side', image: 'x', ports: [{ containerPort: 80 }], resources: { limits: { cpu: 1, memory: '1Gi' } } }], ['/spec/strategy/rollingUpdate/maxSurge', '25%'], ['/spec/strategy/rollingUpdate/maxSurge', 1],
    ['/metadata/labels', { a: '${cluster.name}' }],
  ])('%s: %j fits', (path, value) => { expect(patched(path, value)).toEqual([]) })
  test.each<[string, unknown, string]>([
    ['/spec/replicas', '5', `${AT}.value: Invalid value: "string": ${AT}.value in body must be of type integer: "string"`],
    ['/metadata/labels', { a: 1 }, `${AT}.value.a: Invalid value: "integer": ${AT}.value.a in body must be of type string: "integer"`],
    ['/spec/template/spec/containers/-', { name: 'side', imgae: 'x' }, `${AT}.value.imgae: Invalid value: "": there is no such field`],
    ['/spec/template/spec/containers', { name: 'side' }, `${AT}.value: Invalid value: "object": ${AT}.value in body must be of type array: "object"`],
  ])('%s: %j does not', (path, value, text) => { expect(patched(path, value)).toEqual([text]) })
})

describe('texts', () => {
  test('images and embedded files are strings', () => {
    expect(told({ imageOverrider: [{ component: 'Tag', operator: 'remove', predicate: { path: '/spec/template/spec/containers/0/image' } }, { component: 'Tag', operator: 'remove' }] })).toEqual([])
    expect(told({ fieldOverrider: [{ fieldPath: '/data/app.yaml', yaml: [{ subPath: '/a', operator: 'remove' }] }] }, configMap)).toEqual([])
    expect(told({ imageOverrider: [{ component: 'Tag', operator: 'remove', predicate: { path: '/spec/replicas' } }], fieldOverrider: [{ fieldPath: '/data/x', json: [{ subPath: '/a', operator: 'remove' }] }] })).toEqual([
      'spec.overriders.imageOverrider[0].predicate.path: Invalid value: "/spec/replicas": must lead to a string; it is of type integer in apps/v1 Deployment',
      'spec.overriders.fieldOverrider[0].fieldPath: Invalid value: "/data/x": the object has no field "data" in apps/v1 Deployment',
    ])
  })
})
