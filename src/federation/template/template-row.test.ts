import { expect, test } from 'vitest'
import type { FederatedObject } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import { columnsFor } from '../interpreter/columns/columns.ts'
import { MANAGED_LABEL } from './marks.ts'
import { builtInTargets } from './target-kind.ts'
import { templateRow } from './template-row.ts'

const target = builtInTargets.find(({ kind }) => kind === 'Deployment')!, hub = { group: 'types.federation', version: 'v1alpha1' }
const copy = (cluster: string, replicas: number) => ({ cluster, object: { metadata: { name: 'web', labels: { [MANAGED_LABEL]: 'fleet' } }, spec: { replicas }, status: { readyReplicas: replicas } } })
const federated = (targets: object[]): FederatedObject => ({ metadata: { name: 'web', generation: 1 }, spec: { template: { spec: { replicas: 2 } } }, status: { schedule: { observedGeneration: 1, targets } } }) as unknown as FederatedObject

test.each<[string, object[], ReturnType<typeof copy>[], string, string | undefined]>([
  ['divided: the template names the sum', [{ cluster: 'a', replicas: 1 }, { cluster: 'b', replicas: 1 }], [copy('a', 1), copy('b', 1)], '2/2', undefined],
  ['the same for every cluster', [{ cluster: 'a' }, { cluster: 'b' }, { cluster: 'c' }], [copy('a', 2), copy('b', 2), copy('c', 2)], '6/6', '6'],
  ['a copy that is not made yet counts as decided', [{ cluster: 'a', replicas: 4 }, { cluster: 'b', replicas: 5 }], [copy('a', 4)], '4/9', '9'],
  ['what a member scaled by itself', [{ cluster: 'a' }, { cluster: 'b' }], [copy('a', 2), copy('b', 7)], '9/9', '9'],
  ['a copy that is to go counts no more', [{ cluster: 'a', replicas: 2 }], [copy('a', 2), copy('b', 2)], '2/2', undefined],
  ['no cluster was chosen', [], [], '0/2', undefined],
])('READY of a template counts what all copies are to have: %s', (_, targets, copies, ready, annotation) => {
  const row = templateRow(federated(targets), copies, { target, hub, fleetId: 'fleet', uid: 'u' }), column = columnsFor('apps', 'Deployment')!.find(({ name }) => name === 'Ready')!
  expect([column.cell(row), row.metadata.annotations?.['cluster.federation/replicas']]).toEqual([ready, annotation])
})

test.each<[string, (string | undefined)[], string | undefined]>([
  ['the latest of the copies', ['2', '10'], '10'], ['one that is not there yet says nothing', [undefined, '3'], '3'], ['none', [undefined, undefined], undefined], ['what is no number', ['x', '1'], '1'],
])('the revision of a Deployment is told as its copies have it: %s', (_, revisions, told) => {
  const copies = revisions.map((revision, at) => { const { cluster, object } = copy(`m${at}`, 1); return { cluster, object: { ...object, metadata: { ...object.metadata, ...(revision !== undefined && { annotations: { 'deployment.kubernetes.io/revision': revision } }) } } } })
  expect(templateRow(federated([{ cluster: 'm0' }, { cluster: 'm1' }]), copies, { target, hub, fleetId: 'fleet', uid: 'u' }).metadata.annotations?.['deployment.kubernetes.io/revision']).toBe(told)
})
