import type { KubeObject } from '../machinery/meta/core.ts'
import { timestamp } from '../machinery/meta/timestamp.ts'
import { controlledBy, withStatus, templateHash, type Action, type World } from './decision.ts'
import { withCondition, type Condition, type Deployment, type ReplicaSet } from './workload.ts'

/** One ReplicaSet per pod template; the newest grows and the others shrink within maxSurge and maxUnavailable. */
export function decideDeployment(object: KubeObject, world: World): readonly Action[] {
  const deployment = object as Deployment
  if (deployment.metadata.deletionTimestamp !== undefined) return []
  const sets = world.replicaSetsOf(deployment), hash = templateHash(deployment.spec.template), wanted = deployment.spec.replicas ?? 1
  const current = sets.find((set) => set.metadata.labels?.[HASH] === hash), others = sets.filter((set) => set !== current)
  const revision = current && others.every((set) => revisionOf(set) < revisionOf(current)) ? revisionOf(current) : Math.max(0, ...sets.map(revisionOf)) + 1
  return [
    ...ofRevision(deployment, current, revision),
    ...(current ? resized(deployment, current, others, wanted) : deployment.spec.paused ? [] : created(deployment, hash, revision, others, wanted)),
    ...(current && others.length > 0 ? retired(deployment, others) : []),
    ...withStatus('Deployment', deployment, status(deployment, current, sets, wanted, world.now)),
  ]
}

const HASH = 'pod-template-hash', REVISION = 'deployment.kubernetes.io/revision'
const revisionOf = (set: ReplicaSet) => Number(set.metadata.annotations?.[REVISION] ?? 0)
const sum = (sets: readonly ReplicaSet[], of: (set: ReplicaSet) => number | undefined) => sets.reduce((total, set) => total + (of(set) ?? 0), 0)

/** The revision is noted on the Deployment and on its newest ReplicaSet; `kubectl rollout history` reads it there. */
function ofRevision(deployment: Deployment, current: ReplicaSet | undefined, revision: number): readonly Action[] {
  const note = (kind: string, object: KubeObject): readonly Action[] =>
    object.metadata.annotations?.[REVISION] === String(revision) ? [] : [{ do: 'update', kind, object, change: (now) => ({ ...now, metadata: { ...now.metadata, annotations: { ...now.metadata.annotations, [REVISION]: String(revision) } } }) }]
  return [...note('Deployment', deployment), ...(current ? note('ReplicaSet', current) : [])]
}

function created(deployment: Deployment, hash: string, revision: number, others: readonly ReplicaSet[], wanted: number): readonly Action[] {
  const { name, namespace } = deployment.metadata, { selector, template } = deployment.spec, { surge, recreate } = limits(deployment, wanted)
  const running = sum(others, (set) => set.spec.replicas), replicas = recreate && running > 0 ? 0 : Math.max(0, Math.min(wanted, wanted + surge - running))
  const labels = { ...template.metadata?.labels, [HASH]: hash }
  const set: ReplicaSet = {
    metadata: { name: `${name!}-${hash}`, namespace: namespace!, labels, annotations: { [REVISION]: String(revision) }, ownerReferences: [controlledBy('apps/v1', 'Deployment', deployment)] },
    spec: { replicas, selector: { ...selector, matchLabels: { ...selector.matchLabels, [HASH]: hash } }, template: { ...template, metadata: { ...template.metadata, labels } } },
  }
  return [{ do: 'create', kind: 'ReplicaSet', object: set }, scaled(deployment, set, 0, replicas)]
}

function resized(deployment: Deployment, current: ReplicaSet, others: readonly ReplicaSet[], wanted: number): readonly Action[] {
  const { surge, unavailable, recreate } = limits(deployment, wanted), actions: Action[] = []
  const resize = (set: ReplicaSet, replicas: number) => {
    if (replicas === (set.spec.replicas ?? 1)) return
    actions.push({ do: 'update', kind: 'ReplicaSet', object: set, change: (now) => ({ ...now, spec: { ...(now as ReplicaSet).spec, replicas } }) }, scaled(deployment, set, set.spec.replicas ?? 1, replicas))
  }
  const now = current.spec.replicas ?? 1, old = sum(others, (set) => set.spec.replicas)
  if (deployment.spec.paused) {
    if (old === 0) resize(current, wanted)
    return actions
  }
  if (now >= wanted || old === 0) resize(current, wanted)
  else if (!recreate || sum(others, (set) => set.status?.replicas) === 0) resize(current, Math.max(now, Math.min(wanted, wanted + surge - old)))
  // What may go without falling below the promised minimum: pods of the new set that are not available yet do not count as there.
  let spare = recreate ? old : now + old - (wanted - unavailable) - Math.max(0, now - (current.status?.availableReplicas ?? 0))
  for (const set of [...others].sort((a, b) => revisionOf(a) - revisionOf(b))) {
    const replicas = set.spec.replicas ?? 1, drop = Math.min(replicas, Math.max(0, spare))
    resize(set, replicas - drop)
    spare -= drop
  }
  return actions
}

/** Emptied ReplicaSets beyond revisionHistoryLimit, oldest first. */
function retired(deployment: Deployment, others: readonly ReplicaSet[]): readonly Action[] {
  const empty = others.filter((set) => set.spec.replicas === 0 && (set.status?.replicas ?? 0) === 0).sort((a, b) => revisionOf(a) - revisionOf(b))
  return empty.slice(0, Math.max(0, empty.length - (deployment.spec.revisionHistoryLimit ?? 10))).map((set) => ({ do: 'delete', kind: 'ReplicaSet', object: set }))
}

function status(deployment: Deployment, current: ReplicaSet | undefined, sets: readonly ReplicaSet[], wanted: number, now: number): object {
  const replicas = sum(sets, (set) => set.status?.replicas), ready = sum(sets, (set) => set.status?.readyReplicas), available = sum(sets, (set) => set.status?.availableReplicas)
  const updated = current?.status?.replicas ?? 0, missing = Math.max(0, Math.max(wanted, replicas) - available)
  const enough = available >= wanted - limits(deployment, wanted).unavailable, done = updated === wanted && replicas === wanted && available === wanted
  const ofAvailability: Condition = enough
    ? { type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable', message: 'Deployment has minimum availability.' }
    : { type: 'Available', status: 'False', reason: 'MinimumReplicasUnavailable', message: 'Deployment does not have minimum availability.' }
  const name = current?.metadata.name ?? '', ofProgress: Condition = done
    ? { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable', message: `ReplicaSet "${name}" has successfully progressed.` }
    : { type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated', message: `ReplicaSet "${name}" is progressing.` }
  return {
    observedGeneration: deployment.metadata.generation,
    ...(replicas > 0 && { replicas }), ...(updated > 0 && { updatedReplicas: updated }), ...(ready > 0 && { readyReplicas: ready }), ...(available > 0 && { availableReplicas: available }),
    ...(missing > 0 && { unavailableReplicas: missing }),
    conditions: [ofAvailability, ofProgress].reduce((conditions, next) => dated(conditions, next, now), deployment.status?.conditions ?? []),
  }
}

/** A Deployment's conditions carry the time of their last word as well. */
function dated(conditions: readonly Condition[], next: Condition, now: number): Condition[] {
  const old = conditions.find(({ type }) => type === next.type), same = old?.status === next.status && old.reason === next.reason && old.message === next.message
  return same ? [...conditions] : withCondition(conditions, { ...next, lastUpdateTime: timestamp(now) }, now)
}

/** Percentages round up for surge and down for unavailability; both zero would never move, then one may be unavailable. */
function limits({ spec: { strategy } }: Deployment, wanted: number): { surge: number; unavailable: number; recreate: boolean } {
  if (strategy?.type === 'Recreate') return { surge: 0, unavailable: wanted, recreate: true }
  const { maxSurge = '25%', maxUnavailable = '25%' } = strategy?.rollingUpdate ?? {}
  const part = (value: number | string, round: (x: number) => number) => (typeof value === 'number' ? value : round((Number.parseInt(value, 10) / 100) * wanted))
  const surge = part(maxSurge, Math.ceil), unavailable = Math.min(wanted, part(maxUnavailable, Math.floor))
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable, recreate: false }
}

const scaled = (deployment: Deployment, set: ReplicaSet, from: number, to: number): Action => ({
  do: 'event', kind: 'Deployment', object: deployment, component: 'deployment-controller', reason: 'ScalingReplicaSet',
  message: `Scaled ${to < from ? 'down' : 'up'} replica set ${set.metadata.name!} from ${from} to ${to}`,
})
