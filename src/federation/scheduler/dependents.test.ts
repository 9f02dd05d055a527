import { expect, test } from 'vitest'
import { Seeded } from '../../../test/suites/seeded.ts'
import { Dependents } from './dependents.ts'

test('what is needed follows those that need it, and is told where that changes something for it', () => {
  const dependents = new Dependents(), where = () => { const { clusters, dependents: count } = dependents.of('config'); return [[...clusters].toSorted().join(' '), count] }
  expect(dependents.set('web', ['config', 'secret'], ['a'])).toEqual(['config', 'secret'])
  expect([dependents.set('web', ['secret', 'config'], ['a']), dependents.set('idle', [], ['a'])]).toEqual([[], []])
  expect([dependents.set('api', ['config'], ['a', 'b']), where()]).toEqual([['config'], ['a b', 2]])
  // Another one needs it there already.
  expect([dependents.set('web', ['config', 'secret'], ['b']), where()]).toEqual([['secret'], ['a b', 2]])
  expect([dependents.set('web', ['secret'], ['b']), where()]).toEqual([['config'], ['a b', 1]])
  expect([dependents.remove('api'), where(), dependents.remove('api')]).toEqual([['config'], ['', 0], []])
})

test('what is kept of them is what looking at all of them says, and whatever changes is told', () => {
  const random = new Seeded(), dependents = new Dependents(), all = new Map<string, { keys: readonly string[]; clusters: readonly string[] }>(), keys = ['x', 'y', 'z']
  const answers = () => keys.map((key) => { const needing = [...all.values()].filter((one) => one.keys.includes(key)); return [key, [...new Set(needing.flatMap(({ clusters }) => clusters))].toSorted().join(), needing.length] as const })
  for (let step = 0; step < 2000; step++) {
    const name = `d${random.int(5)}`, isRemoved = random.chance(0.2), needed = isRemoved ? [] : keys.filter(() => random.chance(0.4)), clusters = ['a', 'b', 'c'].filter(() => random.chance(0.5)), before = answers()
    const told = isRemoved ? dependents.remove(name) : dependents.set(name, needed, clusters)
    all.set(name, { keys: needed, clusters })
    const now = answers(), kept = keys.map((key) => { const { clusters: at, dependents: count } = dependents.of(key); return [key, [...at].toSorted().join(), count] })
    const changed = now.filter((one, at) => one.join() !== before[at]!.join()).map(([key]) => key)
    expect({ seed: random.seed, step, kept, missed: changed.filter((key) => !told.includes(key)) }).toEqual({ seed: random.seed, step, kept: now, missed: [] })
  }
})
