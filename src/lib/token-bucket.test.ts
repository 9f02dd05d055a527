import { expect, test } from 'vitest'
import { TokenBucket } from './token-bucket.ts'

test('a burst at once, then one by one as time goes', () => {
  let now = 1000
  const bucket = new TokenBucket({ refillMs: 50, burst: 3 }, now), take = () => bucket.take(now)
  expect([take(), take(), take(), take()]).toEqual([0, 0, 0, 50])
  now += 30
  expect(take()).toBe(20)
  now += 20
  expect([take(), take()]).toEqual([0, 50])
  now += 3_600_000
  expect([take(), take(), take(), take()], 'no more than the burst, however long it was quiet').toEqual([0, 0, 0, 50])
  now -= 5000
  expect(take(), 'a clock that is set back').toBe(50)
  now += 50
  expect(take()).toBe(0)
})
