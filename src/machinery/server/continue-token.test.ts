import { expect, test } from 'vitest'
import { decodeContinue, encodeContinue, expiredContinue } from './continue-token.ts'

const LONG = `1${'0'.repeat(120)}7`
const token = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

test.each([
  [{ position: '5', after: 'team/web' }, 'team', '{"v":"meta.k8s.io/v1","rv":5,"start":"/web\\u0000"}'],
  [{ position: '5', after: 'team/web' }, '', '{"v":"meta.k8s.io/v1","rv":5,"start":"/team/web\\u0000"}'],
  [{ after: 'web' }, '', '{"v":"meta.k8s.io/v1","rv":-1,"start":"/web\\u0000"}'],
  [{ position: LONG, after: 'a/web@member1' }, 'a', `{"v":"meta.k8s.io/v1","rv":${LONG},"start":"/web@member1\\u0000"}`],
] as const)('%j in namespace "%s"', (continuation, namespace, text) => {
  const encoded = encodeContinue(continuation, namespace)
  expect(Buffer.from(encoded, 'base64url').toString()).toBe(text)
  expect(decodeContinue(encoded, namespace)).toEqual(continuation)
})

test.each([
  ['garbage'], [''], [token('null')], [token({ v: 'other', rv: 1, start: '/a\0' })], [token({ v: 'meta.k8s.io/v1', rv: 0, start: '/a\0' })], [token({ v: 'meta.k8s.io/v1', rv: 1, start: '' })],
  [token({ v: 'meta.k8s.io/v1', rv: 1, start: '/../other/a\0' })], [token({ v: 'meta.k8s.io/v1', rv: 1, start: '//a\0' })], [token({ v: 'meta.k8s.io/v1', rv: 1.5, start: '/a\0' })], [token({ v: 'meta.k8s.io/v1', rv: 1e30, start: '/a\0' })],
])('%s is no token', (text) => {
  expect(() => decodeContinue(text, '')).toThrow(/^invalid continue token: continue key is not valid/)
})

test('an expired one offers to go on inconsistently', () => {
  expect(decodeContinue(expiredContinue('team/web', 'team').continueToken!, 'team')).toEqual({ after: 'team/web' })
})
