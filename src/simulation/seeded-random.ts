/** Chance that can be replayed: the same seed gives the same names, uids and delays. Small and fast rather than strong (sfc32). */
export class SeededRandom {
  readonly #state: Uint32Array

  constructor(seed: string) {
    this.#state = Uint32Array.of(hash32(seed), hash32(`${seed}/b`), hash32(`${seed}/c`), 1)
    for (let round = 0; round < 12; round++) this.#draw()
  }

  /** At least 0, below 1. */
  next(): number { return this.#draw() / 2 ** 32 }

  /** A version 4 UUID. */
  uuid(): string {
    const hex = Array.from({ length: 4 }, () => this.#draw().toString(16).padStart(8, '0')).join('')
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${'89ab'[Number.parseInt(hex[16]!, 16) & 3]!}${hex.slice(17, 20)}-${hex.slice(20)}`
  }

  #draw(): number {
    const [a = 0, b = 0, c = 0, counter = 0] = this.#state
    const drawn = (a + b + counter) >>> 0
    this.#state.set([b ^ (b >>> 9), c + (c << 3), ((c << 21) | (c >>> 11)) + drawn, counter + 1])
    return drawn
  }
}

/** FNV-1a with a final mix, so that texts that differ in one place share nothing. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** A hash as Kubernetes writes it into names: its decimal digits in letters that spell nothing (apimachinery/pkg/util/rand). */
export const nameHash = (text: string): string => Array.from(String(hash32(text)), (digit) => ALPHABET[digit.charCodeAt(0) % ALPHABET.length]!).join('')

const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'
