import { expect, test } from 'vitest'
import { Seeded } from '../../../test/suites/seeded.ts'
import { compareQuantities, ZERO } from '../../machinery/meta/quantity.ts'
import { NamespaceUsage } from './namespace-usage.ts'
import { shareOf, sumOf, times, type Usage } from './quota-usage.ts'

const use = (replicas: number, cpu = '500m'): Usage => times(shareOf({ cpu }), replicas)
const isSame = (a: Usage, b: Usage) => [...new Set([...a.keys(), ...b.keys()])].every((name) => compareQuantities(a.get(name) ?? ZERO, b.get(name) ?? ZERO) === 0)

test('a promise counts until it is seen, or for ten seconds', () => {
  const used = new NamespaceUsage(), pods = (now: number) => Number((used.all(now).get('pods') ?? ZERO).nano / 1_000_000_000n)
  used.observe('web', use(2))
  used.assume('web', use(5), 0)
  used.assume('db', use(1), 5000)
  expect([pods(0), pods(9999), pods(10_000), pods(15_000)]).toEqual([6, 6, 3, 2])
  used.assume('web', use(5), 15_000)
  used.observe('web', use(4))
  expect([pods(15_000), pods(99_000)]).toEqual([4, 4])
  used.remove('web')
  expect(used.all(99_000)).toEqual(new Map())
})

test('the sum that is kept is that of what each template uses', () => {
  const random = new Seeded(), used = new NamespaceUsage(), observed = new Map<string, Usage>(), promised = new Map<string, { usage: Usage; until: number }>()
  for (let step = 0, now = 0; step < 3000; step++, now += random.int(2000)) {
    const template = `t${random.int(6)}`, usage = use(random.int(9), random.pick(['1', '250m']))
    for (const [key, { until }] of promised) if (until <= now) promised.delete(key)
    if (random.chance(0.4)) { used.assume(template, usage, now); promised.set(template, { usage, until: now + 10_000 }) }
    else {
      promised.delete(template)
      if (random.chance(0.3)) { used.remove(template); observed.delete(template) } else { used.observe(template, usage); observed.set(template, usage) }
    }
    const each = (but?: string) => sumOf([...new Set([...observed.keys(), ...promised.keys()])].filter((key) => key !== but).map((key) => promised.get(key)?.usage ?? observed.get(key)!))
    expect({ seed: random.seed, step, all: isSame(used.all(now), each()), others: isSame(used.without(template, now), each(template)) }).toEqual({ seed: random.seed, step, all: true, others: true })
  }
})
