/** Replays what Karmada's status aggregation answers for the same members, where its rule is ours. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { JsonObject } from '../../machinery/meta/json-value.ts'
import { isJsonObject } from '../../machinery/meta/json-value.ts'
import type { Copy } from './fold.ts'
import { foldStatus } from './fold.ts'

interface Case { name: string; template: { apiVersion: string; kind: string; metadata?: { generation?: number } }; members: { cluster: string; status: JsonObject | null }[]; expect?: JsonObject; expectFixed?: JsonObject }
const { cases } = JSON.parse(readFileSync(new URL('../../../test/cases/interpretation/aggregate.json', import.meta.url), 'utf8')) as { cases: Case[] }

const DIFFERENT: Readonly<Record<string, string>> = {
  'replicaset-no-members-generation-jumps': 'without copies there is nothing to fold',
  'daemonset-no-members-generation-jumps': 'without copies there is nothing to fold',
  'deployment-conditions-in-template-survive': 'conditions come from the copies alone',
  'deployment-member-conditions-dropped': 'conditions of the copies are joined',
  'deployment-three-members-sum': 'no copy reports observedGeneration, so there is none',
  'job-already-failed-is-frozen': 'folding has no memory: a finished Job that runs again somewhere is not finished',
  'job-start-time-needs-every-member': 'a Job started when its first share did, as in Federation v1',
  'cronjob-active-concatenated-in-member-order': 'copies are taken by name of the cluster',
  'pvc-capacity-dropped': 'capacity is shown where all agree',
  'unhandled-kind-is-error': 'other kinds have the generic rule',
  'member-status-of-wrong-shape-is-error': 'one odd copy must not hide the others',
}
const isIdentityBound = ({ template: { kind } }: Case) => kind === 'Pod' || kind === 'PersistentVolume'

/** Absent, null, 0, "", [] and {} are the same; conditions are compared by type and status, for reasons and messages are our own; a stale observedGeneration may be any lower one. */
function normalise(value: unknown, generation = Infinity): unknown {
  if (Array.isArray(value)) return value.length > 0 ? value.map((item) => normalise(item)) : undefined
  if (!isJsonObject(value)) return value === 0 || value === '' || value === null ? undefined : value
  if (typeof value['type'] === 'string' && typeof value['status'] === 'string') return { type: value['type'], status: value['status'] }
  const members = Object.entries(value).map(([key, member]) => [key, key === 'observedGeneration' && Number(member) < generation ? 'behind' : normalise(member)] as const).filter(([, member]) => member !== undefined)
  return members.length > 0 ? Object.fromEntries(members) : undefined
}

const sortConditions = (value: unknown) => { if (isJsonObject(value) && Array.isArray(value['conditions'])) (value['conditions'] as JsonObject[]).sort((a, b) => String(a['type']).localeCompare(String(b['type']))); return value }

function replay({ template: { apiVersion, kind, metadata = {} }, members }: Case): unknown {
  const templateGeneration = new Map<Copy, number>()
  const copies = members.map(({ cluster, status }): Copy => {
    const { generation, resourceTemplateGeneration = 0, ...own } = (status ?? {}) as { generation?: number; resourceTemplateGeneration?: number }
    const copy: Copy = { cluster, object: { metadata: { ...(generation !== undefined && { generation }) }, ...(status && { status: kind === 'StatefulSet' && generation !== undefined ? { observedGeneration: generation, ...own } : own }) } }
    templateGeneration.set(copy, resourceTemplateGeneration)
    return copy
  })
  const hasObserved = (copy: Copy, observed: number) => observed >= copy.object.metadata.generation! && templateGeneration.get(copy)! >= metadata.generation!
  return sortConditions(normalise(foldStatus({ group: apiVersion.includes('/') ? apiVersion.split('/')[0]! : '', kind }, copies, { generation: metadata.generation, hasObserved }), metadata.generation))
}

test.each(cases.filter((one) => !DIFFERENT[one.name] && !isIdentityBound(one)))('$name', (one) => {
  expect(replay(one)).toEqual(sortConditions(normalise(one.expectFixed ?? one.expect, one.template.metadata?.generation)))
})

test.each(Object.entries(DIFFERENT))('%s differs: %s', (name) => {
  const one = cases.find((one) => one.name === name)!
  expect(replay(one)).not.toEqual(sortConditions(normalise(one.expectFixed ?? one.expect ?? 'an error', one.template.metadata?.generation)))
})
