import { isJsonObject, type JsonObject } from '../../machinery/meta/json-value.ts'
import type { Check } from './checks.ts'
import { listAt, textAt, valuesAt } from './fields.ts'
import type { Given } from './given.ts'
import { union } from './merge-values.ts'

/** All entry points of all clusters once, ports of the same one united, by address and then host name. */
export function mergeLoadBalancer(given: readonly Given<JsonObject>[]): JsonObject {
  const points = new Map<string, JsonObject>()
  for (const { value } of given) {
    for (const point of listAt(value, 'loadBalancer.ingress').filter(isJsonObject)) {
      const id = identity(point), found = points.get(id)
      if (!found) { points.set(id, point); continue }
      const ports = union([...listAt(found, 'ports'), ...listAt(point, 'ports')])
      points.set(id, { ...found, ...(ports.length > 0 && { ports }) })
    }
  }
  const ingress = [...points].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, point]) => point)
  return { loadBalancer: ingress.length > 0 ? { ingress } : {} }
}

/** Sorts as entries do: NUL is below everything that can stand in them. */
const identity = (point: JsonObject) => ['ip', 'hostname', 'ipMode'].map((field) => textAt(point, field) ?? '').join('\0')

export const hasAddress: Check = (object) => valuesAt(object, 'status.loadBalancer.ingress.*').some((point) => textAt(point, 'ip') !== undefined || textAt(point, 'hostname') !== undefined)
