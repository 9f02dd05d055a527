import { expect, test } from 'vitest'
import { Seeded } from '../../../test/suites/seeded.ts'
import { testKind } from '../../../test/suites/test-kind.ts'
import type { Change } from '../meta/core.ts'
import { Cache } from './cache.ts'
import { SlabEntry } from './slab-entry.ts'
import { between } from './sorted-entries.ts'
import { WatchIngest } from './watch-ingest.ts'

/** Objects as a watch brings them: `{"name":"n7","version":12}` grown to about 600 bytes. */
const line = (name: string, version: number) => `{"type":"MODIFIED","object":${JSON.stringify({ kind: 'X', apiVersion: 'v1', metadata: { name, resourceVersion: `${version}`, labels: { at: `${version}` } }, text: `${version}`.padStart(500, '-') })}}\n`

test.for([
  ['at random', (random: Seeded, _step: number, count: number) => random.int(count)],
  ['each five times, then never again', (_random: Seeded, step: number, count: number) => Math.floor(step / 5) % count],
] as const)('a cache whose objects are written %s holds little more than their bytes', ([, pick]) => {
  const random = new Seeded(), count = 3000, cache = new Cache(testKind(false), { historyMax: 100 }), ingest = new WatchIngest(), versions = new Map<string, number>()
  cache.accept([{ type: 'BOOKMARK', position: '1', initial: true }])
  for (let step = 0; step < count * 5; step++) {
    const name = `n${pick(random, step, count)}`, version = step + 2
    versions.set(name, version)
    cache.accept(ingest.write(Buffer.from(line(name, version))).map((event): Change => ({ type: 'MODIFIED', entry: (event as { entry: SlabEntry }).entry, position: `${version}` })))
  }
  const entries = [...between(cache.snapshot(), '')] as SlabEntry[], slabs = new Set(entries.map(({ home }) => home)), kept = [...slabs].reduce((sum, { length }) => sum + length, 0)
  expect(kept / cache.bytes, `SEED=${random.seed}`).toBeLessThan(2)
  expect(new Map(entries.map((entry) => [entry.key, Number(entry.position)]))).toEqual(versions)
  expect(entries.every((entry) => entry.labels()['at'] === entry.position && entry.parse()['text'] === entry.position.padStart(500, '-') && entry.parse().metadata.name === entry.key)).toBe(true)
})
