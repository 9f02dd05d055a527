import type { JsonObject } from '../../machinery/meta/json-value.ts'
import { equalJson } from '../../machinery/meta/json-value.ts'
import type { FoldRule } from './fold-rule.ts'
import type { Given } from './given.ts'

const LABELS = ['spec', 'template', 'metadata', 'labels']

/**
 * A Job's work is divided among clusters, so completions and parallelism add up. It failed if it failed anywhere, is complete when all are, and only then
 * has a completion time; it started when the first did. Conditions appear when they come true: one that some cluster does not report is left out, not Unknown.
 */
export const job: FoldRule = {
  summed: [['spec', 'completions'], ['spec', 'parallelism']],
  own: [['spec', 'selector'], [...LABELS, 'controller-uid'], [...LABELS, 'batch.kubernetes.io/controller-uid']],
  status(given, merged) {
    const conditions = (merged['conditions'] as JsonObject[] | undefined)?.filter(({ status }) => status !== 'Unknown')
    const starts = given.flatMap(({ value }) => (typeof value['startTime'] === 'string' ? [value['startTime']] : [])).toSorted((a, b) => Date.parse(a) - Date.parse(b))
    return {
      conditions: conditions?.length ? conditions : undefined,
      startTime: starts[0],
      completionTime: given.every(({ value }) => value['completionTime'] !== undefined) ? merged['completionTime'] : undefined,
      // Indexes of different clusters' shares are not of one sequence.
      completedIndexes: same(given, 'completedIndexes'),
      failedIndexes: same(given, 'failedIndexes'),
    }
  },
}

const same = (given: readonly Given<JsonObject>[], field: string) => (given.every(({ value }) => equalJson(value[field], given[0]!.value[field])) ? given[0]!.value[field] : undefined)
