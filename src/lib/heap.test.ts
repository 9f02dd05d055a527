import { expect, test } from 'vitest'
import { Heap } from './heap.ts'

test('what is before all others comes first, whatever was put in and taken out before', () => {
  const random = (() => { let state = 1; return () => (state = (state * 48_271) % 2_147_483_647) })()
  const heap = new Heap<number>((a, b) => a < b, [5, 3, 9]), held = [5, 3, 9], popped: (readonly [number | undefined, number | undefined])[] = []
  for (let step = 0; step < 2000; step++) {
    if (random() % 3 > 0) { const value = random() % 100; heap.push(value); held.push(value) }
    else popped.push([heap.pop(), held.sort((a, b) => a - b).shift()])
    expect([heap.size, heap.first]).toEqual([held.length, held.length > 0 ? Math.min(...held) : undefined])
  }
  expect(popped.map(([own]) => own)).toEqual(popped.map(([, other]) => other))
})

test('a first one that changes finds its place', () => {
  const items = [{ at: 1 }, { at: 2 }, { at: 3 }], heap = new Heap<{ at: number }>((a, b) => a.at < b.at, items)
  heap.first!.at = 9
  heap.settleFirst()
  expect([heap.pop(), heap.pop(), heap.pop()].map((item) => item?.at)).toEqual([2, 3, 9])
})
