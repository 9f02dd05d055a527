import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { ObjectMeta } from './core.ts'
import { decodeObjectMeta } from './decode-object-meta.ts'
import { generateName, nameSuffix } from './generate-name.ts'
import { dns1123Label, dns1123Subdomain } from './names.ts'
import { finalizerWarnings, validateObjectMeta, validateObjectMetaUpdate, withoutDuplicateOwners } from './object-meta.ts'
import type { Status } from './status-error.ts'
import { StatusError } from './status-error.ts'

interface Step { describe: string; request: { body: { metadata: Record<string, unknown> } }; answer: { status: number; headers: { Warning?: string[] }; body: Status } }
const { steps } = JSON.parse(readFileSync(new URL('../../../test/cases/rest/scripts/metadata-validation.json', import.meta.url), 'utf8')) as { steps: Step[] }
const widget = { group: 'conformance.example.com', kind: 'Widget', version: 'v1' }

describe('recorded from a kube-apiserver', () => {
  test.each(steps.map((step) => [step.describe, step] as const))('%s', (_name, { request, answer }) => {
    const warnings: string[] = [], decoded = withoutDuplicateOwners(decodeObjectMeta(request.body.metadata, widget), (text) => warnings.push(text))
    const errors = validateObjectMeta({ ...decoded, namespace: 'shop' }, { namespaced: true, validateName: dns1123Subdomain })
    warnings.push(...(errors.length > 0 ? [] : finalizerWarnings(decoded, undefined)))
    const status = errors.length > 0 ? StatusError.invalid(widget, decoded.name ?? '', errors).status() : undefined
    expect(status).toEqual(answer.status === 422 ? answer.body : undefined)
    expect(warnings.map((text) => `299 - ${JSON.stringify(text)}`)).toEqual(answer.headers.Warning ?? [])
  })
})

const show = (errors: readonly { field: string; message: string }[]) => errors.map(({ field, message }) => `${field}: ${message}`)

test.each<[string, ObjectMeta, boolean, string[]]>([
  ['neither name', {}, false, ['metadata.name: Required value: name or generateName is required']],
  ['a namespace where none belongs', { name: 'a', namespace: 'b' }, false, ['metadata.namespace: Forbidden: not allowed on this type']],
  ['no namespace', { name: 'a' }, true, ['metadata.namespace: Required value']],
  ['a prefix may end in a dash', { name: 'a-x', generateName: 'a-' }, false, []],
  ['a dash alone may not', { name: 'x', generateName: '-' }, false, ["metadata.generateName: Invalid value: \"-\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"]],
  ['annotations that are too large', { name: 'a', annotations: { k: 'x'.repeat(256 * 1024) } }, false, ['metadata.annotations: Too long: may not be more than 262144 bytes']],
  ['annotation keys may have capitals', { name: 'a', annotations: { 'X.example.com/K': '' } }, false, []],
  ['both finalizers of the collector', { name: 'a', finalizers: ['orphan', 'foregroundDeletion'] }, false, ['metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: finalizer orphan and foregroundDeletion cannot be both set']],
])('create: %s', (_name, meta, namespaced, expected) => {
  expect(show(validateObjectMeta(meta, { namespaced, validateName: dns1123Label }))).toEqual(expected)
})

const old: ObjectMeta = { name: 'a', namespace: 'n', uid: 'u', creationTimestamp: '2026-01-01T00:00:00Z', generation: 3, finalizers: ['x/y'] }
test.each<[string, ObjectMeta, ObjectMeta, string[]]>([
  ['nothing', old, old, []],
  ['identity', { ...old, name: 'b', namespace: 'm', uid: 'v' }, old, ['metadata.name: Invalid value: "b": field is immutable', 'metadata.namespace: Invalid value: "m": field is immutable', 'metadata.uid: Invalid value: "v": field is immutable']],
  ['setting deletion', { ...old, deletionTimestamp: '2001-01-01T00:00:00Z', deletionGracePeriodSeconds: 5 }, old, ['metadata.deletionTimestamp: Invalid value: "2001-01-01T00:00:00Z": field is immutable', 'metadata.deletionGracePeriodSeconds: Invalid value: 5: field is immutable']],
  ['generation backwards', { ...old, generation: 2 }, old, ['metadata.generation: Invalid value: 2: must not be decremented']],
  ['a finalizer while being deleted', { ...old, deletionTimestamp: 't', finalizers: ['x/y', 'b/c', 'a/b'] }, { ...old, deletionTimestamp: 't' },
    ['metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"a/b", "b/c"}']],
  ['finalizers that are no names', { ...old, finalizers: ['/x', 'orphan', 'foregroundDeletion'] }, old, ['metadata.finalizers: Invalid value: "/x": prefix part must be non-empty', 'metadata.finalizers: Invalid value: ["/x","orphan","foregroundDeletion"]: finalizer orphan and foregroundDeletion cannot be both set']],
])('update: %s', (_name, meta, before, expected) => {
  expect(show(validateObjectMetaUpdate(meta, before))).toEqual(expected)
})

test('decoding leaves out what is unknown, null or empty', () => {
  expect(decodeObjectMeta({ name: 'a', namespace: '', selfLink: '/x', bogus: 1, labels: {}, annotations: { k: null }, finalizers: [], creationTimestamp: null, ownerReferences: [{ uid: 'u', bogus: 1 }] }, widget))
    .toEqual({ name: 'a', annotations: { k: '' }, ownerReferences: [{ apiVersion: '', kind: '', name: '', uid: 'u' }] })
  expect(decodeObjectMeta(undefined, widget)).toEqual({})
})

test.each([
  [[], 'array into Go struct field Widget.metadata of type v1.ObjectMeta'],
  [{ labels: { a: 1 } }, 'number into Go struct field ObjectMeta.metadata.labels of type string'],
  [{ labels: [] }, 'array into Go struct field ObjectMeta.metadata.labels of type map[string]string'],
  [{ finalizers: 'x' }, 'string into Go struct field ObjectMeta.metadata.finalizers of type []string'],
  [{ generation: 1.5 }, 'number 1.5 into Go struct field ObjectMeta.metadata.generation of type int64'],
  [{ ownerReferences: [{ controller: 'yes' }] }, 'string into Go struct field OwnerReference.metadata.ownerReferences.controller of type bool'],
])('decoding %j', (value, text) => {
  expect(() => decodeObjectMeta(value, widget)).toThrow(`Widget in version "v1" cannot be handled as a Widget: json: cannot unmarshal ${text}`)
})

test.each([
  ['yesterday', 'cannot parse "yesterday" as "2006"'], ['2024-1-01T00:00:00Z', 'cannot parse "1-01T00:00:00Z" as "01"'], ['2024-01-01T00:00:00', 'cannot parse "" as "Z07:00"'], ['2024-01-01T00:00:00Zx', 'extra text: "x"'],
])('a time %s is none', (text, mistake) => { expect(() => decodeObjectMeta({ creationTimestamp: text }, widget)).toThrow(mistake) })

test('finalizers that are new and odd are warned of', () => {
  expect(finalizerWarnings({ finalizers: ['plain', 'a.b', 'example.com/x', 'orphan', 'old', 'x/y z'] }, { finalizers: ['old'] })).toEqual([
    'metadata.finalizers: "a.b": prefer a domain-qualified finalizer name including a path (/) to avoid accidental conflicts with other finalizer writers',
    'metadata.finalizers: "plain": prefer a domain-qualified finalizer name to avoid accidental conflicts with other finalizer writers',
    expect.stringMatching(/^metadata.finalizers: "x\/y z": name part must consist of alphanumeric characters/),
  ])
})

test('generated names', () => {
  expect(generateName('gen-', nameSuffix(() => 0))).toBe('gen-bbbbb')
  expect(generateName(`${'n'.repeat(60)}-`, nameSuffix(() => 0.999))).toBe(`${'n'.repeat(58)}99999`)
})
