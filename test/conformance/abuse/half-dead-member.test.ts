/** A member that answers some of what it is asked: what is known of it is shown, with its age; the other's data is as fresh as ever; and it heals by itself. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { silentLogger } from '../../../src/lib/logger.ts'
import { bytesOf } from '../../../src/machinery/client/failure.ts'
import { postJson } from '../../../src/machinery/client/json-client.ts'
import type { Handler, KubeObject } from '../../../src/machinery/meta/core.ts'
import { StatusError } from '../../../src/machinery/meta/status-error.ts'
import { FLEET, fleetBed, type FleetBed } from './fleet-bed.ts'

const ILL = 'member2', WELL = 'member1', CORE = '/api/v1/namespaces/default', { signal } = new AbortController(), members = new Map<string, Handler>()
/** By resource: how it is with its watches, and whether lists hang, too. */
const ills = new Map<string, 'watches are not answered' | 'watches connect and say nothing' | 'nothing is answered'>()

const disguise = (name: string, honest: Handler): Handler => {
  members.set(name, honest)
  return async (request, inner) => {
    const ill = name === ILL && request.method === 'GET' ? ills.get(request.path.split('/').at(-1)!) : undefined, isWatch = request.query.has('watch')
    if (ill === 'nothing is answered' || (ill === 'watches are not answered' && isWatch)) throw StatusError.unavailable(`${name}: no answer in time`)
    if (ill === undefined || !isWatch) return honest(request, inner)
    return { status: 200, headers: [], body: (async function* () { yield Buffer.alloc(0); await new Promise((resolve) => { inner.addEventListener('abort', resolve, { once: true }) }) })() }
  }
}

let bed: FleetBed
beforeAll(async () => { bed = await fleetBed(silentLogger, disguise) }, 60_000)
afterAll(async () => { await bed.close() })

const KINDS = { configmaps: ['v1', 'ConfigMap'], services: ['v1', 'Service'], limitranges: ['v1', 'LimitRange'] } as const
const create = (member: string, plural: keyof typeof KINDS, name: string) => postJson<KubeObject>(members.get(member)!, `${CORE}/${plural}`, { apiVersion: KINDS[plural][0], kind: KINDS[plural][1], metadata: { name, namespace: 'default' }, ...(plural === 'services' && { spec: { ports: [{ port: 80 }] } }), ...(plural === 'limitranges' && { spec: { limits: [] } }) }, signal)

/** The names in a list, and what it warns of; undefined while it is refused. */
async function list(plural: string): Promise<{ names: readonly string[]; warnings: readonly string[] } | undefined> {
  try {
    const response = await bed.trusted({ method: 'GET', path: `${FLEET}/by-cluster${CORE}/${plural}`, query: new URLSearchParams(), headers: [] }, signal)
    const { items } = JSON.parse(Buffer.from(await bytesOf(response)).toString()) as { items: KubeObject[] }
    return { names: items.map(({ metadata: { name } }) => name!), warnings: response.headers.flatMap(([name, value]) => (name === 'warning' ? [value] : [])) }
  } catch (error) {
    if (error instanceof StatusError && error.code === 503) return undefined
    throw error
  }
}
const showing = (wanted: readonly string[], warning: RegExp | undefined) => ({ names: expect.arrayContaining([...wanted]) as string[], warnings: warning ? [expect.stringMatching(warning) as string] : [] })
const PATIENCE = { timeout: 60_000, interval: 200 }

test.each<readonly [keyof typeof KINDS, Parameters<typeof ills.set>[1], readonly string[], RegExp | undefined]>([
  ['configmaps', 'watches are not answered', ['one@member1', 'one@member2'], /^299 - "cluster member2 unreachable for \d+s: \d+ objects may be stale"$/],
  // What connects is there; what it has is read anew whenever it has been silent for too long.
  ['services', 'watches connect and say nothing', ['one@member1', 'one@member2'], undefined],
  ['limitranges', 'nothing is answered', ['one@member1'], /^299 - "cluster member2 unreachable for \d+s: its objects are unknown"$/],
])('%s of a member of which %s', async (plural, ill, known, warning) => {
  for (const member of [WELL, ILL]) await create(member, plural, 'one')
  ills.set(plural, ill)
  await expect.poll(() => list(plural), PATIENCE).toMatchObject(showing(known, warning))
  // The other one is followed as ever.
  await create(WELL, plural, 'two')
  await expect.poll(() => list(plural), PATIENCE).toMatchObject(showing(['two@member1'], warning))
  ills.delete(plural)
  await create(ILL, plural, 'two')
  // It would be known after a minute and a half of silence.
  const healed = ill === 'watches connect and say nothing' ? known : ['one@member1', 'two@member1', 'one@member2', 'two@member2']
  await expect.poll(() => list(plural), PATIENCE).toMatchObject(showing(healed, undefined))
}, 150_000)
