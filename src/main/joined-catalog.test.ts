import { expect, test } from 'vitest'
import type { ApiGroup } from '../machinery/server/catalog.ts'
import { JoinedCatalog } from './joined-catalog.ts'

test('a group of several catalogs has the versions of all, and the array stays the same until a part changes', () => {
  let own: readonly ApiGroup[] = [{ name: 'policy.federation', versions: [{ version: 'v1alpha1', resources: [] }] }]
  const mirrored: readonly ApiGroup[] = [{ name: 'apps.federation', versions: [] }, { name: 'policy.federation', versions: [{ version: 'v1', resources: [] }] }]
  const catalog = new JoinedCatalog([{ groups: () => own }, { groups: () => mirrored }]), before = catalog.groups()
  expect(before.map(({ name, versions }) => [name, ...versions.map(({ version }) => version)])).toEqual([['policy.federation', 'v1', 'v1alpha1'], ['apps.federation']])
  expect(catalog.groups()).toBe(before)
  own = []
  expect(catalog.groups().map(({ name }) => name)).toEqual(['apps.federation', 'policy.federation'])
})
