/** Random histories of members and replicas, and clients that hop between these. */
import { expect, test, vi } from 'vitest'
import { Client, kind, Member, settle, stateOf, summed, tick } from '../../test/suites/merged-view-bed.ts'
import { systemClock } from '../lib/clock.ts'
import { silentLogger } from '../lib/logger.ts'
import { Cache } from '../machinery/cache/cache.ts'
import type { Batch } from '../machinery/meta/core.ts'
import { MemoryStorage } from '../machinery/storage/memory-storage.ts'
import { Epochs } from './epochs.ts'
import { MergedView } from './merged-view.ts'
import type { SourceState } from './view-source.ts'

const { signal } = new AbortController()

/** A ledger that was begun before there was a narrow form. */
async function wideLedger(): Promise<MemoryStorage> {
  const storage = new MemoryStorage()
  await storage.commit('/federation/epochs', Buffer.from(JSON.stringify({ epochs: [{ number: 2, slots: [], active: [], minimumDigits: 0 }], replicas: 0 })), 0, signal)
  return storage
}

const histories = ['narrow', 'wide'].flatMap((form) => Array.from({ length: 60 }, (_, i) => [form, i + 1] as const))
test.each(histories)('random histories, clients hopping between replicas: nothing lost or repeated, positions only grow (%s, seed %i)', async (form, seed) => {
  let state = seed * 7919
  const random = (below: number) => { state = (state * 1103515245 + 12345) % 2147483648; return Math.floor((state / 2147483648) * below) }
  const epochs = await Epochs.open(form === 'narrow' ? new MemoryStorage() : await wideLedger(), signal), members = ['a', 'b', 'c'].map((cluster) => new Member(cluster).start('web', `${cluster}-own`)), end = form === 'narrow' ? 10 ** 6 : 10 ** 12
  const stop = new AbortController(), following = epochs.follow({ clock: systemClock, logger: silentLogger }, stop.signal)
  let joined = members.slice(0, 2)
  // Five slots: as narrow as components get.
  const silent = [{ id: 'x' }, { id: 'y' }]
  await epochs.use([...joined, ...silent], signal)
  // Two replicas: each has caches of its own, fed from the same members but at its own pace; each can start anew, and hears of a new epoch in its own time.
  const mirrorOf = (member: Member) => ({ times: epochs.timesSetBack(member.id), cluster: member.cluster, id: member.id, cache: new Cache(kind), state: (): SourceState => ({ state: 'synced' }), cursor: member.cache.watch({ initial: true }, signal)[Symbol.asyncIterator]() })
  const start = () => {
    const mirrors = new Map(members.map((member) => [member.cluster, mirrorOf(member)]))
    return { view: new MergedView({ kind, combine: summed, epochs, clock: systemClock, onError: (error) => { throw error } }), mirrors }
  }
  const replicas = [start(), start()]
  const pump = async (replica: (typeof replicas)[number], everything: boolean) => {
    for (const mirror of replica.mirrors.values()) {
      for (let goes = everything || random(2) === 0; goes; goes = everything || random(2) === 0) {
        const next = await Promise.race([(mirror as { pending?: Promise<IteratorResult<Batch>> }).pending ??= mirror.cursor.next(), tick().then(() => undefined)])
        if (!next) break
        delete (mirror as { pending?: unknown }).pending
        mirror.cache.accept(next.value as Batch)
      }
    }
    await settle()
  }
  const use = ({ view, mirrors }: (typeof replicas)[number]) => {
    for (const member of members) if (mirrors.get(member.cluster)!.times < epochs.timesSetBack(member.id)) mirrors.set(member.cluster, mirrorOf(member))
    view.use(epochs.current, joined.map(({ cluster }) => mirrors.get(cluster)!))
  }
  // What has outgrown its component waits for the next epoch.
  const catchUp = async (replica: (typeof replicas)[number]) => { for (let i = 0; i < 12; i++) { use(replica); await pump(replica, true) } }
  for (const replica of replicas) await catchUp(replica)
  await settle()
  const clients = [new Client(), new Client(), new Client()], backups = new Map<string, ReturnType<Member['backup']>>()
  for (const client of clients) await client.list(replicas[0]!.view)
  for (let step = 0; step < 40; step++) {
    const member = members[random(3)]!, name = ['web', 'db', `${member.cluster}-own`][random(3)]!
    if (random(6) === 0) member.version += Math.floor(end * (random(12) / 10))
    if (random(4) === 0) member.remove(name)
    else member.put(name, step)
    if (random(12) === 0) {
      joined = members.filter(({ cluster }) => cluster === 'a' || random(2) === 0)
      await epochs.use([...joined, ...silent], signal)
    }
    if (random(3) === 0) use(replicas[random(2)]!)
    if (random(25) === 0) {
      const at = random(2)
      replicas[at]!.view.stop()
      replicas[at] = start()
      await catchUp(replicas[at])
    }
    if (random(12) === 0) backups.set(member.cluster, member.backup())
    const backup = backups.get(member.cluster)
    if (backup && random(15) === 0 && epochs.current.slots.some(({ source }) => source === member.id)) {
      const at = members.indexOf(member), restored = members[at] = Member.restored(member, backup), times = epochs.timesSetBack(member.id)
      joined = joined.map((one) => (one === member ? restored : one))
      epochs.setBack(member.id, backup.version, times)
      await vi.waitUntil(() => epochs.timesSetBack(member.id) === times + 1)
    }
    // A cache was dropped, as when a member was refused for a while.
    if (random(12) === 0) {
      const replica = replicas[random(2)]!
      replica.mirrors.set(member.cluster, mirrorOf(members.find(({ cluster }) => cluster === member.cluster)!))
      use(replica)
    }
    if (random(2) === 0) await pump(replicas[random(2)]!, false)
    if (random(3) === 0) {
      const client = clients[random(3)]!, replica = replicas[random(2)]!
      if (!replica.view.includes(client.position)) await catchUp(replica)
      await client.follow(replica.view, 1 + random(3))
    }
  }
  for (const replica of replicas) await catchUp(replica)
  for (const [i, client] of clients.entries()) await client.follow(replicas[i % 2]!.view, 100)
  const truth = Object.fromEntries(['web', 'db', 'a-own', 'b-own', 'c-own'].map((name) => [`shop/${name}`, joined.flatMap(({ cluster, cache }) => { const entry = cache.get(`shop/${name}`); return entry ? [[cluster, entry.parse()['value']]] : [] })] as const).filter(([, copies]) => copies.length > 0).map(([key, copies]) => [key, JSON.stringify(Object.fromEntries(copies))]))
  for (const { view } of replicas) expect(stateOf(view)).toEqual(truth)
  for (const client of clients) expect([Object.fromEntries(client.store), client.repeated(epochs)]).toEqual([truth, []])
  stop.abort()
  await following
})
