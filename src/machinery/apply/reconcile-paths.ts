import { isFree, LIST_PART, MAP_PART, NO_TYPE, partsOf, SCALAR_PART, type Type } from './apply-schema.ts'
import { fieldName, type Path, type PathElement, printPath } from './field-path.ts'
import { PathSet } from './path-set.ts'
import { TypingError } from './typing-error.ts'
import { typeMistake } from './validate-value.ts'

/**
 * Brings a set that was written under an older schema in line with the type: paths below what has become atomic are replaced by the path of the whole.
 * What has become granular stays as it is: its owner keeps the whole until someone else takes a part. Undefined: nothing had to change. Throws TypingError where the schema itself is broken.
 */
export function reconcilePaths(set: PathSet, type: Type): PathSet | undefined {
  const wholes: Path[] = []
  visit(type, { set, isWhole: false }, [], wholes)
  if (wholes.length === 0) return undefined
  const replaced = PathSet.from(wholes)
  return set.without(replaced).union(replaced)
}

/** What a set holds at one place: paths below, or the place itself and nothing below (`isWhole`). */
interface Owned { readonly set: PathSet | undefined; readonly isWhole: boolean }

function visit(type: Type, owned: Owned, path: PathElement[], wholes: Path[]): void {
  const parts = partsOf(type, undefined)
  if (parts & MAP_PART) {
    const map = type.map!
    if (isFree(map)) return
    if (map.atomic && !owned.isWhole) { if (owned.set) wholes.push([...path]); return }
    inside(owned, path, wholes, (element) => {
      const name = fieldName(element)
      return (name === undefined ? undefined : map.fields.get(name)?.type) ?? map.rest
    })
  } else if (parts & SCALAR_PART) return
  else if (parts & LIST_PART) {
    if (!type.list!.associative && !owned.isWhole) { wholes.push([...path]); return }
    inside(owned, path, wholes, () => type.list!.item)
  } else throw new TypingError([{ path: printPath(path), message: typeMistake(type) }])
}

/** Fields that the schema no longer knows are left alone. */
function inside({ set }: Owned, path: PathElement[], wholes: Path[], typeOf: (element: PathElement) => Type | undefined): void {
  for (const [element, { below }] of set?.branches() ?? []) {
    const type = typeOf(element)
    if (type === undefined || type === NO_TYPE) continue
    path.push(element)
    visit(type, { set: below, isWhole: below === undefined }, path, wholes)
    path.pop()
  }
}
