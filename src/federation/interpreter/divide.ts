/** `total` in proportion to `shares` (none negative), largest remainders first and the earlier of equal ones; equally where all are zero. */
export function divide(total: number, shares: readonly number[]): number[] {
  const sum = shares.reduce((a, b) => a + b, 0)
  if (sum === 0 && shares.length > 0) return divide(total, shares.map(() => 1))
  const exact = shares.map((share) => (total * share) / sum), whole = exact.map(Math.floor)
  let left = total - whole.reduce((a, b) => a + b, 0)
  for (const { i } of exact.map((value, i) => ({ i, rest: value - whole[i]! })).toSorted((a, b) => b.rest - a.rest)) if (left-- > 0) whole[i]!++
  return whole
}
