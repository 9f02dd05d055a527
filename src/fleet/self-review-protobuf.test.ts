import { expect, test } from 'vitest'
import { decodeSelfReview } from './self-review-protobuf.ts'

const field = (number: number, value: Buffer | string) => { const bytes = Buffer.from(value); return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]) }
const envelope = (review: Buffer) => Buffer.concat([Buffer.from('k8s\0'), field(1, field(1, 'authorization.k8s.io/v1')), field(2, review), field(3, ''), field(4, '')])

test('what kubectl auth can-i sends', () => {
  const resource = Buffer.concat([field(1, 'shop'), field(2, 'list'), field(3, 'apps'), field(4, ''), field(5, 'deployments')])
  expect(decodeSelfReview(envelope(Buffer.concat([field(1, ''), field(2, field(1, resource))])))).toEqual({ resourceAttributes: { namespace: 'shop', verb: 'list', group: 'apps', version: '', resource: 'deployments' } })
  expect(decodeSelfReview(envelope(field(2, field(2, Buffer.concat([field(1, '/version'), field(2, 'get')])))))).toEqual({ nonResourceAttributes: { path: '/version', verb: 'get' } })
})

test.each([['no envelope', Buffer.from('{}')], ['a message cut short', envelope(field(2, 'x')).subarray(0, 12)], ['a group', Buffer.concat([Buffer.from('k8s\0'), Buffer.from([3])])]])('%s is refused', (_, body) => {
  expect(() => decodeSelfReview(body)).toThrow(SyntaxError)
})
