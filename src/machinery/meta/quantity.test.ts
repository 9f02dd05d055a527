import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { addQuantities, compareQuantities, formatQuantity, milliOf, parseQuantity, subtractQuantities, valueOf, ZERO } from './quantity.ts'

interface Case {
  name: string
  quantity?: string
  left?: string
  right?: string
  expectError?: boolean
  expect?: { canonical: string; format: string; value?: string; milliValue?: string; sign: number; decimal: string; sum: string; difference: string; compare: number; equal: boolean; sumFormat: string }
}
const { cases } = JSON.parse(readFileSync(new URL('../../../test/cases/interpretation/quantity.json', import.meta.url), 'utf8')) as { cases: Case[] }

describe('as Kubernetes parses and prints quantities', () => {
  test.each(cases.filter((it) => it.quantity !== undefined))('$name', ({ quantity, expectError = false, expect: wanted }) => {
    const parsed = parseQuantity(quantity!)
    const seen = parsed && { canonical: formatQuantity(parsed), format: parsed.format, value: String(valueOf(parsed)), milliValue: String(milliOf(parsed)), sign: compareQuantities(parsed, ZERO) }
    const { value = seen?.value, milliValue = seen?.milliValue, canonical, format, sign } = wanted ?? {}
    expect(seen).toEqual(expectError ? undefined : { canonical, format, value, milliValue, sign })
  })

  test.each(cases.filter((it) => it.left !== undefined))('$name', ({ left, right, expect: wanted }) => {
    const a = parseQuantity(left!)!, b = parseQuantity(right!)!
    expect([formatQuantity(addQuantities(a, b)), formatQuantity(subtractQuantities(a, b)), compareQuantities(a, b), addQuantities(a, b).format]).toEqual([wanted!.sum, wanted!.difference, wanted!.compare, wanted!.sumFormat])
  })
})
