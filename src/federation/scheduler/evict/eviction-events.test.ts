import { expect, test } from 'vitest'
import type { Eviction, FederatedObject } from '../../../apis/types.federation/v1alpha1/federated-object.ts'
import type { Placed } from '../place.ts'
import { evictionEvents } from './eviction-events.ts'

const eviction = (cluster: string, more: Partial<Eviction> = {}): Eviction => ({ cluster, reason: 'TaintUntolerated', message: 'its taint x:NoExecute is not tolerated', producer: 'TaintManager', purgeMode: 'Gracefully', creationTimestamp: '2030-01-01T00:00:00Z', ...more })
function told(before: readonly Eviction[], now: readonly Eviction[], leaving: Partial<NonNullable<Placed['leaving']>> = {}, said = ''): string[] {
  const federated: FederatedObject = { metadata: { name: 'web' }, spec: { template: {} }, status: { schedule: { evictions: [...before] }, conditions: [{ type: 'Scheduled', status: 'True', reason: 'Success', message: said, lastTransitionTime: '' }] } }
  return evictionEvents(federated, { policy: undefined, claim: { outcome: 'Claimed', message: '' } as unknown as Placed['claim'], schedule: { evictions: [...now] }, groups: {}, needs: {}, scheduled: { type: 'Scheduled', status: 'True', reason: 'Success', message: '', lastTransitionTime: '' }, leaving: { cancelled: [], held: [], ...leaving } })
    .map(({ type, reason, message }) => `${type} ${reason}: ${message}`)
}

test.each<[string, string[], string[]]>([
  ['a cluster begins to be left', told([], [eviction('a', { movedTo: [{ cluster: 'b', replicas: 2 }, { cluster: 'c' }] })]), ['Warning Evicting: cluster a is left, as soon as others can do without it: its taint x:NoExecute is not tolerated; b gets 2 replicas, c gets a copy']],
  ['at once', told([], [eviction('a', { purgeMode: 'Directly' })]), ['Warning Evicting: cluster a is left, at once: its taint x:NoExecute is not tolerated']],
  ['its copy stays', told([], [eviction('a', { purgeMode: 'Never' })]), ['Warning Evicting: cluster a is left, its copy stays: its taint x:NoExecute is not tolerated']],
  ['it still is', told([eviction('a')], [eviction('a')]), []],
  ['it has been left', told([eviction('a')], []), ['Normal Evicted: cluster a has been left']],
  ['it is not, after all', told([eviction('a')], [], { cancelled: [eviction('a')] }), ['Normal EvictionCancelled: cluster a is not left after all: it is well again, and nothing had taken its place yet']],
  ['it should be', told([], [], { held: [{ cluster: 'a', message: 'no room' }] }), ['Warning EvictionHeld: cluster a: no room']],
  ['it should be, and that was said', told([], [], { held: [{ cluster: 'a', message: 'no room' }] }, 'placed; a: no room'), []],
])('%s', (_name, found, expected) => expect(found).toEqual(expected))
