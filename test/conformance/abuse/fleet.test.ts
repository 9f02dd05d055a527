/** The share of the fleet endpoint: writes of Kubernetes' own kinds, which become templates, and of policies, while two members follow what is left of them. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { getJson, postJson } from '../../../src/machinery/client/json-client.ts'
import { Seeded } from '../../suites/seeded.ts'
import { FLEET, fleetBed, type FleetBed } from './fleet-bed.ts'
import { FEDERATED_KINDS, NATIVE_KINDS } from './hostile-native.ts'
import { hostileRun, MAX_MS, USUAL_SEED } from './hostile-run.ts'
import { inProcess } from './in-process.ts'

const COUNT = 3_500, CONFIG_MAPS = `${FLEET}/api/v1/namespaces/safe/configmaps`
const controller = new AbortController(), { signal } = controller, { seed } = new Seeded(Number(process.env['SEED'] ?? USUAL_SEED)), failures: unknown[] = []
let bed: FleetBed
beforeAll(async () => {
  console.log(`fleet: SEED=${seed}`)
  bed = await fleetBed({ debug: () => undefined, info: () => undefined, warn: () => undefined, error: (fields) => { failures.push(fields) } })
  for (const name of ['fuzz', 'safe']) await postJson(bed.trusted, '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }, signal)
})
afterAll(async () => { controller.abort(); await bed.close() })

test(`${COUNT} requests, and the fleet is what it was`, { timeout: 240_000 }, async () => {
  const kept = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kept', namespace: 'safe' }, data: { a: 'here' } }
  await postJson(bed.trusted, CONFIG_MAPS, kept, signal)
  expect(await hostileRun(inProcess(bed.handler, bed.certificate, MAX_MS), { seed, from: 0, count: COUNT, aim: { kinds: [...NATIVE_KINDS, ...FEDERATED_KINDS], root: FLEET } })).toEqual([])
  expect(failures).toEqual([])
  expect(await getJson(bed.trusted, `${CONFIG_MAPS}/kept`, signal)).toMatchObject(kept)
  // What comes after is distributed as ever.
  await postJson(bed.trusted, CONFIG_MAPS, { ...kept, metadata: { name: 'after', namespace: 'safe' } }, signal)
  await expect.poll(async () => (await getJson<{ metadata: { name: string } }>(bed.trusted, `${CONFIG_MAPS}/after`, signal)).metadata.name).toBe('after')
})

test.each([{ name: 1e3 }, { name: ['a'] }, { name: 'a', resourceVersion: 5 }, { name: 'a', namespace: {} }, { name: 'a', annotations: 'x' }, { name: 'a', annotations: { a: 1 } }, 'a', 1])('metadata %j is refused', async (metadata) => {
  const ask = inProcess(bed.handler, bed.certificate, MAX_MS), asked = { headers: [['content-type', 'application/merge-patch+json']] as const, body: Buffer.from(JSON.stringify({ metadata })) }, whole = { headers: [['content-type', 'application/json']] as const, body: asked.body }
  await ask({ method: 'POST', target: CONFIG_MAPS, headers: whole.headers, body: Buffer.from('{"metadata":{"name":"a"}}') })
  const answers = [await ask({ method: 'POST', target: CONFIG_MAPS, ...whole }), await ask({ method: 'PUT', target: `${CONFIG_MAPS}/a`, ...whole }), await ask({ method: 'PATCH', target: `${CONFIG_MAPS}/a`, ...asked })]
  expect(answers.map(({ status }) => status)).toEqual([400, 400, 400])
})
