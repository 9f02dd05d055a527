import { describe, expect, test } from 'vitest'
import type { Handler } from '../meta/core.ts'
import { bytesOf } from './failure.ts'
import { deleteJson, getJson, patchJson, postJson, putJson } from './json-client.ts'

const signal = new AbortController().signal
const answering = (status: number, body: string): Handler => () => Promise.resolve({ status, headers: [], body: Buffer.from(body) })

test('each verb says what it sends', async () => {
  const seen: unknown[] = []
  const handler: Handler = async ({ method, path, query, headers, body }) => {
    seen.push([method, path, query.toString(), headers.find(([name]) => name === 'content-type')?.[1], body && Buffer.from(await bytesOf({ status: 0, headers: [], body })).toString()])
    return { status: 200, headers: [], body: Buffer.from('{"big":9007199254740993}') }
  }
  await getJson(handler, '/a%2Fb?limit=1', signal)
  await postJson(handler, '/a', { x: 1 }, signal)
  await putJson(handler, '/a', { x: 2 }, signal)
  await patchJson(handler, '/a', [], signal, 'application/json-patch+json')
  expect(JSON.stringify(await deleteJson(handler, '/a', { propagationPolicy: 'Orphan' }, signal))).toBe('{"big":9007199254740993}')
  expect(seen).toEqual([
    ['GET', '/a%2Fb', 'limit=1', undefined, undefined], ['POST', '/a', '', 'application/json', '{"x":1}'], ['PUT', '/a', '', 'application/json', '{"x":2}'],
    ['PATCH', '/a', '', 'application/json-patch+json', '[]'], ['DELETE', '/a', '', 'application/json', '{"propagationPolicy":"Orphan"}']])
})

describe('what is no success is a StatusError', () => {
  test.each<[string, number, string, object]>([
    ['a Status', 409, '{"kind":"Status","reason":"AlreadyExists","message":"there","details":{"name":"a"}}', { reason: 'AlreadyExists', code: 409, message: 'there', details: { name: 'a' } }],
    ['a Status with a reason of its own', 422, '{"kind":"Status","reason":"Odd","message":"x"}', { reason: 'Invalid', code: 422 }],
    ['a page', 503, '<html> down\n</html>', { reason: 'ServiceUnavailable', message: 'the server answered 503: <html> down </html>' }],
    ['nothing at all', 418, '', { reason: '', code: 418, message: 'the server answered 418' }],
    ['a redirect', 302, '', { code: 302 }],
    ['success that is no JSON', 200, 'hello', { reason: 'InternalError' }],
  ])('%s', async (_name, status, body, error) => { await expect(getJson(answering(status, body), '/', signal)).rejects.toMatchObject(error) })
})
