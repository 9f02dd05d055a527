import type { KubeObject } from '../meta/core.ts'
import { equalJson, isJsonObject } from '../meta/json-value.ts'

/**
 * `next` with the managedFields of `old` where only times of entries differ and all else is equal: a write that changes nothing must not be stored because of the clock.
 * As apiserver/pkg/endpoints/handlers/fieldmanager/equality.go.
 */
export function keepTimes(next: KubeObject, old: KubeObject): KubeObject {
  const now = next.metadata.managedFields ?? [], before = old.metadata.managedFields ?? []
  // More or fewer entries are a change of their own.
  if (now.length === 0 || now.length !== before.length || now.every((entry, i) => timeOf(entry) === timeOf(before[i]))) return next
  if (!now.every((entry, i) => equalJson(timeless(entry), timeless(before[i])))) return next
  const kept = { ...next, metadata: { ...next.metadata, managedFields: before } }, { resourceVersion } = old.metadata
  // What is about to be written has no version yet.
  return equalJson({ ...kept, metadata: { ...kept.metadata, resourceVersion } }, old) ? kept : next
}

const timeOf = (entry: unknown): unknown => (isJsonObject(entry) ? entry['time'] : undefined)
const timeless = (entry: unknown): unknown => (isJsonObject(entry) ? { ...entry, time: undefined } : entry)
