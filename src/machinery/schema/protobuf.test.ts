import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import table from '../../../openapi/kubernetes/protobuf.json' with { type: 'json' }
import { equalJson, isJsonObject } from '../meta/json-value.ts'
import { parseJson, stringifyJson } from '../meta/json.ts'
import { FORMS, type TableField } from './protobuf-forms.ts'
import { decodeEnvelope, decodeMessage, messageOf } from './protobuf.ts'
import { wireFields } from './protobuf-wire.ts'

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
    const met = new Set<string>(), unchecked = () => undefined
    const meet = (name: string, message: Buffer): void => {
      const fields = FORMS[name]?.fields ?? messages[name]!
      for (const { number, value } of wireFields(message, name, unchecked)) {
        const [, type, flags] = fields[number]!, inner = flags.includes('{}') ? [...wireFields(value as Buffer, name, unchecked)].find((part) => part.number === 2)?.value : value
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
