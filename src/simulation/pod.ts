import type { KubeObject } from '../machinery/meta/core.ts'
import { timestamp } from '../machinery/meta/timestamp.ts'
import type { Action, World } from './decision.ts'
import { hash32 } from './seeded-random.ts'
import { isReady, withCondition, type Condition, type Node, type Pod } from './workload.ts'

/**
 * Annotations of a pod (usually through its template) that tell the simulation how it behaves:
 * `waiting` (a reason, e.g. ImagePullBackOff): its containers never start; `not-ready`: they run and never become ready; `run-seconds`: how long a pod runs that is meant to end.
 */
const WAITING = 'simulation.federation/waiting', NOT_READY = 'simulation.federation/not-ready', RUN_SECONDS = 'simulation.federation/run-seconds'
const START_MS = { least: 300, spread: 900 }, RUN_MS = 3000

/** Scheduler and kubelet in one: a node is chosen, the containers start a little later, and those meant to end do. */
export function decidePod(object: KubeObject, world: World): readonly Action[] {
  const pod = object as Pod, { phase } = pod.status ?? {}
  if (pod.metadata.deletionTimestamp !== undefined || phase === 'Succeeded' || phase === 'Failed') return []
  if (pod.spec.nodeName === undefined) return placed(pod, world)
  const node = world.nodes().find(({ metadata }) => metadata.name === pod.spec.nodeName)
  if (!node) return [{ do: 'delete', kind: 'Pod', object: pod }]
  if (phase !== 'Running') return started(pod, node, world)
  return pod.spec.restartPolicy === undefined || pod.spec.restartPolicy === 'Always' ? [] : ended(pod, world)
}

function placed(pod: Pod, world: World): readonly Action[] {
  const nodes = world.nodes().filter((node) => isReady(node) && !node.spec?.unschedulable)
  if (nodes.length === 0) {
    const refused: Condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: `0/${world.nodes().length} nodes are available.` }
    return pod.status?.conditions?.some(({ reason }) => reason === 'Unschedulable') ? [] : [{ do: 'status', kind: 'Pod', object: pod, status: { ...pod.status, phase: 'Pending', conditions: withCondition(pod.status?.conditions, refused, world.now) } }]
  }
  const name = nodes.reduce((best, node) => (world.load(node.metadata.name!) < world.load(best.metadata.name!) ? node : best)).metadata.name!
  return [
    { do: 'update', kind: 'Pod', object: pod, change: (now) => ({ ...now, spec: { ...(now as Pod).spec, nodeName: name } }) },
    { do: 'event', kind: 'Pod', object: pod, component: 'default-scheduler', reason: 'Scheduled', message: `Successfully assigned ${pod.metadata.namespace!}/${pod.metadata.name!} to ${name}` },
  ]
}

function started(pod: Pod, node: Node, world: World): readonly Action[] {
  const waiting = pod.metadata.annotations?.[WAITING], delayMs = START_MS.least + (hash32(pod.metadata.uid!) % START_MS.spread), leftMs = delayMs - world.age(pod)
  const since = timestamp(world.now), scheduled: Condition = { type: 'PodScheduled', status: 'True' }
  if (waiting !== undefined || leftMs > 0) {
    const reason = waiting ?? 'ContainerCreating', again: readonly Action[] = waiting === undefined ? [{ do: 'again', afterMs: leftMs }] : []
    if (pod.status?.containerStatuses) return again
    const conditions = ofPod(pod, scheduled, false, world.now)
    const containerStatuses = pod.spec.containers.map(({ name, image }) => ({ name, ready: false, restartCount: 0, image, imageID: '', started: false, state: { waiting: { reason } } }))
    return [{ do: 'status', kind: 'Pod', object: pod, status: { phase: 'Pending', conditions, startTime: since, containerStatuses, qosClass: 'BestEffort' } }, ...again]
  }
  const ready = pod.metadata.annotations?.[NOT_READY] === undefined, address = hash32(`ip/${pod.metadata.uid!}`)
  const hostIP = (node.status?.['addresses'] as { type: string; address: string }[] | undefined)?.find(({ type }) => type === 'InternalIP')?.address, podIP = `10.244.${(address >>> 8) & 255}.${1 + (address % 254)}`
  const containerStatuses = pod.spec.containers.map(({ name, image }, index) => ({
    name, ready, restartCount: 0, image, imageID: `sha256:${hash32(image ?? '').toString(16).padStart(64, '0')}`, containerID: `containerd://${hash32(`${pod.metadata.uid!}/${index}`).toString(16).padStart(64, '0')}`, started: true, state: { running: { startedAt: since } },
  }))
  const status = {
    phase: 'Running', conditions: ofPod(pod, scheduled, ready, world.now), ...(hostIP !== undefined && { hostIP, hostIPs: [{ ip: hostIP }] }), podIP, podIPs: [{ ip: podIP }],
    startTime: pod.status?.startTime ?? since, containerStatuses, qosClass: 'BestEffort',
  }
  return [
    { do: 'status', kind: 'Pod', object: pod, status },
    ...pod.spec.containers.map(({ name }): Action => ({ do: 'event', kind: 'Pod', object: pod, component: 'kubelet', reason: 'Started', message: `Container started: ${name}` })),
    ...(pod.spec.restartPolicy === undefined || pod.spec.restartPolicy === 'Always' ? [] : [{ do: 'again', afterMs: runMs(pod) } as const]),
  ]
}

/** Since the containers run: measured from when the pod was first seen, less its start. */
function ended(pod: Pod, world: World): readonly Action[] {
  const leftMs = START_MS.least + (hash32(pod.metadata.uid!) % START_MS.spread) + runMs(pod) - world.age(pod)
  if (leftMs > 0) return [{ do: 'again', afterMs: leftMs }]
  const finishedAt = timestamp(world.now), done: Condition = { type: 'Ready', status: 'False', reason: 'PodCompleted' }
  const containerStatuses = (pod.status?.containerStatuses ?? []).map((each) => ({
    ...each, ready: false, started: false, state: { terminated: { exitCode: 0, reason: 'Completed', startedAt: pod.status?.startTime, finishedAt, containerID: each['containerID'] } },
  }))
  const conditions = withCondition(withCondition(pod.status?.conditions, done, world.now), { ...done, type: 'ContainersReady' }, world.now)
  return [{ do: 'status', kind: 'Pod', object: pod, status: { ...pod.status, phase: 'Succeeded', conditions, containerStatuses } }]
}

const runMs = (pod: Pod): number => {
  const seconds = Number(pod.metadata.annotations?.[RUN_SECONDS])
  return Number.isFinite(seconds) ? seconds * 1000 : RUN_MS
}

function ofPod(pod: Pod, scheduled: Condition, ready: boolean, now: number): Condition[] {
  const status = ready ? 'True' : 'False', unready = ready ? {} : { reason: 'ContainersNotReady', message: `containers with unready status: [${pod.spec.containers.map(({ name }) => name).join(' ')}]` }
  const wanted: Condition[] = [{ type: 'Initialized', status: 'True' }, { type: 'Ready', status, ...unready }, { type: 'ContainersReady', status, ...unready }, scheduled]
  return wanted.reduce<Condition[]>((all, next) => withCondition(all, next, now), pod.status?.conditions ?? [])
}
