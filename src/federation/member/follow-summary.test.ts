import { expect, test } from 'vitest'
import { ManualClock, settle } from '../../../test/suites/manual-clock.ts'
import { Turns } from '../../lib/turns.ts'
import type { Handler, Request, Response } from '../../machinery/meta/core.ts'
import { FollowedSummary } from './follow-summary.ts'
import { UnschedulablePods } from './unschedulable-pods.ts'

const json = (value: unknown, status = 200): Response => ({ status, headers: [], body: Buffer.from(JSON.stringify(value)) })
const pod = (name: string) => ({ metadata: { name, namespace: 'shop', resourceVersion: '1' }, spec: { nodeName: 'n', containers: [{ resources: { requests: { cpu: '1' } } }] }, status: { phase: 'Running' } })
const page = (names: readonly string[], more?: string) => json({ kind: 'PodList', metadata: { resourceVersion: '9', ...(more && { continue: more }) }, items: names.map(pod) })

/** A member without nodes whose pods are as `answer` says, until it is watched. */
function followed(answer: (query: URLSearchParams) => Response) {
  const asked: string[] = [], stop = new AbortController(), clock = new ManualClock(), silence = Promise.withResolvers<void>()
  const handler: Handler = ({ path, query }: Request) => {
    if (path === '/api/v1/nodes') return Promise.resolve(query.has('watch') ? json({}, 403) : json({ kind: 'NodeList', metadata: { resourceVersion: '9' }, items: [] }))
    asked.push(['limit', 'continue', 'watch', 'resourceVersion'].flatMap((name) => (query.has(name) ? [`${name}=${query.get(name)}`] : [])).join(' '))
    return Promise.resolve(query.has('watch') ? { status: 200, headers: [], body: (async function* () { yield Buffer.from(`${JSON.stringify({ type: 'ADDED', object: { ...pod('late'), metadata: { ...pod('late').metadata, resourceVersion: '10' } } })}\n`); await silence.promise })() } : answer(query))
  }
  const summary = new FollowedSummary({ handler, unschedulable: new UnschedulablePods(), turns: new Turns({ max: 1, patienceMs: 1000, clock }), onComplete: () => {}, clock, random: () => 0.5 }, stop.signal)
  return { asked, clock, allocated: () => summary.current?.resourceSummary([]).allocated, end: () => { stop.abort(); silence.resolve() } }
}

test('pods are counted a page at a time, then followed from where the pages stood', async () => {
  const { asked, allocated, end } = followed((query) => (query.has('continue') ? page(['c']) : page(['a', 'b'], 'more')))
  await settle()
  expect(asked).toEqual(['limit=500', 'limit=500 continue=more', 'watch=true resourceVersion=9'])
  expect(allocated()).toEqual({ cpu: '4', pods: '4' })
  end()
})

test('pages that are gone before the last are read anew, in one answer at last, and nothing counts twice', async () => {
  const gone = () => json({ kind: 'Status', status: 'Failure', reason: 'Expired', code: 410, message: 'gone' }, 410), { asked, clock, allocated, end } = followed((query) => (query.has('continue') ? gone() : query.has('limit') ? page(['a', 'b'], 'more') : page(['b', 'c', 'd'])))
  await settle()
  expect(allocated()).toBeUndefined()
  await clock.advance(60_000)
  await settle()
  expect(asked).toEqual(['limit=500', 'limit=500 continue=more', 'limit=500', 'limit=500 continue=more', '', 'watch=true resourceVersion=9'])
  expect(allocated()).toEqual({ cpu: '4', pods: '4' })
  end()
})
