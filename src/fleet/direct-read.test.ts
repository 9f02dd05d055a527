import { expect, test } from 'vitest'
import { SlabEntry } from '../machinery/cache/slab-entry.ts'
import { StatusError } from '../machinery/meta/status-error.ts'
import { MemoryStorage } from '../machinery/storage/memory-storage.ts'
import { identityBound } from './combine.ts'
import { directRead } from './direct-read.ts'
import { Epochs } from './epochs.ts'
import type { FleetMember } from './fleet-member.ts'
import type { UnionKind } from './union-kinds.ts'

const { signal } = new AbortController()
const kind: UnionKind = { group: '', version: 'v1', kind: 'Event', plural: 'events', singular: 'event', shortNames: [], categories: [], namespaced: true, verbs: [], subresources: [], preferred: true, clusters: ['', 'a', 'b'], otherVersions: [], identityBound: true }

/** `names` undefined: it does not answer. */
const member = (cluster: string, names: readonly string[] | undefined, asked: string[]): FleetMember => ({
  cluster, source: { id: cluster || 'host' }, kinds: [], isReporting: () => true, customKind: () => undefined, lease: () => { throw new Error('nothing is followed') }, handler: () => { throw new Error('not asked so') },
  read: ({ name }) => {
    asked.push(cluster || 'host')
    if (!names) return Promise.reject(StatusError.unavailable('no answer'))
    return Promise.resolve({ entries: names.filter((one) => name === undefined || one === name).map((one) => SlabEntry.of({ metadata: { namespace: 'shop', name: one, resourceVersion: '5' } })), position: '5', warnings: [] })
  },
})

async function read(name: string | undefined, held: Readonly<Record<string, readonly string[] | undefined>>) {
  const epochs = await Epochs.open(new MemoryStorage(), signal), asked: string[] = [], members = Object.entries(held).map(([cluster, names]) => member(cluster, names, asked))
  await epochs.use(members.map(({ source }) => source), signal)
  const page = await directRead({ kind, combine: identityBound('Event', undefined), members, epochs, query: { namespace: 'shop', ...(name !== undefined && { name }) } }, signal)
  return { asked, names: Array.from(page.entries, (entry) => entry.parse().metadata.name), warnings: page.warnings }
}

test.each<readonly [what: string, name: string | undefined, held: Readonly<Record<string, readonly string[] | undefined>>, expected: Awaited<ReturnType<typeof read>>]>([
  ['all are asked for a list', undefined, { '': ['t'], a: ['x'], b: ['x'] }, { asked: ['host', 'a', 'b'], names: ['t', 'x@a', 'x@b'], warnings: [] }],
  ['a name says whom to ask', 'x@b', { '': ['t'], a: ['x'], b: ['x'] }, { asked: ['b'], names: ['x@b'], warnings: [] }],
  ['without a cluster it is the host\'s', 't', { '': ['t'], a: ['t'], b: [] }, { asked: ['host'], names: ['t'], warnings: [] }],
  ['nobody is asked for what nobody can have', 'x', { a: ['x'], b: ['x'] }, { asked: [], names: [], warnings: [] }],
  ['a list goes without who does not answer', undefined, { '': undefined, a: ['x'], b: undefined }, { asked: ['host', 'a', 'b'], names: ['x@a'], warnings: ['the host cluster did not answer: no answer', 'cluster b did not answer: no answer'] }],
])('%s', async (_what, name, held, expected) => { expect(await read(name, held)).toEqual(expected) })

test.each(['x@b', 't'])('%s, whose cluster does not answer, is unknown, not absent', async (name) => {
  await expect(read(name, { '': undefined, a: ['x'], b: undefined })).rejects.toMatchObject({ reason: 'ServiceUnavailable' })
})

test('a list goes without who answers with what would spoil it', async () => {
  const epochs = await Epochs.open(new MemoryStorage(), signal), list = (name: string) => ({ kind: 'EventList', apiVersion: 'v1', metadata: { resourceVersion: '5' }, items: [{ metadata: { namespace: 'shop', name, resourceVersion: '5' } }] })
  const members = Object.entries({ a: 'x', b: '..' }).map(([cluster, name]): FleetMember => {
    const { read: _read, ...rest } = member(cluster, [], [])
    return { ...rest, handler: () => Promise.resolve({ status: 200, headers: [], body: Buffer.from(JSON.stringify(list(name))) }) }
  })
  await epochs.use(members.map(({ source }) => source), signal)
  const { entries, warnings } = await directRead({ kind, combine: identityBound('Event', undefined), members, epochs, query: { namespace: 'shop' } }, signal)
  expect([Array.from(entries, ({ key }) => key), warnings]).toEqual([['shop/x@a'], [expect.stringContaining('cluster b did not answer: ') as string]])
})
