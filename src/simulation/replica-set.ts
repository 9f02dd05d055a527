import { podOf, withStatus, type Action, type World } from './decision.ts'
import { isActive, isReady, type Pod, type ReplicaSet } from './workload.ts'
import type { KubeObject } from '../machinery/meta/core.ts'

/** As many pods as asked for. */
export function decideReplicaSet(object: KubeObject, world: World): readonly Action[] {
  const set = object as ReplicaSet, { name, labels, generation } = set.metadata
  if (set.metadata.deletionTimestamp !== undefined) return []
  const pods = world.podsOf(set).filter(isActive), wanted = set.spec.replicas ?? 1, ready = pods.filter(isReady).length
  const created = Array.from({ length: Math.max(0, wanted - pods.length) }, () => podOf('apps/v1', 'ReplicaSet', set, set.spec.template, { generateName: `${name!}-` }))
  const removed = leastWorth(pods).slice(0, Math.max(0, pods.length - wanted)).map((pod): Action => ({ do: 'delete', kind: 'Pod', object: pod }))
  const expected = Object.entries(set.spec.template.metadata?.labels ?? labels ?? {})
  const status = {
    replicas: pods.length,
    ...(pods.length > 0 && { fullyLabeledReplicas: pods.filter((pod) => expected.every(([key, value]) => pod.metadata.labels?.[key] === value)).length }),
    ...(ready > 0 && { readyReplicas: ready, availableReplicas: ready }),
    observedGeneration: generation,
  }
  return [...created, ...removed, ...withStatus('ReplicaSet', set, status)]
}

/** Those that go first: not placed, not ready, then the youngest. */
const leastWorth = (pods: readonly Pod[]): readonly Pod[] => {
  const worth = (pod: Pod) => (isReady(pod) ? 2 : pod.spec.nodeName === undefined ? 0 : 1), born = (pod: Pod) => pod.metadata.creationTimestamp ?? ''
  return [...pods].sort((a, b) => worth(a) - worth(b) || (born(a) < born(b) ? 1 : born(a) > born(b) ? -1 : 0))
}
