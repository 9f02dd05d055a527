import { expect, test } from 'vitest'
import { fromFleetName, isIdentityBound, toFleetName } from './identity-bound.ts'

test.each([
  ['', 'pods', true], ['', 'events', true], ['events.k8s.io', 'events', true], ['metrics.k8s.io', 'pods', true], ['metrics.k8s.io', 'nodes', true], ['apps', 'controllerrevisions', true],
  ['apps', 'deployments', false], ['', 'services', false], ['', 'persistentvolumeclaims', false], ['example.com', 'pods', false], ['example.com', 'leases', false],
])('%s %s is identity-bound: %s', (group, plural, expected) => expect(isIdentityBound(group, plural)).toBe(expected))

test.each([
  ['web-abc@member1', { name: 'web-abc', cluster: 'member1' }],
  ['a@b@member1', { name: 'a@b', cluster: 'member1' }],
  ['web', undefined], ['web@', undefined], ['@member1', undefined], ['', undefined],
])('%j', (text, expected) => {
  expect(fromFleetName(text)).toEqual(expected)
})

test('names survive the way there and back', () => expect(fromFleetName(toFleetName('a@b', 'member1'))).toEqual({ name: 'a@b', cluster: 'member1' }))
