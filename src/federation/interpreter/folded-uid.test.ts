import { expect, test } from 'vitest'
import type { KubeObject } from '../../machinery/meta/core.ts'
import { foldedUid, rewriteOwnerUids } from './folded-uid.ts'

const fleetId = '6ba7b810-9dad-11d1-80b4-00c04fd430c8', web = { group: 'apps', kind: 'Deployment', namespace: 'shop', name: 'web' }

test('a uid depends on every part of the name, and on nothing else', () => {
  const one = { fleetId, set: 'default', ...web }
  expect(foldedUid(one)).toBe(foldedUid({ ...one }))
  expect(new Set([one, { ...one, set: 'other' }, { ...one, group: '' }, { ...one, kind: 'StatefulSet' }, { ...one, namespace: '' }, { ...one, name: 'web2' }, { ...one, fleetId: uidOf() }].map(foldedUid)).size).toBe(7)
})

/** Folds Deployments and claims only. */
function uidOf(reference?: { group: string; kind: string; namespace: string; name: string }): string {
  return reference ? `${reference.group}/${reference.kind}/${reference.namespace}/${reference.name}` : '6ba7b811-9dad-11d1-80b4-00c04fd430c8'
}
const known = (reference: Parameters<typeof uidOf>[0]) => (['Deployment', 'PersistentVolumeClaim'].includes(reference!.kind) ? uidOf(reference) : undefined)

test.each<[string, KubeObject, object]>([
  ['owners that are folded',
    { metadata: { namespace: 'shop', ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: 'x', controller: true }, { apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'y' }] } },
    { metadata: { namespace: 'shop', ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: 'apps/Deployment/shop/web', controller: true }, { apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'y' }] } }],
  ['what an Event is about', { metadata: {}, involvedObject: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web', uid: 'x' } }, { involvedObject: { name: 'web', uid: 'apps/Deployment/shop/web' } }],
  ['the same in events.k8s.io', { metadata: {}, regarding: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web', uid: 'x' } }, { regarding: { uid: 'apps/Deployment/shop/web' } }],
  ['a volume\'s claim', { metadata: {}, spec: { capacity: {}, claimRef: { namespace: 'shop', name: 'data', uid: 'x' } } }, { spec: { capacity: {}, claimRef: { namespace: 'shop', name: 'data', uid: '/PersistentVolumeClaim/shop/data' } } }],
])('%s', (_, object, expected) => {
  const before = structuredClone(object)
  expect(rewriteOwnerUids(object, known)).toMatchObject(expected)
  expect(object).toEqual(before)
})

test('nothing to rewrite: the object itself', () => {
  const object: KubeObject = { metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'y' }] }, involvedObject: { kind: 'Deployment', name: 'web' } }
  expect(rewriteOwnerUids(object, known)).toBe(object)
})
