/** Much of everything in the store and its cache: large values, many watchers, many pages. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../../src/lib/clock.ts'
import type { Request } from '../../../src/machinery/meta/core.ts'
import { type ServedKinds, serveFixtures } from '../served-kinds.ts'
import { inProcess } from './in-process.ts'
import { heldBytes } from './memory.ts'

const GADGETS = '/apis/conformance.example.com/v1/gadgets', JSON_TYPE = [['content-type', 'application/json']] as const, MB = 1 << 20
const controller = new AbortController()
let bed: ServedKinds, ask: ReturnType<typeof inProcess>
beforeAll(async () => {
  bed = await (await serveFixtures(controller.signal))()
  ask = inProcess(bed.handler, bed.credentials.cert, 60_000)
})
afterAll(async () => { await bed.close(); controller.abort() })

const create = (name: string, note = '') => ask({ method: 'POST', target: GADGETS, headers: JSON_TYPE, body: Buffer.from(JSON.stringify({ metadata: { name }, spec: { color: note } })) })
const json = async (target: string) => JSON.parse((await ask({ method: 'GET', target, headers: [] })).data.toString()) as { items: { metadata: { name: string } }[]; metadata: { continue?: string; name?: string }; spec?: { color: string } }

test('a value near 1.5 MB is stored and read back; one beyond is refused', async () => {
  const near = 'n'.repeat(1.5 * MB - 2_000)
  expect((await create('near', near)).status).toBe(201)
  expect((await json(`${GADGETS}/near`)).spec?.color === near).toBe(true)
  const beyond = await create('beyond', 'n'.repeat(1.5 * MB + 2_000))
  expect([beyond.status, beyond.data.toString()]).toEqual([500, expect.stringContaining('etcdserver: request is too large')])
  expect((await ask({ method: 'DELETE', target: `${GADGETS}/near`, headers: [] })).status).toBe(200)
})

test('5,000 watchers opened and dropped leave nothing behind', async () => {
  let watched = 0
  const round = async () => {
    const stop = new AbortController(), request: Request = { method: 'GET', path: GADGETS, query: new URLSearchParams('watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan'), headers: [], peer: ask.peer }
    const opened = await Promise.all(Array.from({ length: 5_000 }, async () => { const { status, body } = await bed.handler(request, stop.signal); return { status, events: (body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]() } }))
    expect(opened.filter(({ status }) => status !== 200)).toEqual([])
    const first = opened.map(async ({ events }) => { const { value } = await events.next(); return Buffer.from(value as Uint8Array).toString() })
    // The last of them may have begun after the first of these.
    const lines = Promise.all(first)
    for (let isTold = false; !isTold;) {
      await create(`w${watched++}`)
      isTold = await Promise.race([lines.then(() => true), systemClock.sleep(100, controller.signal).then(() => false)])
    }
    expect((await lines).filter((line) => !/"type":"ADDED".*"name":"w\d+"/.test(line))).toEqual([])
    stop.abort()
    await Promise.all(opened.map(({ events }) => events.return!()))
  }
  await round()
  const before = await heldBytes()
  await round()
  expect((await heldBytes()) - before).toBeLessThan(6 * MB)
})

test('10,000 objects page by page, one at a time: each once, in order, at one state', async () => {
  for (let from = 0; from < 10_000; from += 200) await Promise.all(Array.from({ length: 200 }, (_, i) => create(`p${String(from + i).padStart(5, '0')}`)))
  const names: string[] = []
  for (let token: string | undefined = ''; token !== undefined;) {
    const page = await json(`${GADGETS}?limit=1&continue=${token}`)
    names.push(...page.items.map(({ metadata }) => metadata.name))
    token = page.metadata.continue
  }
  const ours = names.filter((name) => name.startsWith('p'))
  expect([ours.length, new Set(ours).size, ours.toSorted().every((name, i) => name === ours[i])]).toEqual([10_000, 10_000, true])
})
