import { isJsonObject, type JsonObject, setMember } from '../meta/json-value.ts'
import { compareElements, parseElement, type Path, type PathElement } from './field-path.ts'

/** What a set holds at and below one step: the step itself (`member`), paths that go on (`below`, never empty), or both. */
export interface Branch { readonly member: boolean; readonly below: PathSet | undefined }

const LEAF: Branch = { member: true, below: undefined }

/**
 * An immutable set of paths, as a tree of their steps. Sets share the subtrees that they have in common.
 *
 *     {.spec, .spec.replicas, .spec.ports[port=80].name}
 *
 *     f:spec ─ member
 *       ├─ f:replicas ─ member
 *       └─ f:ports                  on the way only
 *            └─ k:{"port":80}       on the way only
 *                 └─ f:name ─ member
 */
export class PathSet {
  static readonly empty: PathSet = new PathSet(new Map())
  readonly #branches: ReadonlyMap<PathElement, Branch>

  /** Takes the map over. A branch must hold something: it is a member, or has paths below. */
  constructor(branches: ReadonlyMap<PathElement, Branch>) { this.#branches = branches }

  static of(...paths: Path[]): PathSet { return PathSet.from(paths) }

  /** The empty path stands for the whole object, which nobody owns: it is left out. */
  static from(paths: Iterable<Path>): PathSet {
    const root: Growing = new Map()
    for (const path of paths) grow(root, path)
    return grown(root) ?? PathSet.empty
  }

  /** Reads fieldsV1; steps of an unknown kind are dropped with what is below them. Throws SyntaxError. */
  static fromFields(fields: unknown): PathSet { return read(fields).below ?? PathSet.empty }

  get isEmpty(): boolean { return this.#branches.size === 0 }

  get size(): number {
    let count = 0
    for (const { member, below } of this.#branches.values()) count += Number(member) + (below?.size ?? 0)
    return count
  }

  has(path: Path): boolean {
    const [first, ...rest] = path, branch = first === undefined ? undefined : this.#branches.get(first)
    if (!branch) return false
    return rest.length === 0 ? branch.member : branch.below?.has(rest) ?? false
  }

  get(element: PathElement): Branch | undefined { return this.#branches.get(element) }
  /** In no order. */
  branches(): Iterable<[PathElement, Branch]> { return this.#branches }

  union(other: PathSet): PathSet {
    if (other === this || other.isEmpty) return this
    if (this.isEmpty) return other
    const result = new Map(this.#branches)
    for (const [element, theirs] of other.#branches) {
      const ours = result.get(element)
      result.set(element, ours ? { member: ours.member || theirs.member, below: ours.below && theirs.below ? ours.below.union(theirs.below) : ours.below ?? theirs.below } : theirs)
    }
    return new PathSet(result)
  }

  intersection(other: PathSet): PathSet {
    if (other === this) return this
    return this.#mapped((element, ours) => {
      const theirs = other.#branches.get(element)
      return theirs && { member: ours.member && theirs.member, below: ours.below && theirs.below && ours.below.intersection(theirs.below) }
    })
  }

  /** Without the members of `other`; what lies below them stays. */
  difference(other: PathSet): PathSet {
    if (other === this) return PathSet.empty
    if (other.isEmpty) return this
    return this.#mapped((element, ours) => {
      const theirs = other.#branches.get(element)
      return theirs ? { member: ours.member && !theirs.member, below: ours.below && theirs.below ? ours.below.difference(theirs.below) : ours.below } : ours
    })
  }

  /** Without the members of `other` and everything below them. */
  without(other: PathSet): PathSet {
    if (other.isEmpty) return this
    return this.#mapped((element, ours) => {
      const theirs = other.#branches.get(element)
      if (!theirs) return ours
      return theirs.member ? undefined : { member: ours.member, below: ours.below && theirs.below ? ours.below.without(theirs.below) : ours.below }
    })
  }

  /** The members that have no member below. */
  leaves(): PathSet { return this.#mapped((_element, { member, below }) => ({ member: member && !below, below: below?.leaves() })) }

  equals(other: PathSet): boolean {
    if (other === this) return true
    if (other.#branches.size !== this.#branches.size) return false
    for (const [element, ours] of this.#branches) {
      const theirs = other.#branches.get(element)
      if (theirs?.member !== ours.member || (ours.below === undefined) !== (theirs.below === undefined)) return false
      if (ours.below && theirs.below && !ours.below.equals(theirs.below)) return false
    }
    return true
  }

  /** In order: the members of a level first, then what lies below, step by step. */
  * paths(prefix: Path = []): Generator<Path, void> {
    const sorted = this.#sorted()
    for (const [element, { member }] of sorted) if (member) yield [...prefix, element]
    for (const [element, { below }] of sorted) if (below) yield* below.paths([...prefix, element])
  }

  /** fieldsV1, in canonical order. */
  toFields(): JsonObject {
    const fields: JsonObject = {}
    for (const [element, { member, below }] of this.#sorted()) setMember(fields, element, below ? { ...(member && { '.': {} }), ...below.toFields() } : {})
    return fields
  }

  #sorted(): [PathElement, Branch][] {
    const sorted = [...this.#branches]
    return sorted.length > 1 ? sorted.sort(([a], [b]) => compareElements(a, b)) : sorted
  }

  #mapped(change: (element: PathElement, branch: Branch) => Branch | undefined): PathSet {
    const result = new Map<PathElement, Branch>()
    let isSame = true
    for (const [element, branch] of this.#branches) {
      const changed = change(element, branch), below = changed?.below?.isEmpty ? undefined : changed?.below
      isSame &&= changed?.member === branch.member && below === branch.below
      if (changed?.member || below) result.set(element, below === changed!.below ? changed! : { member: changed!.member, below })
    }
    return isSame ? this : result.size === 0 ? PathSet.empty : new PathSet(result)
  }
}

interface GrowingBranch { member: boolean; below: Growing | undefined }
type Growing = Map<PathElement, GrowingBranch>

function grow(root: Growing, path: Path): void {
  let level = root
  for (const [i, element] of path.entries()) {
    let branch = level.get(element)
    if (!branch) level.set(element, branch = { member: false, below: undefined })
    if (i === path.length - 1) branch.member = true
    else level = branch.below ??= new Map<PathElement, GrowingBranch>()
  }
}

function grown(level: Growing | undefined): PathSet | undefined {
  if (!level || level.size === 0) return undefined
  return new PathSet(new Map([...level].map(([element, { member, below }]) => [element, below ? { member, below: grown(below) } : LEAF])))
}

/** A step with nothing known below it is a member, whether it says so or not. */
function read(fields: unknown): Branch {
  if (fields === null) return LEAF
  if (!isJsonObject(fields)) throw new SyntaxError(`a set of fields is no object: ${JSON.stringify(fields)}`)
  const branches = new Map<PathElement, Branch>()
  let member = false
  for (const key of Object.keys(fields)) {
    if (key === '.') { member = true; continue }
    const element = parseElement(key)
    if (element === undefined) continue
    const branch = read(fields[key]), known = branches.get(element)
    branches.set(element, known ? { member: known.member || branch.member, below: branch.below ?? known.below } : branch)
  }
  return branches.size === 0 ? LEAF : { member, below: new PathSet(branches) }
}
