import type { KubeObject } from '../../machinery/meta/core.ts'
import type { JsonObject } from '../../machinery/meta/json-value.ts'
import { isJsonObject } from '../../machinery/meta/json-value.ts'
import { valueAt } from './fields.ts'
import type { Interpretation } from './interpretation.ts'
import { interpretationOf } from './interpretation-of.ts'
import { TEMPLATE_GENERATION_ANNOTATION } from './marks.ts'

/** What is remembered of a copy. */
export interface Reflection {
  /** Absent: the copy has none yet, or none that tells the fleet anything. */
  readonly status?: JsonObject
  /** The copy's own, which its observedGeneration follows. */
  readonly generation?: number
  /** The template's, which the copy was made from. Absent: it does not say so, and counts as behind. */
  readonly templateGeneration?: number
}

/** Of a copy's status what the fleet's is made from. One that is no object, as custom kinds may have it, tells nothing. */
export function reflectedStatus(object: KubeObject): Reflection {
  const { generation, annotations = {} } = object.metadata, status = statusOf(object, interpretationOf(object)), mark = annotations[TEMPLATE_GENERATION_ANNOTATION] ?? ''
  return { ...(status && { status }), ...(generation !== undefined && { generation }), ...(/^\d+$/.test(mark) && { templateGeneration: Number(mark) }) }
}

function statusOf(object: KubeObject, { reflected }: Interpretation): JsonObject | undefined {
  const status = valueAt(object, 'status')
  if (!isJsonObject(status)) return undefined
  if (!reflected) return status
  if (typeof reflected === 'function') return reflected(object)
  const kept = Object.fromEntries(reflected.flatMap((field) => { const value = valueAt(status, [field]); return value === undefined ? [] : [[field, value] as const] }))
  return Object.keys(kept).length > 0 ? kept : undefined
}
