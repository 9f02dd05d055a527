import { expect, test } from 'vitest'
import { applyDefaults } from '../../../machinery/schema/apply-defaults.ts'
import { prune } from '../../../machinery/schema/prune.ts'
import { validateSchema } from '../../../machinery/schema/validate-schema.ts'
import type { KubeObject } from '../../../machinery/meta/core.ts'
import type { StoredKind } from '../../../machinery/meta/strategy.ts'
import { leaseKind } from '../../coordination.k8s.io/v1/lease.ts'
import { eventKind } from './event.ts'
import { namespaceKind } from './namespace.ts'
import { secretKind } from './secret.ts'

async function create<T extends KubeObject>(kind: StoredKind<T>, object: T) {
  const schema = await kind.schema(new AbortController().signal), { prepareForCreate: prepare, validate } = kind.strategy
  const ready = applyDefaults(schema, prune(schema, object)), stored = prepare ? prepare(ready, 0) : ready
  return { stored, errors: [...validateSchema(schema, stored), ...(validate?.(stored) ?? [])].map(({ field, message }) => `${field}: ${message}`), row: kind.columns.map((column) => column.cell(stored)) }
}

test('a namespace is active and names itself', async () => {
  const { stored, errors, row } = await create(namespaceKind, { metadata: { name: 'shop' } })
  expect({ stored, errors, row }).toEqual({ stored: { metadata: { name: 'shop', labels: { 'kubernetes.io/metadata.name': 'shop' } }, status: { phase: 'Active' } }, errors: [], row: ['shop', 'Active', '<unknown>'] })
})

test('a secret takes plain strings in', async () => {
  const { stored, errors, row } = await create(secretKind, { metadata: { name: 's' }, data: { a: 'YQ==' }, stringData: { b: 'b' } })
  expect({ stored, errors, row }).toEqual({ stored: { metadata: { name: 's' }, type: 'Opaque', data: { a: 'YQ==', b: 'Yg==' } }, errors: [], row: ['s', 'Opaque', 2, '<unknown>'] })
  expect((await create(secretKind, { metadata: { name: 's' }, data: { 'a b': '' } })).errors).toEqual([expect.stringContaining('data[a b]: Invalid value: "a b": a valid config key')])
})

test('an event and a lease', async () => {
  expect((await create(eventKind, { metadata: { name: 'e' }, involvedObject: { kind: 'Pod', name: 'p' }, reason: 'Started', message: 'up\n', type: 'Normal', count: 3 })).row).toEqual(['<unknown>', 'Normal', 'Started', 'pod/p', 'up', '', 3, 'e'])
  expect((await create(leaseKind, { metadata: { name: 'l' }, spec: { holderIdentity: 'me', leaseDurationSeconds: 15, renewTime: '2030-01-02T03:04:05.000000Z' } })).errors).toEqual([])
  expect((await create(leaseKind, { metadata: { name: 'l' }, spec: { leaseDurationSeconds: 0 } })).errors).toEqual(['spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0'])
})
