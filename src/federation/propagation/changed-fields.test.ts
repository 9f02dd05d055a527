import { expect, test } from 'vitest'
import { changedFields } from './changed-fields.ts'

const secret = (token: string, more: object = {}) => ({ apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'shop', name: 'token', ...more }, data: { token, 'a.key': 'same' } })

test('fields are named, their values are not: a plan of a Secret may be seen by whoever sees plans', () => {
  expect(changedFields(secret('bmV3'), secret('b2xk'))).toEqual(['.data.token'])
  expect(changedFields(secret('bmV3'), { metadata: {} })).toEqual(['.apiVersion', '.kind', '.metadata.namespace', '.metadata.name', '.data.token', '.data["a.key"]'])
})

test('marks of this server, defaults of the member and what others added are no changes', () => {
  const wanted = { ...secret('x', { annotations: { 'cluster.federation/revision': '2.2', note: 'mine' } }), items: [{ name: 'a' }] }
  expect(changedFields(wanted, { ...secret('x', { uid: 'u', annotations: { 'cluster.federation/revision': '1.1', note: 'mine', other: 'yours' } }), items: [{ name: 'a', protocol: 'TCP' }] })).toEqual([])
  expect(changedFields(wanted, { ...secret('x', { annotations: { note: 'theirs' } }), items: [] })).toEqual(['.metadata.annotations.note', '.items'])
})
