/**
 * With fleet.test.ts 20,000 requests that mean no good, from a seed: `SEED=… vitest run test/conformance/abuse` asks them again.
 * Whatever is asked: an answer that is the client's fault or a success, well formed, soon; what was stored elsewhere is untouched; nothing is kept.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Seeded } from '../../suites/seeded.ts'
import { type ServedKinds, serveFixtures } from '../served-kinds.ts'
import { hostileRequest } from './hostile-requests.ts'
import { hostileRun, MAX_MS, USUAL_SEED } from './hostile-run.ts'
import { inProcess } from './in-process.ts'
import { heldBytes } from './memory.ts'
import { overHttp1, overHttp2 } from './over-sockets.ts'

const WARM_UP = 2_000, IN_PROCESS = 15_200, HTTP1 = 300, HTTP2 = 1_000, MB = 1 << 20
const controller = new AbortController(), { seed } = new Seeded(Number(process.env['SEED'] ?? USUAL_SEED)), failures: unknown[] = []
const safe = '/apis/wardle.example.com/v1alpha1/namespaces/safe/flunders'
let bed: ServedKinds, stored: string

beforeAll(async () => {
  console.log(`fuzz: SEED=${seed}`)
  bed = await (await serveFixtures(controller.signal, { logger: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: (fields) => { failures.push(fields) } } }))(true)
  for (const namespace of ['fuzz', 'safe']) bed.host.makeNamespace(namespace)
  stored = (await bed.client.send({ method: 'POST', target: safe, headers: [['content-type', 'application/json']], body: Buffer.from('{"metadata":{"name":"kept"},"spec":{"reference":"here"}}') })).data.toString()
})
afterAll(async () => { await bed.close(); controller.abort() })

async function isStillRight(): Promise<void> {
  const found = await bed.client.send({ method: 'GET', target: `${safe}/kept`, headers: [] }), made = await bed.client.send({ method: 'POST', target: `${safe}?dryRun=All`, headers: [['content-type', 'application/json']], body: Buffer.from('{"metadata":{"name":"new"}}') })
  expect([found.status, JSON.parse(found.data.toString()), made.status]).toEqual([200, JSON.parse(stored), 201])
  expect(failures.splice(0)).toEqual([])
}

async function held(): Promise<number> {
  // History is kept on purpose; what is left without it should not grow.
  await bed.storage.compact(await bed.storage.revision(controller.signal), controller.signal)
  return heldBytes()
}

test(`${IN_PROCESS} requests without a socket`, { timeout: 240_000 }, async () => {
  const ask = inProcess(bed.handler, bed.credentials.cert, MAX_MS)
  expect(await hostileRun(ask, { seed, from: 0, count: WARM_UP })).toEqual([])
  const before = await held()
  expect(await hostileRun(ask, { seed, from: WARM_UP, count: IN_PROCESS - WARM_UP })).toEqual([])
  await isStillRight()
  expect((await held()) - before).toBeLessThan(48 * MB)
})

test.each([['HTTP/1.1', overHttp1, HTTP1, IN_PROCESS], ['HTTP/2', overHttp2, HTTP2, IN_PROCESS + HTTP1]] as const)('%s', { timeout: 240_000 }, async (_name, over, count, from) => {
  const { ask, close } = over(bed.port, bed.credentials, MAX_MS)
  try {
    expect(await hostileRun(ask, { seed, from, count })).toEqual([])
    await isStillRight()
  } finally { close() }
})

test('the same seed asks the same', () => {
  expect([hostileRequest(7, 12), hostileRequest(7, 12).target === hostileRequest(8, 12).target]).toEqual([hostileRequest(7, 12), false])
})
