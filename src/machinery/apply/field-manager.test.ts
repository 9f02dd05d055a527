import { describe, expect, test } from 'vitest'
import type { KubeObject } from '../meta/core.ts'
import { parseJson } from '../meta/json.ts'
import type { JsonSchema } from '../meta/json-schema.ts'
import { StatusError } from '../meta/status-error.ts'
import { applyObject, type ManagedKind, type ManagedObject, updateObject } from './field-manager.ts'
import { keepTimes } from './keep-times.ts'
import type { ManagedFieldsEntry } from './managed-fields.ts'
import { objectType } from './openapi-type.ts'
import { PathSet } from './path-set.ts'
import { entriesAfterScale, entriesOfScale } from './scale-entries.ts'

const STRING: JsonSchema = { type: 'string' }
const schema: JsonSchema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: { color: STRING, model: STRING, note: STRING, replicas: { type: 'integer' }, tags: { type: 'array', items: STRING, 'x-kubernetes-list-type': 'set' }, ports: { type: 'array', items: { type: 'integer' }, 'x-kubernetes-list-type': 'set' } },
    },
    status: { type: 'object', properties: { phase: STRING } },
  },
}
const kind: ManagedKind = { apiVersion: 'x.example.com/v1', kind: 'Widget', type: objectType(schema), resetFields: PathSet.of(['f:status']) }
const NOW = Date.parse('2026-01-01T00:00:00Z')
const object = (spec: unknown, metadata: object = {}): KubeObject => ({ apiVersion: kind.apiVersion, kind: kind.kind, metadata: { name: 'a', ...metadata }, spec })
const stored = ({ object: of, managedFields }: ManagedObject): KubeObject => ({ ...of, metadata: { ...of.metadata, uid: 'u', ...(managedFields && { managedFields }) } })
const created = (spec: unknown, manager = 'maker', metadata = {}) => stored(updateObject(kind, { live: undefined, next: object(spec, metadata), manager, now: NOW }))
const updated = (live: KubeObject, spec: unknown, manager: string, now = NOW) => stored(updateObject(kind, { live, next: { ...live, spec }, manager, now }))
const applied = (live: KubeObject | undefined, spec: unknown, manager: string, { force = false, now = NOW } = {}) => stored(applyObject(kind, { live, config: object(spec), manager, force, now }))
const entries = (of: KubeObject) => (of.metadata.managedFields ?? []) as ManagedFieldsEntry[]
const owners = (of: KubeObject) => Object.fromEntries(entries(of).map(({ manager, operation, fieldsV1 }) => [`${manager} ${operation}`, fieldsV1['f:spec'] ?? fieldsV1]))
const failure = (run: () => unknown): StatusError | undefined => {
  try { run() } catch (error) { if (error instanceof StatusError) return error }
  return undefined
}

describe('updates', () => {
  test('the maker owns what it made, except what names the object and what the endpoint resets', () => {
    const made = updateObject(kind, { live: undefined, next: { ...object({ color: 'red' }, { labels: { a: 'b' } }), status: { phase: 'Ready' } }, manager: 'maker', now: NOW })
    expect(made.managedFields).toEqual([{ manager: 'maker', operation: 'Update', apiVersion: kind.apiVersion, time: '2026-01-01T00:00:00Z', fieldsType: 'FieldsV1', fieldsV1: { 'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } }, 'f:spec': { '.': {}, 'f:color': {} } } }])
  })

  test('a change moves to whoever made it, and only that entry gets a new time', () => {
    const live = updated(created({ color: 'red', model: 'm' }), { color: 'blue', model: 'm', note: 'n' }, 'painter', NOW + 60_000)
    expect(owners(live)).toEqual({ 'maker Update': { '.': {}, 'f:model': {} }, 'painter Update': { 'f:color': {}, 'f:note': {} } })
    expect(entries(live).map(({ time }) => time)).toEqual(['2026-01-01T00:00:00Z', '2026-01-01T00:01:00Z'])
    expect(entries(updated(live, live['spec'], 'idle', NOW + 120_000))).toEqual(entries(live))
  })

  test('no name at all is unknown', () => { expect(owners(created({ color: 'red' }, ''))).toHaveProperty('unknown Update') })

  test('an object without managers stays untracked', () => {
    expect(entries(updated(object({ color: 'red' }, { uid: 'u' }), { color: 'blue' }, 'painter'))).toEqual([])
  })

  const given = (managedFields: unknown) => entries(stored(updateObject(kind, { live: created({ color: 'red' }), next: object({ color: 'red', note: 'n' }, { managedFields }), manager: 'writer', now: NOW }))).map(({ manager }) => manager)
  const entry = { manager: 'made-up', operation: 'Update', apiVersion: kind.apiVersion, fieldsType: 'FieldsV1', fieldsV1: { 'f:spec': { 'f:color': {} } } }
  test.each<[string, unknown, string[]]>([
    ['absent: those of the live object', undefined, ['maker', 'writer']],
    ['null: the same', null, ['maker', 'writer']],
    ['empty: the same', [], ['maker', 'writer']],
    ['one empty entry: reset', [{}], []],
    ['entries of the client count', [entry], ['made-up', 'writer']],
    ['an unknown operation: those of the live object', [{ ...entry, operation: 'Sideways' }], ['maker', 'writer']],
    ['an unknown encoding: the same', [{ ...entry, fieldsType: 'FieldsV2' }], ['maker', 'writer']],
    ['no encoding: the same', [{ ...entry, fieldsType: undefined }], ['maker', 'writer']],
    ['no version: the same', [{ ...entry, apiVersion: '' }], ['maker', 'writer']],
    ['unreadable fields: the same', [{ ...entry, fieldsV1: { spec: {} } }], ['maker', 'writer']],
    ['no time: the same', [{ ...entry, time: 'yesterday' }], ['maker', 'writer']],
    ['no list: the same', 'all', ['maker', 'writer']],
  ])('managedFields %s', (_rule, managedFields, managers) => { expect(given(managedFields)).toEqual(managers) })

  test('subresources cannot write managedFields', () => {
    const live = created({ color: 'red' }), status: ManagedKind = { ...kind, subresource: 'status', resetFields: PathSet.of(['f:spec'], ['f:metadata']) }
    const { managedFields } = updateObject(status, { live, next: { ...live, metadata: { ...live.metadata, managedFields: [{}] }, spec: {}, status: { phase: 'Ready' } }, manager: 'watcher', now: NOW })
    expect(managedFields!.map(({ manager, subresource, fieldsV1 }) => [manager, subresource, fieldsV1])).toEqual([['maker', undefined, { 'f:spec': { '.': {}, 'f:color': {} } }], ['watcher', 'status', { 'f:status': { '.': {}, 'f:phase': {} } }]])
  })

  test('an object that does not fit the schema is left to validation, untracked', () => { expect(entries(created({ color: 1 }))).toEqual([]) })

  test('more than ten updaters: the oldest of a version become one, appliers never', () => {
    let live = applied(undefined, { model: 'm' }, 'applier')
    for (let i = 0; i < 13; i++) live = updated(live, { ...live['spec'] as object, replicas: i, note: String(i), tags: [...((live['spec'] as { tags?: string[] }).tags ?? []), String(i)] }, `u${String(i).padStart(2, '0')}`, NOW + i * 1000)
    expect(entries(live).map(({ manager }) => manager)).toEqual(['applier', 'ancient-changes', ...Array.from({ length: 9 }, (_, i) => `u${String(i + 4).padStart(2, '0')}`)])
    expect(entries(live)[1]).toMatchObject({ time: '2026-01-01T00:00:03Z', fieldsV1: { 'f:spec': { 'f:tags': { '.': {}, 'v:"0"': {}, 'v:"1"': {}, 'v:"2"': {}, 'v:"3"': {} } } } })
  })
})

describe('applies', () => {
  test('entries are ordered by operation, time, manager', () => {
    const live = updated(applied(applied(undefined, { model: 'm' }, 'b', { now: NOW + 1000 }), { color: 'c' }, 'a', { now: NOW + 1000 }), { model: 'm', color: 'c', note: 'n' }, '0')
    expect(entries(applied(live, { note: 'n' }, 'z')).map(({ manager, time }) => [manager, time])).toEqual([['z', undefined], ['a', '2026-01-01T00:00:01Z'], ['b', '2026-01-01T00:00:01Z'], ['0', '2026-01-01T00:00:00Z']])
  })

  test('conflicts name managers, versions and fields, in order', () => {
    const live = updated(applied(undefined, { color: 'red' }, 'b'), { color: 'red', model: 'm' }, 'a'), error = failure(() => applied(live, { color: 'x', model: 'x' }, 'c'))
    expect(error).toMatchObject({
      reason: 'Conflict', code: 409, message: 'Apply failed with 2 conflicts: conflicts with "a" using x.example.com/v1:\n- .spec.model\nconflicts with "b":\n- .spec.color',
      details: { causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "a" using x.example.com/v1', field: '.spec.model' }, { reason: 'FieldManagerConflict', message: 'conflict with "b"', field: '.spec.color' }] },
    })
    expect(owners(applied(live, { color: 'x', model: 'x' }, 'c', { force: true }))).toEqual({ 'c Apply': { 'f:color': {}, 'f:model': {} } })
  })

  test.each<[string, KubeObject, number, string]>([
    ['another version', { ...object({}), apiVersion: 'x.example.com/v2' }, 400, 'invalid object type: x.example.com/v2, Kind=Widget'],
    ['a core kind', { ...object({}), apiVersion: 'v1', kind: 'Pod' }, 400, 'invalid object type: /v1, Kind=Pod'],
    ['managedFields', object({}, { managedFields: [] }), 400, 'metadata.managedFields must be nil'],
    ['an unknown field', object({ bogus: 1 }, { namespace: 'n' }), 500, 'failed to create typed patch object (n/a; x.example.com/v1, Kind=Widget): .spec.bogus: field not declared in schema'],
    ['two mistakes', object({ color: 1, tags: [null] }), 500, "failed to create typed patch object (/a; x.example.com/v1, Kind=Widget): errors:\n  .spec.color: expected string, got &value.valueUnstructured{Value:1}\n  .spec.tags: element 0: associative list without keys has an element that's an explicit null"],
  ])('refuses %s', (_what, config, code, message) => {
    expect(failure(() => applyObject(kind, { live: undefined, config, manager: 'm', force: false, now: NOW }))).toMatchObject({ code, message })
  })

  test('managedFields that cannot be read stop an apply', () => {
    expect(failure(() => applied(object({}, { managedFields: [{ manager: 'x' }] }), {}, 'm'))).toMatchObject({ code: 500, message: 'failed to decode managed fields: operation must be `Apply` or `Update`' })
  })

  test('nothing changes: no new time, the same object', () => {
    const live = applied(undefined, { color: 'red' }, 'm'), again = applyObject(kind, { live, config: object({ color: 'red' }), manager: 'm', force: false, now: NOW + 60_000 })
    expect(stored(again)).toEqual(live)
  })

  test('integers beyond doubles stay what they are', () => {
    const spec = (text: string) => parseJson(`{"ports":[${text}]}`), live = applied(undefined, spec('9007199254740993'), 'm')
    expect(owners(live)).toEqual({ 'm Apply': { 'f:ports': { 'v:9007199254740993': {} } } })
    expect(applied(live, spec('9007199254740992'), 'n')['spec']).toEqual(spec('9007199254740993, 9007199254740992'))
  })

  test('versions that are not served are forgotten, others are converted', () => {
    const entry = (manager: string, apiVersion: string, field: string) => ({ manager, operation: 'Apply', apiVersion, fieldsType: 'FieldsV1', fieldsV1: { 'f:spec': { [`f:${field}`]: {} } } })
    const live = object({ color: 'red', model: 'm' }, { uid: 'u', managedFields: [entry('old', 'x.example.com/v0', 'color'), entry('new', 'x.example.com/v2', 'colour')] })
    const v2 = objectType({ type: 'object', properties: { spec: { type: 'object', properties: { colour: STRING, model: STRING } } } })
    const both: ManagedKind = { ...kind, convert: ({ spec, ...rest }, apiVersion) => {
      if (apiVersion !== 'x.example.com/v2') return undefined
      const { color, ...others } = spec as { color?: string }
      return { object: { ...rest, apiVersion, spec: { ...others, colour: color } }, type: v2 }
    } }
    expect(failure(() => applyObject(both, { live, config: object({ color: 'blue' }), manager: 'm', force: false, now: NOW }))?.message).toBe('Apply failed with 1 conflict: conflict with "new": .spec.colour')
    expect(entries(stored(applyObject(both, { live, config: object({ color: 'red' }), manager: 'm', force: false, now: NOW }))).map(({ manager }) => manager)).toEqual(['m', 'new'])
  })
})

describe('kubectl takes over from client-side apply', () => {
  const LAST = 'kubectl.kubernetes.io/last-applied-configuration'
  const live = (config: unknown) => created({ color: 'red', note: 'n' }, 'kubectl-client-side-apply', { annotations: { [LAST]: typeof config === 'string' ? config : JSON.stringify(config) } })

  test('its own fields do not conflict, and the annotation follows', () => {
    const result = applied(live(object({ color: 'red' })), { color: 'blue' }, 'kubectl')
    expect(result.metadata.annotations).toEqual({ [LAST]: '{"apiVersion":"x.example.com/v1","kind":"Widget","metadata":{"name":"a"},"spec":{"color":"blue"}}\n' })
  })

  test.each<[string, unknown, string]>([
    ['what it never applied', object({ color: 'red' }), 'kubectl'],
    ['what was changed since', object({ color: 'red', note: 'other' }), 'kubectl'],
    ['an annotation of another version', { ...object({ color: 'red', note: 'n' }), apiVersion: 'x.example.com/v0' }, 'kubectl'],
    ['an annotation that is no JSON', 'red', 'kubectl'],
    ['an annotation that does not fit', object({ bogus: 1 }), 'kubectl'],
    ['another manager', object({ color: 'red', note: 'n' }), 'helm'],
  ])('still conflicts: %s', (_what, config, manager) => {
    expect(failure(() => applied(live(config), { note: 'mine' }, manager))?.message).toBe('Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using x.example.com/v1: .spec.note')
  })

  test('an annotation that grows too large goes', () => {
    expect(applied(live(object({ color: 'red' })), { color: 'x'.repeat(300_000) }, 'kubectl').metadata.annotations).toEqual({})
  })
})

describe('scale', () => {
  const paths = new Map([[kind.apiVersion, ['f:spec', 'f:replicas']]])
  const entry = (manager: string, fields: object, more = {}) => ({ manager, operation: 'Update', apiVersion: kind.apiVersion, fieldsType: 'FieldsV1', fieldsV1: { 'f:spec': fields }, ...more })
  const parent = [entry('maker', { 'f:color': {}, 'f:replicas': {} }, { time: '2026-01-01T00:00:00Z' }), entry('painter', { 'f:note': {} }), entry('old', { 'f:replicas': {} }, { apiVersion: 'x.example.com/v0' })]

  test('shows who owns the replicas', () => {
    expect(entriesOfScale(parent, paths)).toEqual([entry('maker', { 'f:replicas': {} }, { apiVersion: 'autoscaling/v1', time: '2026-01-01T00:00:00Z' })])
  })

  test('whoever scales takes them', () => {
    const hpa = { subresource: 'scale', apiVersion: 'autoscaling/v1' }
    expect(entriesAfterScale(parent, [entry('hpa', { 'f:replicas': {} }, hpa)], kind.apiVersion, paths)).toEqual([
      entry('hpa', { 'f:replicas': {} }, { subresource: 'scale' }), entry('painter', { 'f:note': {} }), entry('maker', { 'f:color': {} }, { time: '2026-01-01T00:00:00Z' }),
    ])
    expect(entriesAfterScale(parent, entriesOfScale(parent, paths), kind.apiVersion, paths)!.map(({ manager }) => manager)).toEqual(['painter', 'maker'])
  })
})

describe('times alone are no change', () => {
  const live = created({ color: 'red' }), later = { ...live, metadata: { ...live.metadata, managedFields: entries(live).map((entry) => ({ ...entry, time: '2027-01-01T00:00:00Z' })) } }
  test.each<[string, KubeObject, boolean]>([
    ['only times differ', later, true],
    ['a field differs too', { ...later, spec: { color: 'blue' } }, false],
    ['what is owned differs too', { ...later, metadata: { ...later.metadata, managedFields: [{ ...later.metadata.managedFields[0], manager: 'other' }] } }, false],
    ['an entry more', { ...later, metadata: { ...later.metadata, managedFields: [...later.metadata.managedFields, later.metadata.managedFields[0]] } }, false],
  ])('%s', (_what, next, isKept) => { expect(keepTimes(next, live)).toEqual(isKept ? live : next) })
})
