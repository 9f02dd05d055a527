/** Every sort of recorded case is replayed by a test beside the code, or named here with the reason why not. */
import { expect, test } from 'vitest'
import { loadCases } from './load-cases.ts'

const REPLAYED: Readonly<Record<string, readonly string[]>> = {
  'binpack.json': ['plan weights'], 'health-thresholds.json': ['steady'],
  'planner.json': [''], 'webster.json': ['seats', 'dispense'], 'division.json': [''], 'policy-choice.json': ['choose', 'tie', 'lowered'], 'spread.json': ['select', 'select-by-region', 'groups', 'group', 'score', 'score-pair', 'sort'],
  'selectors.json': ['resource-match', 'resource-rank', 'cluster-affinity', 'zones', 'filter-affinity', 'filter-spread', 'filter-evicted', 'v1-cluster-selector', 'kubefed-placement'],
  'taints.json': ['filter', 'match-tolerations', 'set-taints', 'has-taint', 'wait', 'evict', 'queue', 'purge-mode', 'preserve-state'], 'estimator.json': ['replicas', 'replicas-by-summary', 'replicas-by-models', 'sets', 'sets-by-models', 'grade-index', 'grade-of', 'grade-counts', 'assume', 'models-valid'], 'rescheduling.json': ['placement-changed', 'replicas-changed', 'evict-tasks', 'clusters-in-use'],
}

const NOT_REPLAYED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'binpack.json': {
    'plan binpack': 'KubeAdmiral fills clusters in a given order, with bounds: no strategy of the policies here. Few clusters are what Aggregated is for, as Karmada has it (division.json)', 'fill binpack': 'a step of the same',
  },
  'health-thresholds.json': { count: 'KubeFed counts probes; here a change counts once it has been steady for a time. One of the two cases is a bug upstream' },
  'selectors.json': {
    'cluster-fields': 'the fields are read where they are compared', 'unique-selectors': 'the index holds each selector once', 'locality-score': 'a score of a ranked candidate, held by decisions that keep present targets',
    'kubeadmiral-affinity': 'affinity has the shape of Karmada', 'kubeadmiral-affinity-score': 'clusters are chosen by affinity, not ranked by it',
  },
  'taints.json': {
    'has-toleration': 'no toleration is added by the server', 'pick-no-execute': 'each taint is looked at where it counts',
    // Replayed in its parts. The case that evicts from the only cluster there is contradicts the safety rules: what has no place elsewhere stays.
    'evict-binding': 'what has no place elsewhere stays; the cases without a time or a cluster are those of evict',
  },
  'rescheduling.json': {
    'merge-targets': 'targets are never merged', 'reschedule-required': 'whoever asks says so in the snapshot, without times', condition: 'reasons are our own: of several alternatives the first one that failed', 'next-retry': 'what waits to be let go is looked at every second',
  },
}

test.each(Object.keys(REPLAYED))('%s: every sort of case is replayed, or left out for a reason', (file) => {
  const given = new Set(loadCases<{ op?: string; algorithm?: string }>(file).map(({ op = '', algorithm }) => (algorithm ? `${op} ${algorithm}` : op)))
  expect([...REPLAYED[file]!, ...Object.keys(NOT_REPLAYED[file] ?? {})].toSorted((a, b) => a.localeCompare(b))).toEqual([...given].toSorted((a, b) => a.localeCompare(b)))
})
