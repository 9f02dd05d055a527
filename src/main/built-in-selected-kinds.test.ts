import { expect, test } from 'vitest'
import { builtInSelectedKinds } from './built-in-selected-kinds.ts'

const kinds = await builtInSelectedKinds(), patch = (path: string) => ({ plaintext: [{ path, operator: 'remove' as const }] })

test.each([
  ['apps/v1', 'Deployment', 'apps.federation', 'deployments'], ['v1', 'Endpoints', 'core.federation', 'endpoints'], ['networking.k8s.io/v1', 'Ingress', 'networking.k8s.io.federation', 'ingresses'],
  // Nobody knows yet what it is called: only who may change all of the group may change it.
  ['example.io/v1', 'Widget', 'example.io.federation', '*'], ['apps/v9', 'Deployment', 'apps.federation', '*'],
])('rights over %s %s are asked about %s %s', (apiVersion, kind, group, resource) => { expect(kinds.resourceOf(apiVersion, kind)).toEqual({ group, resource }) })

test('rules are held against the version of the kind that is selected', () => {
  expect(kinds.check('apps/v1', 'Deployment', patch('/spec/replica'), 'at').map(({ field }) => field)).toEqual(['at.plaintext[0].path'])
  expect(kinds.check('batch/v1', 'CronJob', patch('/spec/jobTemplate/spec/template/spec/nodeName'), 'at')).toEqual([])
  expect(kinds.check('example.io/v1', 'Widget', patch('/spec/anything'), 'at')).toEqual([])
})
