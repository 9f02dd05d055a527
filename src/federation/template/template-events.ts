import type { ObjectReference } from '../../apis/core/v1/event.ts'
import { DEFAULT_CLUSTER_SET } from '../../apis/cluster.federation/v1alpha1/cluster-set.ts'
import type { FederatedObject } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import type { Occurrence } from '../../host/event-correlator.ts'
import { EventRecorder, type EventRecorderOptions, type EventSubject } from '../../host/event-recorder.ts'
import { foldedUid } from '../interpreter/folded-uid.ts'
import { FLEET_LABEL } from './marks.ts'
import type { TemplateStore } from './templates.ts'

export interface TemplateEventsOptions extends EventRecorderOptions {
  readonly fleetId: string
  /** Only the replica that leads reports: the others see the same things happen. */
  readonly leads: () => boolean
}

/** `cluster`: what the message lacks at its end. The same told of several clusters within a moment is one Event that names them all. */
export interface TemplateOccurrence extends Occurrence { readonly cluster?: string }

/** Told of what happens to templates. Never throws, never waits. */
export interface TemplateRecorder {
  readonly record: (store: Pick<TemplateStore, 'target' | 'kind'>, federated: FederatedObject, occurrence: TemplateOccurrence) => void
  /** Events that could not be written, since the start. */
  readonly dropped: () => number
}

/** Clusters that are written at the same time answer so far apart. */
const GATHER_MS = 1000

/** Reports what happens to templates until the signal aborts. */
export function createRecorder({ fleetId, leads, ...options }: TemplateEventsOptions, signal: AbortSignal): TemplateRecorder {
  const recorder = new EventRecorder(options)
  recorder.run(signal).catch((error: unknown) => options.logger.error({ error: error instanceof Error ? error.stack : error }, 'events are no longer recorded'))
  const gathered = new Map<string, Set<string>>()
  const gather = async (faces: readonly EventSubject[], cluster: string, { type, reason, message }: Occurrence) => {
    const key = JSON.stringify([faces[0]?.reference.uid, type, reason, message]), known = gathered.get(key)
    if (known) { known.add(cluster); return }
    const clusters = new Set([cluster])
    gathered.set(key, clusters)
    await options.clock.sleep(GATHER_MS, signal)
    gathered.delete(key)
    recorder.record(faces, { type, reason, message: `${message} ${clusters.size === 1 ? 'cluster' : 'clusters'} ${[...clusters].toSorted().join(', ')}` })
  }
  return {
    dropped: () => recorder.dropped,
    record: (store, federated, { cluster, ...occurrence }) => {
      if (!leads()) return
      const faces = facesOf(store, federated, fleetId)
      if (cluster === undefined) recorder.record(faces, occurrence)
      else void gather(faces, cluster, occurrence)
    },
  }
}

/**
 * The two faces of a template: the Federated<Kind> as the host shows it, and the object of the native kind as fleets show it, so that `kubectl describe` of either tells the story.
 * The latter has the uid that ClusterSet `default` gives it; other fleets put their own in its place.
 */
function facesOf({ target, kind: hub }: Pick<TemplateStore, 'target' | 'kind'>, { metadata: { namespace = '', name = '', uid, resourceVersion } }: FederatedObject, fleetId: string): readonly EventSubject[] {
  const native = target.namespaced ? namespace : ''
  const federated: ObjectReference = { apiVersion: `${hub.group}/${hub.version}`, kind: hub.kind, ...(namespace && { namespace }), name, ...(uid !== undefined && { uid }), ...(resourceVersion !== undefined && { resourceVersion }) }
  const shown: ObjectReference = { apiVersion: target.group ? `${target.group}/${target.version}` : target.version, kind: target.kind, ...(native && { namespace: native }), name, uid: foldedUid({ fleetId, set: DEFAULT_CLUSTER_SET, group: target.group, kind: target.kind, namespace: native, name }) }
  return [{ reference: federated }, { reference: shown, labels: { [FLEET_LABEL]: DEFAULT_CLUSTER_SET } }]
}
