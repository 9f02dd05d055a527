import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Handler } from '../../machinery/meta/core.ts'
import { nextHealth, probe, type ConditionStatus, type Health, type Observation } from './health.ts'

const observation = (status: ConditionStatus): Observation => ({ status, reason: status === 'True' ? 'ClusterReady' : 'ClusterNotReady', message: '' })
interface Case { name: string; op: string; successSeconds: number; failureSeconds: number; last: { status: ConditionStatus; sinceSeconds: number | null } | null; current: ConditionStatus | null; observed: ConditionStatus; expect: ConditionStatus }
const { cases } = JSON.parse(readFileSync(new URL('../../../test/cases/scheduling/health-thresholds.json', import.meta.url), 'utf8')) as { cases: Case[] }

describe('a change counts once it has been steady', () => {
  test.each(cases.filter(({ op }) => op === 'steady'))('$name', ({ last, current, observed, successSeconds, failureSeconds, expect: wanted }) => {
    const now = 1_000_000_000, previous: Health | undefined = last && current ? { counted: observation(current), observed: last.status, since: last.sinceSeconds === null ? 0 : now - last.sinceSeconds * 1000 } : undefined
    expect(nextHealth(previous, observation(observed), now, { successMs: successSeconds * 1000, failureMs: failureSeconds * 1000 }).counted.status).toBe(wanted)
  })

  test('a member that flaps stays what it was, and one answer between restarts the clock', () => {
    const thresholds = { successMs: 30_000, failureMs: 30_000 }, seen: string[] = []
    let health: Health | undefined
    for (const [at, status] of [[0, 'True'], [10, 'False'], [20, 'False'], [30, 'True'], [40, 'False'], [50, 'False'], [60, 'False'], [70, 'False'], [80, 'True']] as const) {
      health = nextHealth(health, observation(status), at * 1000, thresholds)
      seen.push(health.counted.status)
    }
    expect(seen).toEqual(['True', 'True', 'True', 'True', 'True', 'True', 'True', 'False', 'False'])
  })
})

describe('a probe', () => {
  const signal = new AbortController().signal
  const answering = (answers: Record<string, [number, string]>): Handler => ({ path }) => Promise.resolve({ status: answers[path]?.[0] ?? 404, headers: [], body: Buffer.from(answers[path]?.[1] ?? '') })
  test.each([
    ['ready', { '/readyz': [200, 'ok'] }, 'True', 'ClusterReady', /healthy/],
    ['an old server', { '/healthz': [200, 'ok'] }, 'True', 'ClusterReady', /healthy/],
    ['starting', { '/readyz': [500, '[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed'] }, 'False', 'ClusterNotReady', /answered 500: \[-\]etcd failed/],
    ['an expired token', { '/readyz': [401, ''] }, 'False', 'ClusterNotReady', /renew the token/],
    ['another kind of server', {}, 'False', 'ClusterNotReady', /Kubernetes API server/],
  ] as [string, Record<string, [number, string]>, string, string, RegExp][])('%s', async (_name, answers, status, reason, message) => {
    const seen = await probe(answering(answers), 1000, signal)
    expect([seen.status, seen.reason]).toEqual([status, reason])
    expect(seen.message).toMatch(message)
  })

  test('one that hangs', async () => {
    const hanging: Handler = (_, stop) => new Promise((_resolve, reject) => { stop.addEventListener('abort', () => reject(stop.reason as Error)) })
    expect(await probe(hanging, 20, signal)).toMatchObject({ reason: 'ClusterNotReachable', message: expect.stringContaining('no answer within 0.02 s') as string })
  })
})
