import type { KubeObject } from '../../machinery/meta/core.ts'
import type { JsonObject } from '../../machinery/meta/json-value.ts'
import { countAt, objectAt } from './fields.ts'
import { type Copy, foldStatus } from './fold.ts'
import { interpretationOf } from './interpretation-of.ts'
import type { Reflection } from './reflected-status.ts'

/** What one target's copy has last been seen to say. */
export interface Report extends Reflection { readonly cluster: string }

/**
 * The status of a template, from its targets' reports. `template.status` is the previous answer: undefined, if there is none and nobody has one to report yet.
 * observedGeneration is the template's generation only if every target's copy was made from it and has been observed; until then it stays what it was, or just below.
 */
export function aggregateStatus(template: KubeObject, reports: readonly Report[]): JsonObject | undefined {
  const { generation } = template.metadata, before = objectAt(template, 'status'), rule = interpretationOf(template)
  if (before && rule.isFinal?.(before)) return before
  const reportOf = new Map<Copy, Report>(reports.map((report) => [{ cluster: report.cluster, object: { metadata: {}, ...(report.status && { status: report.status }) } }, report]))
  const behind = Math.min(countAt(before, 'observedGeneration'), (generation ?? 0) - 1)
  const status = foldStatus(rule, [...reportOf.keys()], {
    generation,
    behind,
    aggregate: rule.aggregate,
    hasObserved(copy, observed) {
      const { generation: own, templateGeneration } = reportOf.get(copy)!
      return own !== undefined && observed >= own && templateGeneration !== undefined && templateGeneration >= (generation ?? 0)
    },
  })
  if (status && Object.keys(status).length > 0) return status
  return behind > 0 ? { observedGeneration: behind } : undefined
}
