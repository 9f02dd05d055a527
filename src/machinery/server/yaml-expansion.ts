import { MAX_DEPTH } from '../meta/json-value.ts'

/** What a value becomes once every alias in it is written out. */
interface Size { readonly nodes: number; readonly characters: number; readonly depth: number }

const MAX_REPEATED_CHARACTERS = 3 * 1024 * 1024

/**
 * Aliases make several parents share one value, and a value of a few hundred bytes may be worth gigabytes when it is written out.
 * Throws where too much of the whole would be repetition, where it nests too deep, or where a value contains itself. The share that may be repeated is that of
 * Kubernetes' decoder (go.yaml.in/yaml/v2 decode.go); beyond that, no more text may be repeated than a body can hold.
 * Worked example: `a: &a [x, x]`, `b: &b [*a, *a]`, `c: [*b, *b]` is 9 values as they are read and 17 when written out. `text` is what `value` was read from.
 */
export function checkExpansion(value: unknown, text: string): void {
  const known = new Map<object, Size | 'open'>()
  let distinct = 0
  const measure = (part: unknown, level: number): Size => {
    if (typeof part !== 'object' || part === null) { distinct++; return { nodes: 1, characters: typeof part === 'string' ? part.length : 0, depth: 0 } }
    const before = known.get(part)
    if (before === 'open') throw new Error('anchor value contains itself')
    if (level + (before?.depth ?? 1) > MAX_DEPTH) throw new Error(`exceeded max depth of ${MAX_DEPTH}`)
    if (before) return before
    known.set(part, 'open')
    distinct++
    let nodes = 1, characters = Array.isArray(part) ? 0 : Object.keys(part).reduce((sum, key) => sum + key.length, 0), depth = 1
    for (const inner of Object.values(part)) {
      const size = measure(inner, level + 1)
      nodes += size.nodes
      characters += size.characters
      depth = Math.max(depth, size.depth + 1)
    }
    const size = { nodes, characters, depth }
    known.set(part, size)
    return size
  }
  const { nodes, characters } = measure(value, 0), repeated = nodes - distinct
  if ((repeated > 100 && nodes > 1_000 && repeated / nodes > allowedShare(nodes)) || characters > text.length + MAX_REPEATED_CHARACTERS) throw new Error('document contains excessive aliasing')
}

const FEW = 400_000, MANY = 4_000_000
const allowedShare = (nodes: number) => (nodes <= FEW ? 0.99 : nodes >= MANY ? 0.1 : 0.99 - (0.89 * (nodes - FEW)) / (MANY - FEW))
