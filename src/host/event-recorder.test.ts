import { randomUUID } from 'node:crypto'
import { afterEach, describe, expect, test } from 'vitest'
import { ManualClock, settle } from '../../test/suites/manual-clock.ts'
import { eventKind, type Event } from '../apis/core/v1/event.ts'
import type { Clock } from '../lib/clock.ts'
import { silentLogger, type Logger } from '../lib/logger.ts'
import { denyAll } from '../machinery/auth/authorizer.ts'
import { deleteJson, getJson } from '../machinery/client/json-client.ts'
import type { Handler } from '../machinery/meta/core.ts'
import { StatusError } from '../machinery/meta/status-error.ts'
import { createStoredResource } from '../machinery/registry/stored-resource.ts'
import { resourceHandler } from '../machinery/server/resource-handler.ts'
import { MemoryStorage } from '../machinery/storage/memory-storage.ts'
import { createSimulatedMember } from '../simulation/simulated-member.ts'
import { EventRecorder, eventName, type EventSubject } from './event-recorder.ts'
import { eventSink, type EventRepeat, type EventSink } from './event-sink.ts'
import type { Occurrence } from './event-correlator.ts'

let end = new AbortController()
afterEach(() => { end.abort(); end = new AbortController() })

const web: EventSubject = { reference: { apiVersion: 'types.federation/v1alpha1', kind: 'FederatedDeployment', namespace: 'default', name: 'web', uid: 'u1', resourceVersion: '7' } }
const shown: EventSubject = { reference: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'default', name: 'web', uid: 'u2' }, labels: { fleet: 'default' } }
const created: Occurrence = { type: 'Normal', reason: 'Created', message: 'cluster member1: created' }
const about = (name: string): EventSubject => ({ reference: { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name, uid: name } })

function start(sink: EventSink, clock: Clock, logger: Logger = silentLogger): EventRecorder {
  const recorder = new EventRecorder({ sink, instance: 'replica1', clock, random: () => 0, logger })
  void recorder.run(end.signal)
  return recorder
}

/** Our own core group, as a server without a host has it. */
function standalone(clock: Clock): Handler {
  const events = createStoredResource(eventKind, new MemoryStorage(), { clock, randomUuid: randomUUID, randomSuffix: () => 'x', logger: silentLogger }, end.signal)
  const serve = resourceHandler({ groups: () => [{ name: '', versions: [{ version: 'v1', resources: [events] }] }] }, { clock, random: () => 0, authorizer: denyAll })
  return (request, signal) => serve({ ...request, user: { name: 'server', groups: ['system:masters'], extra: {} } }, signal)
}

const HOSTS: readonly (readonly [name: string, host: (clock: Clock) => Promise<Handler>])[] = [
  ['our own core group', (clock) => Promise.resolve(standalone(clock))],
  ['a Kubernetes cluster', async (clock) => (await createSimulatedMember({ name: 'host', nodes: 0, clock, seed: 'events', logger: silentLogger }, end.signal)).handler],
]

describe.each(HOSTS)('written to %s', (_name, hostOf) => {
  const list = async (host: Handler) => (await getJson<{ items: Event[] }>(host, '/api/v1/namespaces/default/events', end.signal)).items.filter(({ source }) => source?.component === 'federation')

  test('one story has two faces, and repeats are counted in both', async () => {
    const clock = new ManualClock(), host = await hostOf(clock), recorder = start(eventSink(host), clock)
    recorder.record([web, shown], created)
    await expect.poll(() => list(host)).toHaveLength(2)
    const [first, second] = await list(host)
    const same = {
      type: 'Normal', reason: 'Created', message: 'cluster member1: created', count: 1, firstTimestamp: '2026-01-01T00:00:00Z', lastTimestamp: '2026-01-01T00:00:00Z',
      source: { component: 'federation' }, reportingComponent: 'federation', reportingInstance: 'replica1',
    }
    expect(first).toMatchObject({ ...same, metadata: { name: 'web.18867251edfa0000', namespace: 'default' }, involvedObject: web.reference })
    expect(second).toMatchObject({ ...same, metadata: { name: 'web.18867251edfa0001', namespace: 'default', labels: { fleet: 'default' } }, involvedObject: shown.reference })
    expect(first!.metadata.labels).toBeUndefined()

    await clock.advance(90_000)
    recorder.record([web, shown], created)
    await expect.poll(async () => (await list(host)).map(({ count }) => count)).toEqual([2, 2])
    expect((await list(host))[0]).toMatchObject({ ...same, count: 2, lastTimestamp: '2026-01-01T00:01:30Z', metadata: { name: first!.metadata.name, uid: first!.metadata.uid } })
  })

  test('an Event that has run out is written again, with all it counted', async () => {
    const clock = new ManualClock(), host = await hostOf(clock), recorder = start(eventSink(host), clock)
    recorder.record([web], created)
    await expect.poll(() => list(host)).toHaveLength(1)
    const [{ metadata }] = await list(host) as [Event]
    await deleteJson(host, `/api/v1/namespaces/default/events/${metadata.name}`, {}, end.signal)
    recorder.record([web], created)
    await expect.poll(() => list(host)).toMatchObject([{ metadata: { name: metadata.name }, count: 2 }])
  })

  test('what is cluster-scoped is told in default', async () => {
    const clock = new ManualClock(), host = await hostOf(clock)
    start(eventSink(host), clock).record([{ reference: { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', name: 'acme:View', uid: 'r' } }], created)
    await expect.poll(() => list(host)).toMatchObject([{ metadata: { name: 'acme-view.18867251edfa0000', namespace: 'default' }, involvedObject: { name: 'acme:View' } }])
  })
})

/** Fails as told, in the order told, then succeeds. */
class Scripted implements EventSink {
  readonly calls: string[] = []
  readonly failures: unknown[]
  constructor(...failures: unknown[]) { this.failures = failures }
  create({ metadata, count }: Event): Promise<void> { return this.#call(`create ${metadata.name?.split('.')[0]} ×${count}`) }
  repeat({ name, count }: EventRepeat): Promise<void> { return this.#call(`repeat ${name.split('.')[0]} ×${count}`) }
  #call(text: string): Promise<void> {
    this.calls.push(text)
    const failure = this.failures.shift()
    return failure === undefined ? Promise.resolve() : Promise.reject(failure)
  }
}

const silent = () => StatusError.unavailable('connection refused'), EVENTS = { group: '', resource: 'events' }
const terminating = () => new StatusError('Forbidden', 'the namespace is being terminated', { details: { causes: [{ reason: 'NamespaceTerminating', field: 'metadata.namespace' }] } })
const forbidden = () => StatusError.forbidden(EVENTS, '', 'no'), exists = () => StatusError.alreadyExists(EVENTS, 'web.1'), gone = () => StatusError.notFound({ group: '', resource: 'namespaces' }, 'shop')

function warnings() {
  const lines: object[] = []
  return { lines, logger: { ...silentLogger, warn: (fields: object) => { lines.push(fields) } } }
}

test.each<readonly [what: string, failures: readonly unknown[], calls: readonly string[], dropped: number]>([
  ['a server that does not answer is asked again', [silent(), silent()], ['create a ×1', 'create b ×1', 'create a ×1', 'create b ×1'], 0],
  ['so is one that fails in another way', [new Error('socket hang up')], ['create a ×1', 'create b ×1', 'create a ×1'], 0],
  ['so is one that has too much to do', [new StatusError('TooManyRequests', 'later')], ['create a ×1', 'create b ×1', 'create a ×1'], 0],
  ['five times', Array.from({ length: 10 }, silent), Array.from({ length: 10 }, (_, i) => `create ${i % 2 ? 'b' : 'a'} ×1`), 1],
  ['a refusal is final', [forbidden()], ['create a ×1', 'create b ×1'], 1],
  ['a namespace that is going is no news', [terminating()], ['create a ×1', 'create b ×1'], 0],
  ['nor is one that is gone', [gone()], ['create a ×1', 'create b ×1'], 0],
  ['an attempt that succeeded unseen is not made twice', [silent(), undefined, exists()], ['create a ×1', 'create b ×1', 'create a ×1', 'repeat a ×1'], 0],
])('%s', async (_what, failures, calls, dropped) => {
  const clock = new ManualClock(), sink = new Scripted(...failures), { lines, logger } = warnings(), recorder = start(sink, clock, logger)
  recorder.record([about('a')], created)
  recorder.record([about('b')], created)
  await clock.advance(10 * 60_000)
  expect(sink.calls).toEqual(calls)
  expect(lines).toHaveLength(dropped)
})

test('one face refused leaves the other', async () => {
  const clock = new ManualClock(), sink = new Scripted(terminating())
  start(sink, clock).record([about('a'), about('b')], created)
  await clock.advance(0)
  expect(sink.calls).toEqual(['create a ×1', 'create b ×1'])
})

test('it waits longer from failure to failure, and not at all after a success', async () => {
  const clock = new ManualClock(), sink = new Scripted(silent(), silent(), silent()), recorder = start(sink, clock), seen: number[] = []
  recorder.record([about('a')], created)
  for (let second = 0; second <= 8; second++) { await clock.advance(second === 0 ? 0 : 1000); seen.push(sink.calls.length) }
  expect(seen, 'after 1, 2 and 4 s').toEqual([1, 2, 2, 3, 3, 3, 3, 4, 4])
  sink.failures.push(silent())
  recorder.record([about('b')], created)
  await clock.advance(1000)
  expect(sink.calls.slice(4)).toEqual(['create b ×1', 'create b ×1'])
})

test('what is said while the server is slow is told once, with its count', async () => {
  const clock = new ManualClock(), calls: string[] = []
  let answer = Promise.withResolvers<void>()
  const slow: EventSink = { create: ({ count }) => { calls.push(`create ×${count}`); return answer.promise }, repeat: ({ count, lastTimestamp }) => { calls.push(`repeat ×${count} at ${lastTimestamp}`); return Promise.resolve() } }
  const recorder = start(slow, clock)
  recorder.record([web], created)
  await settle()
  for (let i = 0; i < 5; i++) { await clock.advance(1000); recorder.record([web], created) }
  expect(calls).toEqual(['create ×1'])
  answer.resolve()
  answer = Promise.withResolvers()
  await settle()
  expect(calls).toEqual(['create ×1', 'repeat ×6 at 2026-01-01T00:00:05Z'])
})

test('the caller is never held up; what does not fit is counted, and told once a minute', async () => {
  const clock = new ManualClock(), { lines, logger } = warnings(), hanging: EventSink = { create: () => new Promise(() => undefined), repeat: () => new Promise(() => undefined) }
  const recorder = start(hanging, clock, logger)
  recorder.record([about('first')], created)
  await settle()
  for (let i = 0; i < 5500; i++) recorder.record([about(`c${i}`)], created)
  expect(lines, 'at the first').toEqual([{ dropped: 1, cause: 'too many wait to be written' }])
  recorder.record([about('c4000')], created)
  await clock.advance(60_000)
  recorder.record([about('one more')], created)
  expect(recorder.dropped).toBe(501)
  expect(lines.slice(1), 'the other 499 and the new one; a repeat of what waits takes no room').toEqual([{ dropped: 500, cause: 'too many wait to be written' }])
})

test.each([
  ['web', 'web.18867251edfa0003'], ['kube.proxy', 'kube.proxy.18867251edfa0003'], ['system:node:A', 'system-node-a.18867251edfa0003'], ['x-.-y', 'x.y.18867251edfa0003'], [':', '18867251edfa0003'],
  ['a'.repeat(253), `${'a'.repeat(236)}.18867251edfa0003`],
])('Events about %s are named %s', (name, expected) => { expect(eventName(name, Date.UTC(2026, 0, 1), 3)).toBe(expected) })

test('a crowd of Events is written by and by', async () => {
  const clock = new ManualClock(), sink = new Scripted(), recorder = start(sink, clock)
  for (let i = 0; i < 200; i++) recorder.record([about(`c${i}`)], created)
  await clock.advance(0)
  expect(sink.calls, 'the first hundred at once').toHaveLength(100)
  for (let i = 0; i < 20; i++) await clock.advance(50)
  expect(sink.calls, 'then twenty a second').toHaveLength(120)
  for (let i = 0; i < 80; i++) await clock.advance(50)
  expect([sink.calls.length, recorder.dropped]).toEqual([200, 0])
})

test('a long message is cut to what events.k8s.io allows', async () => {
  const clock = new ManualClock(), messages: string[] = []
  const sink: EventSink = { create: ({ message }) => { messages.push(message!); return Promise.resolve() }, repeat: () => Promise.resolve() }, recorder = start(sink, clock)
  for (let i = 0; i < 10; i++) recorder.record([web], { ...created, message: `${i}${'x'.repeat(2000)}` })
  await clock.advance(0)
  expect(messages.map(({ length }) => length <= 1024)).toEqual(Array.from({ length: 10 }, () => true))
  expect([messages[0]!.at(-1), messages[9]!.slice(0, 34)]).toEqual(['…', '(combined from similar events): 9x'])
})
