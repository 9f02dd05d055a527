/** Every sort of recorded case is replayed by a test beside the code, or named here with the reason why not. */
import { expect, test } from 'vitest'
import { loadCases } from './load-cases.ts'

const REPLAYED: Readonly<Record<string, readonly string[]>> = {
  'binpack.json': ['plan'],
  'planner.json': [''], 'webster.json': ['seats', 'dispense'], 'division.json': [''], 'policy-choice.json': ['choose', 'tie', 'lowered'], 'spread.json': ['select', 'select-by-region', 'groups', 'group', 'score', 'score-pair', 'sort'],
  'selectors.json': ['resource-match', 'resource-rank', 'cluster-affinity', 'zones', 'filter-affinity', 'filter-spread', 'v1-cluster-selector', 'kubefed-placement'],
  'taints.json': ['filter', 'match-tolerations'], 'estimator.json': ['replicas', 'replicas-by-summary', 'replicas-by-models', 'sets', 'sets-by-models', 'grade-index', 'grade-of', 'grade-counts'], 'rescheduling.json': ['placement-changed', 'replicas-changed'],
}
const EVICTION = 'nothing is evicted yet'

const NOT_REPLAYED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  // Of its plans, those by weights that may move replicas are: what runs is kept by the rules of Federation v1 here, and there is no filling of one cluster after the other with bounds.
  'binpack.json': { fill: 'Aggregated fills clusters as Karmada does, without bounds' },
  'selectors.json': {
    'cluster-fields': 'the fields are read where they are compared', 'unique-selectors': 'the index holds each selector once', 'filter-evicted': EVICTION, 'locality-score': 'a score of a ranked candidate, held by decisions that keep present targets',
    'kubeadmiral-affinity': 'affinity has the shape of Karmada', 'kubeadmiral-affinity-score': 'clusters are chosen by affinity, not ranked by it',
  },
  'taints.json': {
    'set-taints': 'taints are set by administrators', 'has-taint': 'taints are set by administrators', 'has-toleration': 'no toleration is added by the server', 'pick-no-execute': EVICTION, wait: EVICTION, evict: EVICTION, queue: EVICTION, 'evict-binding': EVICTION, 'purge-mode': EVICTION, 'preserve-state': EVICTION,
  },
  'estimator.json': { assume: 'what is promised is subtracted, never summed up', 'models-valid': 'held by the validation of Clusters' },
  'rescheduling.json': {
    'merge-targets': 'targets are never merged', 'reschedule-required': 'whoever asks says so in the snapshot, without times', condition: 'reasons are our own: of several alternatives the first one that failed', 'evict-tasks': EVICTION, 'next-retry': EVICTION, 'clusters-in-use': EVICTION,
  },
}

test.each(Object.keys(REPLAYED))('%s: every sort of case is replayed, or left out for a reason', (file) => {
  const given = new Set(loadCases<{ op?: string }>(file).map(({ op = '' }) => op))
  expect([...REPLAYED[file]!, ...Object.keys(NOT_REPLAYED[file] ?? {})].toSorted((a, b) => a.localeCompare(b))).toEqual([...given].toSorted((a, b) => a.localeCompare(b)))
})
