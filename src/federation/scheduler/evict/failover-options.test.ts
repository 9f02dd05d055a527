import { expect, test } from 'vitest'
import { defaultFailover, evictionRate } from './failover-options.ts'

const rate = (notReady: number, total: number) => evictionRate({ total, notReady }, defaultFailover.rates)

test.each<[string, number, number, number]>([
  ['all are ready', 0, 3, 0.5], ['one of three', 1, 3, 0.5], ['one of two', 1, 2, 0.5], ['none at all', 0, 0, 0.5],
  ['most of a small fleet', 2, 3, 0], ['the only one', 1, 1, 0], ['a large part of a small fleet', 6, 10, 0],
  ['just less than a large part of a large fleet', 54, 100, 0.5], ['a large part of a large fleet', 55, 100, 0.1], ['nearly most of it', 79, 100, 0.1], ['most of it', 80, 100, 0], ['all of it', 100, 100, 0],
])('not ready: %s', (_, notReady, total, expected) => expect(rate(notReady, total)).toBe(expected))
