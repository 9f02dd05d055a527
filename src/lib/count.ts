/** Counts one more, or one less, of a key; what is there no times is not in the map. Answers how many that leaves. */
export function count(counts: Map<string, number>, key: string, by: 1 | -1): number {
  const left = (counts.get(key) ?? 0) + by
  if (left === 0) counts.delete(key)
  else counts.set(key, left)
  return left
}
