import type { Cluster } from '../../apis/cluster.federation/v1alpha1/cluster.ts'
import type { Occurrence } from '../../host/event-correlator.ts'
import { EventRecorder, type EventRecorderOptions } from '../../host/event-recorder.ts'

/** Told of what happens to Clusters, for `kubectl describe`. Reports until the signal aborts; never throws, never waits. */
export function clusterRecorder(options: EventRecorderOptions, signal: AbortSignal): (cluster: Cluster, occurrence: Occurrence) => void {
  const recorder = new EventRecorder(options)
  recorder.run(signal).catch((error: unknown) => options.logger.error({ error: error instanceof Error ? error.stack : error }, 'events of clusters are no longer recorded'))
  return ({ metadata: { name = '', uid } }, occurrence) => recorder.record([{ reference: { apiVersion: 'cluster.federation/v1alpha1', kind: 'Cluster', name, ...(uid !== undefined && { uid }) } }], occurrence)
}
