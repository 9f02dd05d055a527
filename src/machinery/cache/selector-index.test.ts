import { expect, test } from 'vitest'
import { Seeded } from '../../../test/suites/seeded.ts'
import { testKind } from '../../../test/suites/test-kind.ts'
import type { Change, Kind, KubeObject } from '../meta/core.ts'
import { compileSelector } from '../meta/selector.ts'
import { Cache } from './cache.ts'
import { SlabEntry } from './slab-entry.ts'

const { signal } = new AbortController(), kind: Kind = { ...testKind(), fields: { 'spec.node': ({ spec }: KubeObject) => (spec as { node?: string } | undefined)?.node ?? '' } }
const object = (i: number, version: number, labels: Record<string, string>, node?: string) => SlabEntry.of({ metadata: { namespace: `n${i % 3}`, name: `o${i}`, resourceVersion: String(version), labels }, ...(node && { spec: { node } }) })
const SELECTORS = [
  { labels: 'app=a1' }, { labels: 'app in (a1,a2,a1),tier=t1' }, { labels: 'app=a3,tier!=t1' }, { labels: 'app=none' }, { labels: 'constructor=x' }, { fields: 'spec.node=n1' }, { fields: 'spec.node=' }, { fields: 'spec.node=n2', labels: 'app=a1' },
  { fields: 'spec.node!=n1' }, { labels: 'app' },
]

test('whatever was written, a selector finds what it would find by looking at everything, in order and page by page', async () => {
  const random = new Seeded(), cache = new Cache(kind)
  let version = 1
  const some = () => object(random.int(200), ++version, { app: `a${random.int(12)}`, tier: `t${random.int(9)}` }, random.int(4) === 0 ? undefined : `n${random.int(15)}`)
  cache.accept([...Array.from({ length: 150 }, () => { const entry = some(); return { type: 'ADDED', entry, position: entry.position } satisfies Change }), { type: 'BOOKMARK', position: String(version), initial: true }])
  for (let step = 0; step < 300; step++) {
    if (random.int(40) === 0) cache.replace(cache.snapshot().flat().filter(() => random.int(3) > 0).concat(some()).filter((entry, i, all) => all.findIndex(({ key }) => key === entry.key) === i), String(++version))
    else {
      const entry = some(), held = cache.get(entry.key)
      cache.accept([held && random.int(3) === 0 ? { type: 'DELETED', entry: held, position: String(++version) } : { type: held ? 'MODIFIED' : 'ADDED', entry, position: entry.position }])
    }
    const where = compileSelector(SELECTORS[random.int(SELECTORS.length)]!, kind), namespace = random.int(3) === 0 ? `n${random.int(3)}` : undefined, scope = { where, ...(namespace && { namespace }) }
    const expected = cache.snapshot().flat().filter((entry) => where.matches(entry) && (!namespace || entry.key.startsWith(`${namespace}/`))).map(({ key }) => key)
    expect(Array.from((await cache.list(scope, signal)).entries, ({ key }) => key), `SEED=${random.seed} step ${step}`).toEqual(expected)
    const paged: string[] = []
    for (let after: string | undefined, more = true; more;) {
      const page = await cache.list({ ...scope, limit: 3, ...(after !== undefined && { after }) }, signal)
      paged.push(...Array.from(page.entries, ({ key }) => key))
      after = page.next?.after
      more = after !== undefined
    }
    expect(paged, `SEED=${random.seed} step ${step}, in pages`).toEqual(expected)
  }
})

test('objects are looked at once for a selector, not for each list; writes look at what is written only', async () => {
  const cache = new Cache(kind)
  let reads = 0
  const where = { matches: () => true, labels: 'app=a1', equals: [{ key: 'label app', values: ['a1'], valueOf: (entry: { labels(): Readonly<Record<string, string>> }) => { reads++; return entry.labels()['app'] } }] }
  cache.accept([...Array.from({ length: 400 }, (_, i): Change => ({ type: 'ADDED', entry: object(i, i + 1, { app: `a${i % 40}` }), position: String(i + 1) })), { type: 'BOOKMARK', position: '400', initial: true }])
  for (let i = 0; i < 5; i++) expect(Array.from((await cache.list({ where }, signal)).entries)).toHaveLength(10)
  expect(reads).toBe(400)
  cache.accept([{ type: 'MODIFIED', entry: object(1, 401, { app: 'a2' }), position: '401' }])
  expect([reads, Array.from((await cache.list({ where }, signal)).entries).length]).toEqual([402, 9])
})

test('a full page goes on where objects are left that no selector was asked about, as with a kube-apiserver', async () => {
  const cache = new Cache(kind), first = SlabEntry.of({ metadata: { namespace: 'n', name: 'a', resourceVersion: '1', labels: { app: 'a1' } } }), last = SlabEntry.of({ metadata: { namespace: 'n', name: 'b', resourceVersion: '2', labels: { app: 'a2' } } })
  cache.accept([{ type: 'ADDED', entry: first, position: '1' }, { type: 'ADDED', entry: last, position: '2' }, { type: 'BOOKMARK', position: '2', initial: true }])
  const page = await cache.list({ where: compileSelector({ labels: 'app=a1' }, kind), limit: 1 }, signal)
  expect([Array.from(page.entries, ({ key }) => key), page.next]).toEqual([['n/a'], { after: 'n/a' }])
  expect(Array.from((await cache.list({ where: compileSelector({ labels: 'app=a1' }, kind), limit: 1, after: 'n/a' }, signal)).entries)).toEqual([])
})
