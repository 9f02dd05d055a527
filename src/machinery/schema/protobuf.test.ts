import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import table from '../../../openapi/kubernetes/protobuf.json' with { type: 'json' }
import { equalJson, isJsonObject } from '../meta/json-value.ts'
import { parseJson, stringifyJson } from '../meta/json.ts'
import { FORMS, type TableField } from './protobuf-forms.ts'
import { decodeEnvelope, decodeMessage, messageOf } from './protobuf.ts'
import { WireReader, type WireValue } from './protobuf-wire.ts'

/** Made by openapi/kubernetes/protobuf: what Kubernetes' encoder writes, and the JSON or the error that Go makes of it. */
interface Encoded { kind: string; protobuf: string; json?: unknown; error?: string }
const recorded = (file: string) => parseJson(readFileSync(new URL(`../../../test/cases/protobuf/${file}.json`, import.meta.url), 'utf8')) as Encoded[]
const objects = recorded('objects'), damaged = recorded('damaged'), messages = table.messages as unknown as Readonly<Record<string, Readonly<Record<string, TableField>>>>

function messageNamed(kind: string): string {
  const [groupVersion = '', name = ''] = kind.split(' '), slash = groupVersion.indexOf('/')
  return messageOf({ group: groupVersion.slice(0, Math.max(slash, 0)), version: groupVersion.slice(slash + 1), kind: name })!
}

function decode({ kind, protobuf }: Encoded): unknown {
  const { message, ...type } = decodeEnvelope(Buffer.from(protobuf, 'base64'))
  return { ...decodeMessage(messageNamed(kind), message), ...type }
}

/** Nulls of fields are absent here; those in lists and maps, and in JSON that objects carry, are values. */
function withoutNulls(value: unknown, isFields = true): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutNulls(item))
  if (!isJsonObject(value)) return value
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null || !isFields).map(([name, member]) => [name, withoutNulls(member)]))
}

/** Go replaces every byte that is no UTF-8, the platform here every sequence. */
const shown = (value: unknown) => parseJson(stringifyJson(value).replaceAll(/\ufffd+/g, '\ufffd'))

describe('what Go encodes', () => {
  const kinds = Map.groupBy(objects, ({ kind }) => kind)

  test('is there of every kind', () => { expect([...kinds.keys()]).toEqual(Object.keys(table.kinds)) })

  test.each([...kinds])('%s becomes what Go makes of it in JSON', (_, encoded) => {
    for (const each of encoded) {
      const decoded = decode(each), wanted = withoutNulls(each.json)
      expect({ decoded, isEqual: equalJson(decoded, wanted) }).toEqual({ decoded: wanted, isEqual: true })
    }
  })

  test('has every field of every message', () => {
    const met = new Set<string>()
    const partsOf = (message: Buffer) => { const parts: [number, WireValue][] = []; for (const reader = new WireReader(message, ''); reader.next();) parts.push([reader.number, reader.value()]); return parts }
    const meet = (name: string, message: Buffer): void => {
      const fields = FORMS[name]?.fields ?? messages[name]!
      for (const [number, value] of partsOf(message)) {
        const [, type, flags] = fields[number]!, inner = flags.includes('{}') ? partsOf(value as Buffer).find(([part]) => part === 2)?.[1] : value
        met.add(`${name} ${number}`)
        if ((FORMS[type] ?? messages[type]) && inner) meet(type, inner as Buffer)
      }
    }
    for (const { kind, protobuf } of objects) meet(messageNamed(kind), decodeEnvelope(Buffer.from(protobuf, 'base64')).message)
    expect(Object.entries(messages).flatMap(([name, fields]) => Object.keys(fields).map((number) => `${name} ${number}`)).filter((field) => !met.has(field))).toEqual([])
  })
})

test('what is damaged is read or refused as Go does it', () => {
  const differing = damaged.flatMap((each) => {
    let found: unknown
    try { found = shown(decode(each)) } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
      found = error.message
    }
    const wanted = each.error ?? shown(withoutNulls(each.json))
    return equalJson(found, wanted) ? [] : [{ each, wanted, found }]
  })
  // Go writes years of any length, which no client reads.
  expect(differing).toEqual([expect.objectContaining({ found: 'year outside of range [1,9999]' })])
})

describe('what Go does not write, but may be sent', () => {
  const varint = (value: number): number[] => (value < 128 ? [value] : [value % 128 + 128, ...varint(Math.floor(value / 128))])
  const bytes = (number: number, ...parts: readonly (Buffer | string)[]) => { const value = Buffer.concat(parts.map((part) => Buffer.from(part))); return Buffer.concat([Buffer.from([...varint(number * 8 + 2), ...varint(value.length)]), value]) }
  const read = (kind: string, ...parts: readonly Buffer[]) => decodeMessage(messageNamed(kind), Buffer.concat(parts))
  const data = (key: string, value: string) => bytes(2, bytes(1, key), bytes(2, value))

  test.each<[string, readonly Buffer[], object]>([
    ['a field that is not known, of each wire type', [Buffer.from('c00c07c10c0000000000000000c20c0101c50c00000000', 'hex'), data('a', '1')], { data: { a: '1' } }],
    ['a group, and groups within it', [Buffer.from('c30cc30c0a0178c40c0807c40c', 'hex'), data('a', '1')], { data: { a: '1' } }],
    ['an object in pieces', [bytes(1, bytes(1, 'a')), data('a', '1'), bytes(1, bytes(3, 'n'))], { metadata: { name: 'a', namespace: 'n' }, data: { a: '1' } }],
    ['a text twice', [bytes(1, bytes(1, 'a'), bytes(1, 'b'))], { metadata: { name: 'b' } }],
    ['a key without a value', [bytes(2, bytes(1, 'a'))], { data: { a: '' } }],
    ['a key that names the prototype', [data('__proto__', '1')], { data: JSON.parse('{"__proto__":"1"}') as object }],
  ])('%s', (_, parts, object) => { expect(read('v1 ConfigMap', ...parts)).toEqual({ metadata: {}, ...object }) })

  test('numbers of a list, packed or not', () => {
    const groups = (...sent: readonly Buffer[]) => (read('v1 Pod', bytes(2, bytes(14, ...sent)))['spec'] as { securityContext: object }).securityContext
    expect(groups(Buffer.from([4 * 8, 1, 4 * 8, 2]))).toEqual({ supplementalGroups: [1, 2] })
    expect(groups(bytes(4, Buffer.from([1, 0xac, 2])), Buffer.from([4 * 8, 3]))).toEqual({ supplementalGroups: [1, 300, 3] })
    expect(() => groups(bytes(4, Buffer.from([0x80])))).toThrow('unexpected EOF')
  })

  test('what is nested too deep is refused, what real schemas need is not', () => {
    const nested = (levels: number) => Array.from({ length: levels }).reduce<Buffer>((inner) => bytes(29, bytes(1, 'a'), bytes(2, inner)), bytes(5, 'string'))
    const read = (levels: number) => decodeMessage('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps', nested(levels))
    expect(stringifyJson(read(100)).split('"a":')).toHaveLength(101)
    expect(() => read(1000)).toThrow('nested more than 300 levels deep')
  })

  test('a length beyond every message, and numbers of more than ten bytes', () => {
    expect(() => read('v1 ConfigMap', Buffer.from('12ffffffff7f', 'hex'))).toThrow('unexpected EOF')
    expect(() => read('v1 ConfigMap', Buffer.from('12ffffffffffffffffff01', 'hex'))).toThrow('proto: negative length found during unmarshaling')
    expect(() => read('v1 ConfigMap', Buffer.from('12ffffffffffffffffffff01', 'hex'))).toThrow('proto: integer overflow')
  })
})
