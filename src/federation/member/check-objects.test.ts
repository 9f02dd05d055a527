import { describe, expect, test } from 'vitest'
import { SlabEntry } from '../../machinery/cache/slab-entry.ts'
import { memberChecks } from './check-objects.ts'

const entry = (metadata: object) => SlabEntry.of({ metadata: { namespace: 'shop', name: 'a', resourceVersion: '5', ...metadata } })

describe('an object of a namespaced kind', () => {
  const checks = memberChecks({ namespaced: true })
  test.each<readonly [what: string, metadata: object]>([
    ['as members have them', {}], ['with the longest version', { resourceVersion: '9'.repeat(12) }], ['of a kind that can only be listed', { resourceVersion: '' }], ['named as roles are', { name: 'system:controller:a' }],
  ])('%s is taken', (_what, metadata) => { expect(() => checks.object(entry(metadata))).not.toThrow() })
  test.each<readonly [what: string, metadata: object, message: string]>([
    ['without a namespace', { namespace: undefined }, '"a" is no name'], ['with a path for a name', { name: '../b' }, 'is no name'], ['whose name is a way up', { name: '..' }, '"shop/.." is no name'], ['whose name is escaped', { name: 'a%2fb' }, 'is no name'],
    ['with a control character', { name: 'a\u0000' }, 'is no name'], ['in a namespace that leads elsewhere', { namespace: '.' }, 'is no name'],
    ['with a version that does not count', { resourceVersion: 'new' }, '"new" is no resourceVersion that can be followed (of shop/a)'], ['with one beyond counting', { resourceVersion: '1'.repeat(13) }, 'is no resourceVersion'], ['with a negative one', { resourceVersion: '-1' }, 'is no resourceVersion'],
  ])('%s is refused', (_what, metadata, message) => { expect(() => checks.object(entry(metadata))).toThrow(message) })
})

test('one of a cluster-scoped kind has no namespace', () => {
  const checks = memberChecks({ namespaced: false })
  expect(() => checks.object(entry({ namespace: undefined }))).not.toThrow()
  expect(() => checks.object(entry({}))).toThrow('"shop/a" is no name of an object of this kind')
})

test('a list may be of no version, and of none that does not count', () => {
  const checks = memberChecks({ namespaced: true })
  for (const position of ['0', '', '17']) expect(() => checks.version(position)).not.toThrow()
  expect(() => checks.version('1; drop')).toThrow('(of the list)')
})
