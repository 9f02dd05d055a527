import { expect, test } from 'vitest'
import { selectableFields } from './selectable-fields.ts'

const CASES: Record<string, { of: [string, string]; field: string; object: object; is: string }> = {
  'a node that nobody cordoned': { of: ['', 'Node'], field: 'spec.unschedulable', object: { spec: {} }, is: 'false' },
  'a cordoned node': { of: ['', 'Node'], field: 'spec.unschedulable', object: { spec: { unschedulable: true } }, is: 'true' },
  'a pod of the network of pods': { of: ['', 'Pod'], field: 'spec.hostNetwork', object: { spec: {} }, is: 'false' },
  'a pod of its node\'s network': { of: ['', 'Pod'], field: 'spec.hostNetwork', object: { spec: { hostNetwork: true } }, is: 'true' },
  'a pod that has no node yet': { of: ['', 'Pod'], field: 'spec.nodeName', object: { metadata: { labels: { 'cluster.federation/name': 'member1' } }, spec: {} }, is: '' },
  'a pod\'s node goes by the fleet\'s name': { of: ['', 'Pod'], field: 'spec.nodeName', object: { metadata: { labels: { 'cluster.federation/name': 'member1' } }, spec: { nodeName: 'n1' } }, is: 'n1@member1' },
  'a ReplicationController without status': { of: ['', 'ReplicationController'], field: 'status.replicas', object: {}, is: '0' },
  'a Job\'s pods that succeeded': { of: ['batch', 'Job'], field: 'status.successful', object: { status: { succeeded: 2 } }, is: '2' },
  'a Job of which none succeeded': { of: ['batch', 'Job'], field: 'status.successful', object: { status: {} }, is: '0' },
}
test.each(Object.entries(CASES))('%s', (_, { of: [group, kind], field, object, is }) => {
  expect(selectableFields(group, kind, () => true)[field]!({ metadata: {}, ...object })).toBe(is)
})
