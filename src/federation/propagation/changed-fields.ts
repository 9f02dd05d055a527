import type { KubeObject } from '../../machinery/meta/core.ts'
import { equalJson, isJsonObject, type JsonObject } from '../../machinery/meta/json-value.ts'

/** Paths of the fields that `wanted` sets otherwise than `copy` has them, lists being one field each; no values, which may be secret. Marks of this server are left out. */
export function changedFields(wanted: KubeObject, copy: KubeObject): string[] {
  const { annotations: _own, ...metadata } = wanted.metadata, annotations = Object.fromEntries(Object.entries(wanted.metadata.annotations ?? {}).filter(([name]) => !name.startsWith('cluster.federation/')))
  return differing({ ...wanted, metadata: { ...metadata, annotations } }, copy, '')
}

function differing(wanted: JsonObject, copy: JsonObject, path: string): string[] {
  return Object.entries(wanted).flatMap(([name, value]) => {
    const at = /^[A-Za-z_]\w*$/.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`, there = copy[name]
    if (isJsonObject(value)) return differing(value, isJsonObject(there) ? there : {}, at)
    if (Array.isArray(value)) return covers(value, there) ? [] : [at]
    return equalJson(value, there) ? [] : [at]
  })
}

/** Whether a list has all that is wanted of it: members of its items may have defaults besides. */
function covers(wanted: unknown, there: unknown): boolean {
  if (Array.isArray(wanted)) return Array.isArray(there) && wanted.length === there.length && wanted.every((item, i) => covers(item, there[i]))
  if (isJsonObject(wanted)) return isJsonObject(there) && Object.entries(wanted).every(([name, value]) => covers(value, there[name]))
  return equalJson(wanted, there)
}
