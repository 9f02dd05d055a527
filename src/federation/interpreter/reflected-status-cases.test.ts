/** Replays which part of a member's status Karmada collects, where its rule is ours. */
import { expect, test } from 'vitest'
import type { KubeObject } from '../../machinery/meta/core.ts'
import type { JsonObject } from '../../machinery/meta/json-value.ts'
import { recordedCases, withoutEmpty } from '../../../test/suites/recorded-cases.ts'
import { interpretationOf } from './interpretation-of.ts'
import { reflectedStatus } from './reflected-status.ts'

interface Case { name: string; object: KubeObject; expect?: JsonObject | null; expectFixed?: JsonObject; expectError?: boolean }
interface HandlerCase { name: string; apiVersion: string; kind: string; expectHandler: 'own' | 'whole-status' }
const recorded = recordedCases<Case | HandlerCase>('interpretation/reflect.json'), cases = recorded.filter((one): one is Case => !('expectHandler' in one)), handlers = recorded.filter((one): one is HandlerCase => 'expectHandler' in one)

const UNMARKED = 'a copy that does not say which generation it was made from counts as behind; its counts are known all the same'
const DIFFERENT: Readonly<Record<string, string>> = {
  'deployment-error': UNMARKED, 'replica-set-error': UNMARKED, 'replica-set-error-2': UNMARKED, 'daemon-set-error': UNMARKED, 'stateful-set-error-2': UNMARKED,
  'deployment-extra-status-fields-dropped': 'conditions are kept: clients wait for them',
  'statefulset-observed-generation-not-copied': 'the revisions are kept: kubectl rollout status compares them',
  'job-fields-kept': 'ready and terminating pods are shown by kubectl describe',
  'hpa-fields-kept': 'observedGeneration is kept: clients wait for it',
  'pdb-fields-kept': 'observedGeneration is kept: clients wait for it',
}
const COUNTED = new Set(['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet'])

/** We keep the generations beside the status, the recordings in it, and only for workloads that have one. */
function replay({ object }: Case): unknown {
  const { status, generation, templateGeneration } = reflectedStatus({ ...object, metadata: object.metadata ?? {} })
  return withoutEmpty(status && COUNTED.has(object.kind!) ? { generation, resourceTemplateGeneration: templateGeneration, ...status } : status)
}

test.each(cases.filter(({ name, expectError }) => !DIFFERENT[name] && !expectError))('$name', (one) => { expect(replay(one)).toEqual(withoutEmpty(one.expectFixed ?? one.expect ?? undefined)) })
/** Where the recordings have an error, nothing is known: what else is told of the object must not wait for it. */
test.each(cases.filter(({ name, expectError }) => !DIFFERENT[name] && expectError))('$name', (one) => { expect(replay(one)).toBeUndefined() })
test.each(Object.entries(DIFFERENT))('%s differs: %s', (name) => {
  const one = cases.find((one) => one.name === name)!
  expect(replay(one)).not.toEqual(one.expectError ? undefined : withoutEmpty(one.expectFixed ?? one.expect))
})

/** Of an Ingress all is kept, so it needs no rule for that. */
test.each(handlers)('$name', ({ apiVersion, kind, expectHandler }) => {
  expect(interpretationOf({ apiVersion, kind, metadata: {} }).reflected !== undefined).toBe(expectHandler === 'own' && kind !== 'Ingress')
})
