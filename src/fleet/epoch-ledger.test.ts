import { expect, test } from 'vitest'
import { readLedger, writeLedger, type Ledger } from './epoch-ledger.ts'

const slot = (source: string, base = 0, timesSetBack?: number) => ({ source, base, ...(timesSetBack !== undefined && { timesSetBack }) })
const ledger: Ledger = {
  replicas: 7,
  epochs: [
    { number: 2, slots: [], active: [], minimumDigits: 0, narrow: true },
    { number: 4, slots: [slot('b'), slot('a', 12)], active: ['a', 'b', 'set prod: a'], minimumDigits: 0, narrow: true },
    { number: 6, slots: [slot('b', 1, 2), slot('a', 12), slot('c')], active: ['b', 'c'], minimumDigits: 40 },
  ],
}

test('a ledger comes back as it was', () => {
  expect(readLedger(writeLedger(ledger))).toEqual(ledger)
})

test('one that was stored with all sources in each epoch is understood', () => {
  expect(readLedger(Buffer.from(JSON.stringify(ledger)))).toEqual(ledger)
})

test('with a thousand clusters it is a small part of what etcd takes', () => {
  const slots = Array.from({ length: 1000 }, (_, i) => slot(`00000000-0000-4000-8000-${String(i).padStart(12, '0')}/00000000-0000-4000-9000-${String(i).padStart(12, '0')}`, i % 2 === 0 ? 1_000_000 : 0)), active = slots.map(({ source }) => source).toSorted()
  expect(writeLedger({ replicas: 3, epochs: Array.from({ length: 32 }, (_, i) => ({ number: 2 * i + 2, slots, active, minimumDigits: 0 })) }).length).toBeLessThan(512 * 1024)
})
