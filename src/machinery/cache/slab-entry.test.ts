import { describe, expect, test } from 'vitest'
import { Seeded } from '../../../test/suites/seeded.ts'
import type { Entry, KubeObject } from '../meta/core.ts'
import { stringifyJson } from '../meta/json.ts'
import { ChunkSink } from './chunk-sink.ts'
import { Scan } from './scan.ts'
import { Slab } from './slab.ts'
import { SlabEntry } from './slab-entry.ts'

const written = (write: (sink: ChunkSink) => void) => {
  const sink = new ChunkSink()
  write(sink)
  return Buffer.concat(sink.end()).toString()
}
const body = (entry: Entry, position?: string) => `{${written((sink) => { entry.emit(sink, position) })}`
const metadata = (entry: Entry, position?: string) => written((sink) => { entry.emitMetadata(sink, position) })
/** The text within other bytes, so that absolute offsets matter. */
const read = (text: string) => {
  const slab = Buffer.from(`xx${text}{"metadata":`), found = SlabEntry.read(new Scan(), slab, 2, slab.length)!
  expect(found.next).toBe(2 + Buffer.byteLength(text))
  return found.entry
}

describe('an object as it arrives', () => {
  const cases: Record<string, { text: string; key: string; position?: string; body?: string; labels?: Record<string, string> }> = {
    'as a Go server writes it': { text: '{"kind":"Pod","apiVersion":"v1","metadata":{"name":"web","namespace":"shop","labels":{"a":"b"},"resourceVersion":"7"},"spec":{}}', key: 'shop/web', position: '7', body: '{"metadata":{"name":"web","namespace":"shop","labels":{"a":"b"},"resourceVersion":"7"},"spec":{}}', labels: { a: 'b' } },
    'an item of a list': { text: '{"metadata":{"name":"web","namespace":"shop","resourceVersion":"7"},"spec":{}}', key: 'shop/web', position: '7' },
    'cluster-scoped': { text: '{"metadata":{"name":"web","resourceVersion":"7"}}', key: 'web', position: '7' },
    'an empty namespace': { text: '{"metadata":{"name":"web","namespace":"","resourceVersion":"7"}}', key: 'web', position: '7' },
    'sorted keys with one between': { text: '{"apiVersion":"v1","data":{"kind":"no","metadata":{"name":"no"}},"kind":"ConfigMap","metadata":{"name":"a","resourceVersion":"1"}}', key: 'a', position: '1', body: '{"data":{"kind":"no","metadata":{"name":"no"}},"metadata":{"name":"a","resourceVersion":"1"}}' },
    'header behind': { text: '{"metadata":{"name":"a","resourceVersion":"1"},"kind":"X","apiVersion":"v1"}', key: 'a', position: '1', body: '{"metadata":{"name":"a","resourceVersion":"1"}}' },
    'header in the middle': { text: '{"a":1,"kind":"X","b":2,"apiVersion":"v1","metadata":{"name":"a"}}', key: 'a', body: '{"a":1,"b":2,"metadata":{"name":"a"}}' },
    'only one of the two': { text: '{"a":1,"kind":"X","metadata":{"name":"a"}}', key: 'a', body: '{"a":1,"metadata":{"name":"a"}}' },
    'without a version': { text: '{"metadata":{"name":"node1"},"usage":{"cpu":"1"}}', key: 'node1' },
    'empty labels': { text: '{"metadata":{"labels":{},"name":"a","resourceVersion":"1"}}', key: 'a', position: '1' },
    'null labels': { text: '{"metadata":{"labels":null,"name":"a","resourceVersion":"1"}}', key: 'a', position: '1', body: '{"metadata":{"name":"a","resourceVersion":"1"}}' },
    'null namespace': { text: '{"metadata":{"namespace":null,"name":"a"}}', key: 'a', body: '{"metadata":{"name":"a"}}' },
    'quotes, backslashes and braces in values': { text: String.raw`{"kind":"X","metadata":{"annotations":{"a":"}\"{\\","name":"no"},"name":"a","labels":{"l":"\"}"},"resourceVersion":"1"},"s":"\\\""}`, key: 'a', position: '1', labels: { l: '"}' }, body: String.raw`{"metadata":{"annotations":{"a":"}\"{\\","name":"no"},"name":"a","labels":{"l":"\"}"},"resourceVersion":"1"},"s":"\\\""}` },
    'names elsewhere': { text: '{"metadata":{"ownerReferences":[{"name":"no","kind":"no"}],"managedFields":[{"metadata":{"name":"no"}}],"finalizers":["name","x"],"name":"a","resourceVersion":"1"},"metadata2":{"name":"no"},"spec":{"metadata":{"name":"no","labels":{"no":"no"}},"name":"no","kind":"no"},"list":[{"metadata":{"name":"no"}}]}', key: 'a', position: '1' },
    'values that are the names of fields': { text: '{"x":"metadata","y":["kind","metadata"],"metadata":{"z":"labels","name":"name","resourceVersion":"1"}}', key: 'name', position: '1' },
    'white space': { text: '{\n  "kind" : "X",\n\t"metadata": {\r\n "name": "a b", "labels": { "x" : " y " },"resourceVersion":"1" } ,"l":[ 1 , 2 ] }', key: 'a b', position: '1', labels: { x: ' y ' }, body: '{"metadata":{"name":"a b","labels":{"x":" y "},"resourceVersion":"1"},"l":[1,2]}' },
    'white space and a header behind': { text: '{ "metadata": { "name": "a" }, "kind": "X" , "apiVersion": "v1" }', key: 'a', body: '{"metadata":{"name":"a"}}' },
    'an escaped key': { text: String.raw`{"meta\u0064ata":{"n\u0061me":"a","resourceVersion":"1"},"kind":"X"}`, key: 'a', position: '1', body: '{"metadata":{"name":"a","resourceVersion":"1"}}' },
    'an escaped name': { text: String.raw`{"metadata":{"name":"\u0061b"}}`, key: 'ab' },
    'repeated keys: the last counts': { text: '{"metadata":{"name":"a","name":"b","resourceVersion":"1"},"kind":"X"}', key: 'b', position: '1', body: '{"metadata":{"name":"b","resourceVersion":"1"}}' },
    'repeated metadata: the last counts': { text: '{"metadata":{"name":"a","namespace":"n"},"metadata":{"name":"b"}}', key: 'b', body: '{"metadata":{"name":"b"}}' },
    'null header': { text: '{"kind":null,"metadata":{"name":"a"}}', key: 'a', body: '{"metadata":{"name":"a"}}' },
    'names beyond ASCII': { text: '{"metadata":{"name":"größe","namespace":"日本"}}', key: '日本/größe' },
    'numbers that a double cannot hold': { text: '{"metadata":{"name":"a"},"n":9007199254740993,"f":1.0}', key: 'a' },
  }
  test.for(Object.entries(cases))('%s', ([, { text, key, position = '', body: expected = text, labels = {} }]) => {
    const entry = read(text)
    expect({ key: entry.key, position: entry.position, body: body(entry), labels: entry.labels() }).toEqual({ key, position, body: expected, labels })
    expect(entry.size + 1).toBe(Buffer.byteLength(expected))
    expect(`{${stringifyJson(entry.parse()).slice(1)}`).toBe(stringifyJson(JSON.parse(expected, (_key, value, context?: { source?: string }) => (typeof value === 'number' ? JSON.rawJSON(context!.source!) : value) as unknown)))
    expect(JSON.parse(metadata(entry))).toEqual(entry.parse().metadata)
    for (const parsed of [JSON.parse(body(entry, '99')) as KubeObject, { metadata: JSON.parse(metadata(entry, '99')) as KubeObject['metadata'] }]) expect(parsed.metadata.resourceVersion).toBe('99')
    expect((body(entry, '99').match(/"resourceVersion"/g) ?? []).length).toBe(1)
  })
})

test.for(['{"metadata":{}}', '{"metadata":{"name":5}}', '{"metadata":[{"name":"a"}]}', '{"metadata":null}', '{"metadata":"name"}', '{"kind":"X","apiVersion":"v1"}', '{}', '{"metadata":{"name":"a","labels":["x"]}}', '{"metadata":{"name":"a","labels":"x"}}', '{"metadata":{"name":"a","namespace":7}}'])('%s is no object of Kubernetes', (text) => {
  expect(() => read(text)).toThrow(SyntaxError)
})

test('an object that has not come whole is not read', () => {
  const whole = '{"kind":"X","metadata":{"name":"a\\"","labels":{"x":"}"}},"s":["}"]}'
  for (let end = 1; end < whole.length; end++) expect(SlabEntry.read(new Scan(), Buffer.from(whole), 0, end)).toBeUndefined()
})

test('the offsets that views splice at are those of its own bytes, also once it moved', () => {
  const entry = read('{"kind":"X","metadata":{"name":"a","labels":{"l":"v"},"resourceVersion":"12"},"spec":{}}'), before = body(entry)
  const seen = () => {
    const { slab, start, end, metadata, metadataEnd, nameEnd, version, versionEnd, labelsAt } = entry
    return [slab.toString('utf8', start, end), slab.toString('utf8', metadata, metadataEnd), slab.toString('utf8', start, nameEnd), slab.toString('utf8', version, versionEnd), slab.toString('utf8', labelsAt, labelsAt + 4)]
  }
  const expected = ['"metadata":{"name":"a","labels":{"l":"v"},"resourceVersion":"12"},"spec":{}}', '{"name":"a","labels":{"l":"v"},"resourceVersion":"12"}', '"metadata":{"name":"a', '12', '{"l"']
  expect(seen()).toEqual(expected)
  const slab = new Slab(100), home = entry.home
  slab.keep(Buffer.from('something else'), 0, 14)
  entry.moveTo(slab)
  expect(entry.home).not.toBe(home)
  expect([seen(), body(entry), entry.labels(), entry.position, body(entry, '3')]).toEqual([expected, before, { l: 'v' }, '12', before.replace('12', '3')])
})

test('of an object: without apiVersion and kind', () => {
  const entry = SlabEntry.of({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace: 'shop', resourceVersion: '5' }, spec: { big: JSON.rawJSON('9007199254740993') } })
  expect([entry.key, entry.position, body(entry)]).toEqual(['shop/web', '5', '{"metadata":{"name":"web","namespace":"shop","resourceVersion":"5"},"spec":{"big":9007199254740993}}'])
})

test('random objects, however they are written, say what JSON.parse says', () => {
  const random = new Seeded()
  for (let round = 0; round < 2000; round++) {
    const object = randomObject(random), text = JSON.stringify(object, undefined, random.pick([undefined, undefined, 1, '\t']))
    const { apiVersion: _apiVersion, kind: _kind, ...expected } = object, entry = read(text), { metadata: meta } = expected
    const seen = { key: entry.key, position: entry.position, object: entry.parse(), labels: entry.labels(), body: JSON.parse(body(entry)) as unknown, renamed: (JSON.parse(body(entry, '42')) as KubeObject).metadata }
    expect(seen, `SEED=${random.seed}: ${text}`).toEqual({
      key: meta.namespace ? `${meta.namespace}/${meta.name}` : meta.name, position: meta.resourceVersion ?? '', object: expected, labels: meta.labels ?? {}, body: expected, renamed: { ...meta, resourceVersion: '42' },
    })
  }
})

function randomObject(random: Seeded): KubeObject {
  const word = () => random.pick(['a', 'name', 'metadata', 'kind', 'labels', 'x"y', '}', '\\', '\\"', '{"metadata":{', 'ü', '\u2028', 'resourceVersion', ''])
  const value = (depth: number): unknown => random.pick<() => unknown>([() => random.int(100), () => word(), () => null, () => depth > 3 ? 1 : Array.from({ length: random.int(3) }, () => value(depth + 1)), () => depth > 3 ? 'x' : Object.fromEntries(Array.from({ length: random.int(3) }, () => [word(), value(depth + 1)]))])()
  const shuffled = (fields: Record<string, unknown>) => Object.fromEntries(Object.entries(fields).map((field) => [random.next(), field] as const).sort((a, b) => a[0] - b[0]).map(([, field]) => field))
  const metadata = shuffled({
    name: `n${random.int(9)}`, ...(random.chance(0.5) && { namespace: 'ns' }), ...(random.chance(0.7) && { resourceVersion: `${random.int(1000)}` }), annotations: { name: word(), labels: word() }, ownerReferences: [{ name: 'no', kind: word() }],
    ...(random.chance(0.6) && { labels: random.chance(0.3) ? {} : { [word() || 'l']: word(), name: 'no' } }), other: value(1),
  })
  return shuffled({ metadata, ...(random.chance(0.5) && { kind: 'Thing' }), ...(random.chance(0.5) && { apiVersion: 'v1' }), spec: value(0), metadat2: value(0), data: { metadata: { name: 'no' } } }) as unknown as KubeObject
}
