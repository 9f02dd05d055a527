import type { KubeObject } from '../machinery/meta/core.ts'
import { podOf, withStatus, templateHash, type Action, type World } from './decision.ts'
import { isActive, isReady, type Pod, type StatefulSet } from './workload.ts'

/** Numbered pods, made upwards and removed downwards one at a time (unless podManagementPolicy is Parallel); updates go from the highest number down. */
export function decideStatefulSet(object: KubeObject, world: World): readonly Action[] {
  const set = object as StatefulSet, { name } = set.metadata
  if (set.metadata.deletionTimestamp !== undefined) return []
  const wanted = set.spec.replicas ?? 1, revision = `${name!}-${templateHash(set.spec.template)}`
  const pods = world.podsOf(set).filter(isActive).sort((a, b) => ordinal(a) - ordinal(b)), ready = pods.filter(isReady)
  const updated = pods.filter((pod) => pod.metadata.labels?.[REVISION] === revision)
  const settled = pods.length === wanted && updated.length === wanted
  const { currentRevision = revision } = set.status ?? {}
  const status = {
    observedGeneration: set.metadata.generation, replicas: pods.length, ...(ready.length > 0 && { readyReplicas: ready.length }),
    ...(updated.length > 0 && { currentReplicas: settled ? wanted : pods.filter((pod) => pod.metadata.labels?.[REVISION] === currentRevision).length, updatedReplicas: updated.length }),
    currentRevision: settled ? revision : currentRevision, updateRevision: revision, collisionCount: 0, availableReplicas: ready.length,
  }
  return [...next(set, pods, wanted, revision), ...withStatus('StatefulSet', set, status)]
}

const REVISION = 'controller-revision-hash'
const ordinal = (pod: Pod) => Number(pod.metadata.name!.slice(pod.metadata.name!.lastIndexOf('-') + 1))

function next(set: StatefulSet, pods: readonly Pod[], wanted: number, revision: string): readonly Action[] {
  const name = set.metadata.name!, present = new Set(pods.map(ordinal)), parallel = set.spec.podManagementPolicy === 'Parallel'
  const create = (index: number) => podOf('apps/v1', 'StatefulSet', set, set.spec.template, {
    name: `${name}-${index}`, labels: { [REVISION]: revision, 'apps.kubernetes.io/pod-index': String(index), 'statefulset.kubernetes.io/pod-name': `${name}-${index}` },
  })
  const remove = (pod: Pod): Action => ({ do: 'delete', kind: 'Pod', object: pod })
  const missing = Array.from({ length: wanted }, (_, index) => index).filter((index) => !present.has(index)), surplus = pods.filter((pod) => ordinal(pod) >= wanted)
  if (parallel && missing.length + surplus.length > 0) return [...missing.map(create), ...surplus.map(remove)]
  const healthy = pods.every(isReady)
  if (missing.length > 0) return pods.filter((pod) => ordinal(pod) < missing[0]!).every(isReady) ? [create(missing[0]!)] : []
  if (!healthy) return []
  if (surplus.length > 0) return [remove(surplus.at(-1)!)]
  const outdated = set.spec.updateStrategy?.type === 'OnDelete' ? undefined : pods.findLast((pod) => pod.metadata.labels?.[REVISION] !== revision)
  return outdated ? [remove(outdated)] : []
}
