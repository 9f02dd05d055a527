/** Replays what Karmada's status aggregation answers for the same members, where its rule is ours. */
import { expect, test } from 'vitest'
import type { JsonObject } from '../../machinery/meta/json-value.ts'
import { isJsonObject } from '../../machinery/meta/json-value.ts'
import { recordedCases, withoutEmpty } from '../../../test/suites/recorded-cases.ts'
import { aggregateStatus } from './aggregate-status.ts'

interface Case { name: string; template: JsonObject; members: { cluster: string; status: JsonObject | null }[]; expect?: JsonObject; expectFixed?: JsonObject }
const cases = recordedCases<Case>('interpretation/aggregate.json')

const DIFFERENT: Readonly<Record<string, string>> = {
  'deployment-conditions-in-template-survive': 'conditions come from the copies alone',
  'deployment-member-conditions-dropped': 'conditions of the copies are joined: clients wait for them',
  'deployment-three-members-sum': 'no copy reports observedGeneration, so there is none',
  'job-start-time-needs-every-member': 'a Job started when its first share did, as in Federation v1',
  'cronjob-active-concatenated-in-member-order': 'copies are taken by name of the cluster, so that the answer does not depend on who reports first',
  'pvc-capacity-dropped': 'capacity is shown where all agree',
  'unhandled-kind-is-error': 'other kinds have the generic rule',
  'member-status-of-wrong-shape-is-error': 'one odd copy must not hide the others',
}

/** Conditions are compared by type and status: reasons and messages are our own. */
function comparable(value: unknown): unknown {
  const plain = withoutEmpty(value)
  if (!isJsonObject(plain) || !Array.isArray(plain['conditions'])) return plain
  const conditions = (plain['conditions'] as JsonObject[]).map(({ type, status }) => ({ type, status })).toSorted((a, b) => String(a.type).localeCompare(String(b.type)))
  return { ...plain, conditions }
}

/** The recorded statuses carry the generations that we keep beside them; "fixed" StatefulSets are to have reported what their members then would. */
function replay({ template, members, expectFixed }: Case): unknown {
  return comparable(aggregateStatus({ metadata: {}, ...template }, members.map(({ cluster, status }) => {
    const { generation, resourceTemplateGeneration, ...own } = (status ?? {}) as { generation?: number; resourceTemplateGeneration?: number }
    const reported = expectFixed && generation !== undefined ? { observedGeneration: generation, ...own } : own
    return { cluster, ...(status && { status: reported }), ...(generation !== undefined && { generation }), ...(resourceTemplateGeneration !== undefined && { templateGeneration: resourceTemplateGeneration }) }
  })))
}

test.each(cases.filter(({ name }) => !DIFFERENT[name]))('$name', (one) => { expect(replay(one)).toEqual(comparable(one.expectFixed ?? one.expect)) })

test('nothing has been seen of any target', () => {
  expect(aggregateStatus({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { generation: 4 } }, [{ cluster: 'member1' }])).toBeUndefined()
  expect(aggregateStatus({ apiVersion: 'v1', kind: 'Pod', metadata: { generation: 1 } }, [{ cluster: 'member1' }])).toEqual({ phase: 'Pending' })
})

test('a Job whose other share has not been seen yet is not over', () => {
  const done = { cluster: 'member1', status: { succeeded: 1, completionTime: '2026-01-01T00:00:00Z', conditions: [{ type: 'Complete', status: 'True' }] } }
  expect(aggregateStatus({ apiVersion: 'batch/v1', kind: 'Job', metadata: { generation: 1 } }, [done, { cluster: 'member2' }])).toEqual({ succeeded: 1 })
})

test('a target that came new has observed nothing, although all did before', () => {
  const template = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { generation: 4 }, status: { observedGeneration: 4 } }, caughtUp = { status: { observedGeneration: 7 }, generation: 7, templateGeneration: 4 }
  expect(aggregateStatus(template, [{ cluster: 'member1', ...caughtUp }])).toEqual({ observedGeneration: 4 })
  expect(aggregateStatus(template, [{ cluster: 'member1', ...caughtUp }, { cluster: 'member2' }])).toEqual({ observedGeneration: 3 })
  expect(aggregateStatus(template, [{ cluster: 'member1', ...caughtUp, templateGeneration: 3 }])).toEqual({ observedGeneration: 3 })
  expect(aggregateStatus(template, [{ cluster: 'member1', ...caughtUp, generation: 8 }])).toEqual({ observedGeneration: 3 })
})

test.each(Object.entries(DIFFERENT))('%s differs: %s', (name) => {
  const one = cases.find((one) => one.name === name)!
  expect(replay(one)).not.toEqual(comparable(one.expectFixed ?? one.expect ?? 'an error'))
})
