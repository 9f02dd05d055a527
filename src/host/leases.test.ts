import { randomUUID } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { ManualClock, settle } from '../../test/suites/manual-clock.ts'
import { leaseKind } from '../apis/coordination.k8s.io/v1/lease.ts'
import { silentLogger } from '../lib/logger.ts'
import { denyAll } from '../machinery/auth/authorizer.ts'
import { getJson } from '../machinery/client/json-client.ts'
import type { Handler } from '../machinery/meta/core.ts'
import { StatusError } from '../machinery/meta/status-error.ts'
import { createStoredResource } from '../machinery/registry/stored-resource.ts'
import { resourceHandler } from '../machinery/server/resource-handler.ts'
import { MemoryStorage } from '../machinery/storage/memory-storage.ts'
import { LeaseLeadership } from './leases.ts'
import type { Lease } from '../apis/coordination.k8s.io/v1/lease.ts'

const stop = new AbortController(), { signal } = stop, user = { name: 'server', groups: ['system:masters'], extra: {} }
const stops: AbortController[] = []
afterEach(() => { for (const one of stops.splice(0)) one.abort() })

function bed() {
  const clock = new ManualClock(), leases = createStoredResource(leaseKind, new MemoryStorage(), { clock: new ManualClock(), randomUuid: randomUUID, randomSuffix: () => 'x', logger: silentLogger }, signal)
  const serve = resourceHandler({ groups: () => [{ name: 'coordination.k8s.io', versions: [{ version: 'v1', resources: [leases] }] }] }, { clock, random: () => 0, authorizer: denyAll })
  const host: Handler = (request, inner) => serve({ ...request, user }, inner)
  const replica = (identity: string) => {
    const own = new AbortController(), state = { isCut: false, leads: 0, gate: Promise.resolve() }
    const leadership = new LeaseLeadership({ host: async (request, inner) => { await state.gate; if (state.isCut) throw StatusError.unavailable('cut'); return host(request, inner) }, namespace: 'ours', name: 'server', identity, clock, random: () => 0, logger: silentLogger })
    stops.push(own)
    leadership.onLead(() => { state.leads++ }, own.signal)
    const done = leadership.run(own.signal)
    return { state, leadership, end: () => { own.abort(); return done } }
  }
  /** What is waited for besides the clock are stored reads and writes. */
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 500) {
      await clock.advance(500)
      for (let turn = 0; turn < 50; turn++) await settle()
    }
  }
  return { clock, replica, pass, spec: async () => (await getJson<Lease>(host, '/apis/coordination.k8s.io/v1/namespaces/ours/leases/server', signal)).spec! }
}

test('the first leads, the second waits, and leads soon after the first gave the lease back', async () => {
  const { replica, pass, spec } = bed(), one = replica('one')
  await pass(1000)
  const two = replica('two')
  await pass(60_000)
  expect([one.leadership.isLeader, two.leadership.isLeader, one.state.leads, two.state.leads]).toEqual([true, false, 1, 0])
  expect(await spec()).toMatchObject({ holderIdentity: 'one', leaseDurationSeconds: 15, leaseTransitions: 0, renewTime: expect.stringMatching(/^2026-01-01T00:0\d:\d\d\.\d{6}Z$/) as string })
  await one.end()
  expect([one.leadership.isLeader, (await spec()).holderIdentity]).toEqual([false, ''])
  await pass(2500)
  expect([two.leadership.isLeader, two.state.leads, (await spec()).leaseTransitions]).toEqual([true, 1, 1])
})

test('who cannot renew stops before another begins', async () => {
  const { replica, pass } = bed(), one = replica('one')
  await pass(1000)
  const two = replica('two')
  await pass(4000)
  one.state.isCut = true
  let neither = 0
  for (let ms = 0; ms < 30_000 && !two.leadership.isLeader; ms += 500) {
    await pass(500)
    expect(one.leadership.isLeader && two.leadership.isLeader, 'never both').toBe(false)
    if (!one.leadership.isLeader && !two.leadership.isLeader) neither += 500
  }
  expect([one.leadership.isLeader, two.leadership.isLeader]).toEqual([false, true])
  expect(neither).toBeGreaterThan(2000)
  one.state.isCut = false
  await pass(10_000)
  expect([one.leadership.isLeader, two.leadership.isLeader], 'it does not take it back').toEqual([false, true])
})

test('who could not renew in time, and still found nobody else, begins to lead anew: meanwhile it did nothing', async () => {
  const { replica, pass } = bed(), one = replica('one'), { promise, resolve } = Promise.withResolvers<void>()
  await pass(1000)
  one.state.gate = promise
  await pass(9500)
  expect([one.leadership.isLeader, one.state.leads]).toEqual([false, 1])
  resolve()
  await pass(500)
  expect([one.leadership.isLeader, one.state.leads]).toEqual([true, 2])
})
