const PRIME = 0x01000193, START = 0x811c9dc5

/** FNV-1, 32 bits, over the UTF-8 bytes: multiplies first (Go's fnv.New32). */
export function fnv1(text: string): number {
  let hash = START
  for (const byte of Buffer.from(text)) hash = Math.imul(hash, PRIME) ^ byte
  return hash >>> 0
}

/** FNV-1a, 32 bits, over the UTF-8 bytes: multiplies last (Go's fnv.New32a). */
export function fnv1a(text: string): number {
  let hash = START
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, PRIME)
  return hash >>> 0
}
