import { readFileSync } from 'node:fs'
import { loadAll } from 'js-yaml'
import { afterAll, describe, expect, test } from 'vitest'
import { systemClock } from '../lib/clock.ts'
import { silentLogger } from '../lib/logger.ts'
import type { KubeObject, WriteOptions } from '../machinery/meta/core.ts'
import { StatusError } from '../machinery/meta/status-error.ts'
import { MemoryStorage } from '../machinery/storage/memory-storage.ts'
import { customGroups } from './custom-groups.ts'
import { compareVersions } from '../machinery/meta/version-order.ts'
import { customKind } from './custom-kind.ts'

const [widget, gadget] = ['widget', 'gadget'].map((name) => loadAll(readFileSync(new URL(`../../test/cases/rest/fixtures/${name}-crd.yaml`, import.meta.url), 'utf8'))[0])
const controller = new AbortController(), { signal } = controller
afterAll(() => { controller.abort() })

test('a definition becomes a kind with all that it says', () => {
  const { stored, served } = customKind(widget)
  expect(served).toEqual([stored])
  expect(stored).toMatchObject({
    group: 'conformance.example.com', version: 'v1', kind: 'Widget', listKind: 'WidgetList', plural: 'widgets', singular: 'widget', shortNames: ['wd'], categories: ['all', 'conformance'], namespaced: true, hasStatus: true,
    scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas', labelSelectorPath: '.status.selector' },
  })
  expect(stored.columns.map(({ name, type, priority = 0 }) => [name, type, priority])).toEqual([['Name', 'string', 0], ['Model', 'string', 0], ['Replicas', 'integer', 0], ['Enabled', 'boolean', 0], ['Expires', 'date', 0], ['Age', 'date', 0], ['Ratio', 'number', 1], ['Note', 'string', 1]])
  expect(Object.keys(stored.fields)).toEqual(['spec.color', 'spec.model'])
  expect([{ spec: { color: 'red' } }, {}].map((object) => stored.fields['spec.color']!({ metadata: {}, ...object }))).toEqual(['red', ''])
})

test('versions are served most stable first, with the version they are stored as', () => {
  expect(customKind(gadget).served.map(({ version, storageVersion, deprecation }) => [version, storageVersion, deprecation])).toEqual([['v1', undefined, undefined], ['v1beta1', 'v1', 'conformance.example.com/v1beta1 Gadget is deprecated; use conformance.example.com/v1 Gadget']])
  expect(['foo1', 'v1', 'v11alpha2', 'v10', 'v3beta1', 'v11beta2', 'v2', 'foo10', 'v12alpha1'].toSorted(compareVersions)).toEqual(['v10', 'v2', 'v1', 'v11beta2', 'v3beta1', 'v12alpha1', 'v11alpha2', 'foo1', 'foo10'])
})

test('what scale reads must be counts and texts', () => {
  const errors = (spec: object, status: object = {}) => customKind(widget).stored.strategy.validate!({ metadata: {}, spec, status }).map(({ field, message }) => `${field}: ${message}`)
  expect([errors({}), errors({ replicas: 3 }, { selector: 'a=b' })]).toEqual([[], []])
  expect(errors({ replicas: -1 }, { replicas: 2147483648 })).toEqual(['.spec.replicas: Invalid value: -1: should be a non-negative integer', '.status.replicas: Invalid value: 2147483648: should be less than or equal to 2147483647'])
  expect(errors({ replicas: 'x' }, { selector: 1 })).toEqual(['.spec.replicas: Invalid value: 0: .spec.replicas accessor error: x is of the type string, expected int64', '.status.selector: Invalid value: "": .status.selector accessor error: 1 is of the type int64, expected string'])
})

test('one object in two versions: written through one, read through the other', async () => {
  const administrator: WriteOptions = { user: { name: 'admin', groups: [], extra: {} }, manager: 'test', authorize: () => Promise.resolve(), warn: () => undefined }
  const [group] = await customGroups([customKind(gadget)], new MemoryStorage(), { clock: systemClock, randomUuid: () => crypto.randomUUID(), randomSuffix: () => 'abcde', logger: silentLogger }, signal)
  const [v1, beta] = group!.versions.map(({ resources }) => resources[0]!), read = async (resource: typeof v1) => [...(await resource!.reader.list({ name: 'a' }, signal)).entries].map((entry) => entry.parse())[0]!
  await v1!.writer!.create({ metadata: { name: 'a' }, spec: { color: 'red', parts: [{ name: 'p' }] } }, administrator, signal)
  expect([await read(v1), await read(beta)].map((object) => object['spec'])).toEqual([{ color: 'red', parts: [{ name: 'p' }], size: 1 }, { color: 'red', size: 1 }])
  const { entry } = await beta!.writer!.update('a', (current) => current!, administrator, signal)
  expect(entry.parse().metadata.generation).toBe(1)
  await beta!.writer!.update('a', (current) => ({ ...current!, spec: { color: 'blue' } }), administrator, signal)
  expect((await read(v1))).toMatchObject({ metadata: { generation: 2 }, spec: { color: 'blue', size: 1 } })
  expect(await read(v1)).toMatchObject({ metadata: { resourceVersion: (await read(beta)).metadata.resourceVersion } })
})

type Definition = KubeObject & { metadata: { name: string }; spec: { group: string; scope: string; names: Record<string, unknown>; versions: Record<string, unknown>[] } }
const definition = (schema: unknown, change: (spec: Definition['spec']) => void = () => undefined): Definition => {
  const spec: Definition['spec'] = { group: 'example.com', scope: 'Namespaced', names: { kind: 'Thing', plural: 'things' }, versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }] }
  change(spec)
  return { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'things.example.com' }, spec }
}
const AT = 'spec.versions[0].schema.openAPIV3Schema', root = (properties: object) => ({ type: 'object', properties })
const causes = (document: unknown): string[] => {
  try {
    customKind(document)
    return []
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    return error.details?.causes?.map(({ field, message }) => `${field!}: ${message!}`) ?? [error.message]
  }
}

describe('definitions that cannot be served', () => {
  test.each<[string, unknown, string[]]>([
    ['no definition at all', { kind: 'Pod' }, ['the document is no CustomResourceDefinition: its kind says otherwise']],
    ['no type at the root', definition({ properties: {} }), [`${AT}.type: Required value: must not be empty at the root`]],
    ['no type of a field', definition(root({ spec: {} })), [`${AT}.properties[spec].type: Required value: must not be empty for specified object fields`]],
    ['no items', definition(root({ list: { type: 'array' } })), [`${AT}.properties[list].items: Required value: must be specified`]],
    ['a type among alternatives', definition(root({ spec: { type: 'string', anyOf: [{ type: 'string' }] } })), [`${AT}.properties[spec].anyOf[0].type: Forbidden: must be empty to be structural`]],
    ['an integer or a string, in words', definition(root({ port: { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] } })), []],
    ['the same inside allOf', definition(root({ port: { 'x-kubernetes-int-or-string': true, allOf: [{ anyOf: [{ type: 'integer' }, { type: 'string' }] }, { pattern: 'x' }] } })), []],
    ['a field among alternatives only', definition(root({ spec: { type: 'object', oneOf: [{ properties: { a: { minLength: 1 } } }] } })), [`${AT}.properties[spec].properties[a]: Required value: because it is defined in ${AT}.properties[spec].oneOf[0].properties[a]`]],
    ['metadata with rules of its own', definition(root({ metadata: { type: 'object', properties: { labels: { type: 'object' } } } })), [`${AT}.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified`]],
    ['a map list without keys', definition(root({ list: { type: 'array', 'x-kubernetes-list-type': 'map', items: { type: 'object', properties: {} } } })), [`${AT}.properties[list].x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map`]],
    ['a key that may be absent', definition(root({ list: { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'], items: { type: 'object', properties: { k: { type: 'string' } } } } })), [`${AT}.properties[list].items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property`]],
    ['a reference', definition(root({ spec: { $ref: '#/x', type: 'object' } })), [`${AT}.properties[spec].$ref: Forbidden: $ref is not supported`]],
    ['a default of another type', definition(root({ spec: { type: 'integer', default: 'x' } })), [`${AT}.properties[spec].default: Invalid value: "x": Invalid value: "string": value in body must be of type integer: "string"`]],
    ['a default that would be pruned', definition(root({ spec: { type: 'object', default: { a: 1 } } })), [`${AT}.properties[spec].default: Invalid value: {"a":1}: the default holds a field that is not in the schema: a`]],
    ['two storage versions', definition(root({}), (spec) => { spec.versions.push({ ...spec.versions[0], name: 'v2' }) }), ['spec.versions: Invalid value: ["v1","v2"]: must have exactly one version marked as storage version']],
    ['a conversion webhook', definition(root({}), (spec) => { Object.assign(spec, { conversion: { strategy: 'Webhook' } }) }), ['spec.conversion.strategy: Unsupported value: "Webhook": supported values: "None"']],
    ['a name of something else', definition(root({}), (spec) => { spec.names['plural'] = 'others' }), ['metadata.name: Invalid value: "things.example.com": must be spec.names.plural+"."+spec.group']],
    ['a group without a dot', { ...definition(root({}), (spec) => { spec.group = 'example' }), metadata: { name: 'things.example' } }, ['spec.group: Invalid value: "example": should be a domain with at least one dot']],
    ['a selectable field that is an object', definition(root({ spec: { type: 'object' } }), (spec) => { spec.versions[0]!['selectableFields'] = [{ jsonPath: '.spec' }] }), ['spec.versions[0].selectableFields[0].jsonPath: Invalid value: ".spec": must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.']],
    ['a scale outside of spec', definition(root({}), (spec) => { spec.versions[0]!['subresources'] = { scale: { specReplicasPath: '.replicas', statusReplicasPath: '.status.replicas' } } }), ['spec.versions[0].subresources.scale.specReplicasPath: Invalid value: ".replicas": should be a json path under .spec']],
  ])('%s', (_name, document, wanted) => { expect(causes(document)).toEqual(wanted) })
})
