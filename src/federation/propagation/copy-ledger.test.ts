import { expect, test } from 'vitest'
import type { FederatedObject } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import { CopyLedger } from './copy-ledger.ts'

const stored: FederatedObject = { metadata: { name: 'web' }, spec: { template: {} }, status: { clusters: [{ name: 'member1', state: 'OK', uid: 'copy', health: 'Healthy', status: { replicas: 1 } }] } }

test('what is found to be as the stored status says is no news; all else is', () => {
  const ledger = new CopyLedger(), told: string[] = []
  ledger.onChange((template, cluster) => { told.push(`${template} ${cluster}`) }, new AbortController().signal)
  const known = ledger.get('web', 'member1', stored)
  expect(known).toEqual({ state: 'OK', uid: 'copy' })
  ledger.set('web', 'member1', { uid: 'copy', state: 'OK' }, known)
  expect([told, ledger.of('web').has('member1')]).toEqual([[], true])
  ledger.set('web', 'member1', { state: 'Drifted', uid: 'copy' })
  ledger.set('web', 'member1', { state: 'Drifted', uid: 'copy' })
  ledger.set('web', 'member2', { state: 'OK' })
  ledger.set('web', 'member2', 'gone')
  expect(told).toEqual(['web member1', 'web member2', 'web member2'])
})
