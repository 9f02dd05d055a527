import { expect, test } from 'vitest'
import type { FederatedObject } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import type { KubeObject } from '../../machinery/meta/core.ts'
import { jobCompletions } from './job-completions.ts'

const job = (spec: object, kind = 'Job'): KubeObject => ({ apiVersion: 'batch/v1', kind, metadata: { name: 'sum' }, spec })
const shares = (replicas: Record<string, number>): FederatedObject => ({ metadata: { name: 'sum' }, spec: { template: {} }, status: { schedule: { targets: Object.entries(replicas).map(([cluster, count]) => ({ cluster, replicas: count })) } } })

test.each<[string, object, Record<string, number>, Record<string, number | undefined>]>([
  ['in proportion to parallelism', { completions: 8 }, { a: 3, b: 1 }, { a: 6, b: 2 }],
  ['equal quotients to whoever holds less, together all', { completions: 10 }, { a: 3, b: 1 }, { a: 7, b: 3 }],
  ['equally among equals, by name', { completions: 5 }, { a: 2, b: 2 }, { a: 3, b: 2 }],
  ['none without a share', { completions: 4 }, { a: 2, b: 0 }, { a: 4, b: 0 }],
  ['nothing of what was not asked for', { parallelism: 4 }, { a: 2, b: 2 }, { a: undefined, b: undefined }],
  ['nothing to others', { completions: 4 }, { a: 4 }, { b: undefined }],
])('completions are divided %s', (_, spec, replicas, expected) => {
  expect(Object.fromEntries(Object.keys(expected).map((cluster) => [cluster, jobCompletions(job(spec), shares(replicas), cluster)]))).toEqual(expected)
})

test('only Jobs have them', () => { expect(jobCompletions(job({ completions: 4 }, 'Gear'), shares({ a: 1 }), 'a')).toBeUndefined() })
