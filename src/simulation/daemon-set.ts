import type { KubeObject } from '../machinery/meta/core.ts'
import { podOf, withStatus, templateHash, type Action, type World } from './decision.ts'
import { isActive, isReady, type DaemonSet } from './workload.ts'

/** One pod on every node. An update replaces them one by one. */
export function decideDaemonSet(object: KubeObject, world: World): readonly Action[] {
  const set = object as DaemonSet
  if (set.metadata.deletionTimestamp !== undefined) return []
  const nodes = world.nodes().map(({ metadata }) => metadata.name!), revision = templateHash(set.spec.template)
  const pods = world.podsOf(set).filter(isActive), placed = new Map(pods.map((pod) => [pod.spec.nodeName!, pod])), ready = pods.filter(isReady).length
  const updated = pods.filter((pod) => pod.metadata.labels?.[REVISION] === revision)
  const created = nodes.filter((node) => !placed.has(node)).map((node) => podOf('apps/v1', 'DaemonSet', set, set.spec.template, { generateName: `${set.metadata.name!}-`, labels: { [REVISION]: revision } }, node))
  const surplus = pods.filter((pod) => !nodes.includes(pod.spec.nodeName!) || placed.get(pod.spec.nodeName!) !== pod)
  const outdated = set.spec.updateStrategy?.type !== 'OnDelete' && created.length === 0 && ready === pods.length ? pods.filter((pod) => !updated.includes(pod)).slice(0, 1) : []
  const status = {
    currentNumberScheduled: pods.length, numberMisscheduled: surplus.length, desiredNumberScheduled: nodes.length, numberReady: ready, observedGeneration: set.metadata.generation,
    ...(updated.length > 0 && { updatedNumberScheduled: updated.length }), ...(ready > 0 && { numberAvailable: ready }), ...(nodes.length > ready && { numberUnavailable: nodes.length - ready }),
  }
  return [...created, ...[...new Set([...surplus, ...outdated])].map((pod): Action => ({ do: 'delete', kind: 'Pod', object: pod })), ...withStatus('DaemonSet', set, status)]
}

const REVISION = 'controller-revision-hash'
