import { describe, expect, test } from 'vitest'
import { Client, kind, Member, settle, stateOf, summed, viewOf } from '../../test/suites/merged-view-bed.ts'
import { systemClock } from '../lib/clock.ts'
import { Cache } from '../machinery/cache/cache.ts'
import { MemoryStorage } from '../machinery/storage/memory-storage.ts'
import { SlabEntry } from '../machinery/cache/slab-entry.ts'
import { identityBound } from './combine.ts'
import { Epochs } from './epochs.ts'
import { MergedView } from './merged-view.ts'
import { positionAfter } from './written-position.ts'

const { signal } = new AbortController()

describe('a watch from the version that a write answered, which knows nothing of members', () => {
  /** The store has a history that is older than the views, the members' begins with them. */
  const written = async () => {
    const epochs = await Epochs.open(new MemoryStorage(), signal), store = new Member('#store').start(), [a, b] = [new Member('a').start('web', 'a-own'), new Member('b').start('web')], sources = [store, a, b]
    await epochs.use(sources, signal)
    store.put('other', 0)
    store.put('web', 1)
    const position = positionAfter(epochs, { source: store.id, version: store.version }, []), client = new Client()
    client.position = position
    client.store.set('shop/web', '{"#store":1}')
    return { epochs, store, a, b, sources, client, position }
  }
  const from = async (view: MergedView, position: string) => { for await (const batch of view.watch({ at: { position, match: 'notOlder' } }, signal)) return batch; return [] }

  test('is told all that the store had after it, one by one, and the state of members', async () => {
    const { epochs, store, sources, client } = await written()
    store.put('web', 2)
    const second = positionAfter(epochs, { source: store.id, version: store.version }, [])
    store.put('gone', 0)
    store.remove('gone')
    store.put('late', 0)
    const view = await viewOf(epochs, sources, summed), batch = await from(view, client.position)
    expect(batch.map((change) => (change.type === 'BOOKMARK' ? change.type : `${change.type} ${change.entry.key}`))).toEqual(['MODIFIED shop/web', 'ADDED shop/gone', 'DELETED shop/gone', 'ADDED shop/late', 'ADDED shop/a-own', 'BOOKMARK'])
    expect(batch[0]!.position, 'as the write that made it answered').toBe(second)
    client.take(batch)
    // What was there before the write is told to nobody who did not ask for it.
    const { ['shop/other']: _, ...state } = stateOf(view)
    expect(Object.fromEntries(client.store)).toEqual(state)
  })

  test('goes on from wherever it is cut, on another replica', async () => {
    const { epochs, store, a, sources, client } = await written()
    store.put('web', 2)
    store.put('gone', 0)
    store.remove('gone')
    const view = await viewOf(epochs, sources, summed), other = await viewOf(epochs, sources, summed)
    a.put('late', 5)
    a.remove('a-own')
    await settle()
    const batch = await from(view, client.position)
    for (let cut = 0; cut <= batch.length; cut++) {
      const again = new Client()
      again.store.set('shop/web', '{"#store":1}')
      again.position = client.position
      again.take(batch.slice(0, cut))
      if (cut < batch.length) again.take(await from(other, again.position))
      const { ['shop/other']: _, ...state } = stateOf(other)
      expect(Object.fromEntries(again.store), `cut at ${cut}`).toEqual(state)
    }
  })

  test('is refused where the store has forgotten what came after it', async () => {
    const { epochs, store, sources, client } = await written()
    store.put('web', 2)
    const young = new Cache(kind)
    young.accept([{ type: 'BOOKMARK', position: String(store.version), initial: true }])
    const view = new MergedView({ kind, combine: summed, epochs, clock: systemClock, onError: (error) => { throw error } })
    view.use(epochs.current, sources.map((source) => (source === store ? { cluster: store.cluster, id: store.id, cache: young, state: store.state } : source)))
    await settle()
    await expect(from(view, client.position)).rejects.toMatchObject({ reason: 'Expired' })
  })
})

describe('a watch from the version that a write to one member answered, while nobody read the kind', () => {
  /** Both members' caches begin with the view; the first one's server knows more. */
  const bed = async () => {
    const epochs = await Epochs.open(new MemoryStorage(), signal), [a, b] = [new Member('a').start('web'), new Member('b').start('own')], reached: string[] = []
    await epochs.use([a, b], signal)
    const old = (name: string, version: number) => SlabEntry.of({ metadata: { namespace: 'shop', name, resourceVersion: String(version) }, value: version })
    const view = new MergedView({ kind, combine: identityBound(kind.kind, undefined), epochs, clock: systemClock, onError: (error) => { throw error } })
    const reachBack = (position: string) => { reached.push(position); a.cache.prepend(position, [{ type: 'MODIFIED', entry: old('web', 95), previous: old('web', 90), position: '95' }, { type: 'ADDED', entry: old('gone', 97), position: '97' }, { type: 'DELETED', entry: old('gone', 97), previous: old('gone', 97), position: '98' }]); return Promise.resolve() }
    view.use(epochs.current, [{ cluster: a.cluster, id: a.id, cache: a.cache, state: a.state, reachBack }, b])
    await settle()
    const from = async (position: string) => { for await (const batch of view.watch({ at: { position, match: 'notOlder' } }, signal)) return batch.map((change) => (change.type === 'BOOKMARK' ? change.type : `${change.type} ${change.entry.key}`)); return [] }
    return { epochs, a, b, reached, from, after: (source: Member, version: number) => positionAfter(epochs, { source: source.id, version }, []) }
  }

  test('is told what came after it in that member, one by one, and the state of the others', async () => {
    const { a, from, reached, after } = await bed()
    expect(await from(after(a, 90))).toEqual(['MODIFIED shop/web@a', 'ADDED shop/gone@a', 'DELETED shop/gone@a', 'ADDED shop/own@b', 'BOOKMARK'])
    expect(await from(after(a, 97)), 'known by now').toEqual(['DELETED shop/gone@a', 'ADDED shop/own@b', 'BOOKMARK'])
    expect(reached).toEqual(['90'])
  })

  test('is refused where the member cannot say', async () => {
    const { b, from, after } = await bed()
    await expect(from(after(b, 90))).rejects.toMatchObject({ reason: 'Expired' })
  })
})
