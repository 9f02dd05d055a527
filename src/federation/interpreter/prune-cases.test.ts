/** Replays what Karmada takes out of a template before it goes to a member. */
import { expect, test } from 'vitest'
import type { KubeObject } from '../../machinery/meta/core.ts'
import { recordedCases, withoutEmpty } from '../../../test/suites/recorded-cases.ts'
import { prunedForPropagation } from './prune.ts'

interface Case { name: string; object: KubeObject; expect: KubeObject; expectFixed?: KubeObject }
const cases = recordedCases<Case>('interpretation/prune.json')
const DIFFERENT: Readonly<Record<string, string>> = { 'job-ttl-kept-without-option': 'the time to live stays with the template always: a copy that its member deletes would be run again' }
/** Some cases leave out what group the kind is of. */
const GROUPS: Readonly<Record<string, string>> = { Deployment: 'apps/v1', ReplicaSet: 'apps/v1' }
const replay = ({ object }: Case) => { const { apiVersion: _, ...pruned } = prunedForPropagation({ apiVersion: GROUPS[object.kind!] ?? 'v1', ...object, metadata: object.metadata ?? {} }); return withoutEmpty(pruned) }
const expected = ({ expect: recorded, expectFixed }: Case) => { const { apiVersion: _, ...rest } = expectFixed ?? recorded; return withoutEmpty(rest) }

test.each(cases.filter(({ name }) => !DIFFERENT[name]))('$name', (one) => { expect(replay(one)).toEqual(expected(one)) })
test.each(Object.entries(DIFFERENT))('%s differs: %s', (name) => { const one = cases.find((one) => one.name === name)!; expect(replay(one)).not.toEqual(expected(one)) })

test('what servers set, what ties to others here, and what GitOps tools go by stay with the template, which is not changed', () => {
  const template: KubeObject = {
    apiVersion: 'v1', kind: 'ConfigMap', data: { a: 'b' }, status: { x: 1 },
    metadata: {
      name: 'c', uid: 'u', resourceVersion: '1', generation: 2, creationTimestamp: 't', managedFields: [{}], finalizers: ['f'], ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'o', uid: 'v' }],
      labels: { 'kustomize.toolkit.fluxcd.io/name': 'apps', 'argocd.argoproj.io/instance': 'apps', app: 'c' }, annotations: { 'argocd.argoproj.io/tracking-id': 'apps:/ConfigMap:shop/c', 'kubectl.kubernetes.io/last-applied-configuration': '{}', 'argocd.argoproj.io.example.com/x': 'kept' },
    },
  }
  const before = structuredClone(template)
  expect(prunedForPropagation(template)).toEqual({ apiVersion: 'v1', kind: 'ConfigMap', data: { a: 'b' }, metadata: { name: 'c', labels: { app: 'c' }, annotations: { 'argocd.argoproj.io.example.com/x': 'kept' } } })
  expect(template).toEqual(before)
})

test('a Job leaves its generated selector and labels behind, unless they are the user\'s', () => {
  const job = (manualSelector?: boolean): KubeObject => ({
    apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'j' },
    spec: { ...(manualSelector && { manualSelector }), selector: { matchLabels: { 'controller-uid': 'u', 'batch.kubernetes.io/controller-uid': 'u', mine: 'x' } }, template: { metadata: { labels: { 'controller-uid': 'u', 'job-name': 'j', 'batch.kubernetes.io/job-name': 'j', app: 'j' } } } },
  })
  expect(prunedForPropagation(job())['spec']).toEqual({ selector: { matchLabels: { mine: 'x' } }, template: { metadata: { labels: { app: 'j' } } } })
  expect(prunedForPropagation(job(true))).toEqual(job(true))
})
