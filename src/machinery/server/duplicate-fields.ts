/** As many mistakes of one kind as are reported of one body. */
export const MAX_REPORTED = 100

/**
 * Paths of the members that an object gives twice: `spec.parts[0].name`, each path once, in the order of the text. Parsed values keep the last one only, so this looks at the text.
 * `text` must be JSON. Paths as sigs.k8s.io/json writes them.
 */
export function duplicateFields(text: string): string[] {
  const found = new Set<string>()
  scanMembers(text, (container, key, isAgain) => {
    if (isAgain) found.add(pathOf(container, key))
    return found.size < MAX_REPORTED
  })
  return [...found]
}

/** A path and whether the member that it leads to is there again. */
export interface FoundField { readonly path: string; readonly isAgain: boolean }

/** The members of these paths and those given twice, each once, in the order of the text: as a decoder comes upon them that knows the type. */
export function fieldsInOrder(text: string, paths: ReadonlySet<string>): FoundField[] {
  const found = new Map<string, FoundField>()
  scanMembers(text, (container, key, isAgain) => {
    const path = pathOf(container, key), id = `${isAgain} ${path}`
    if ((isAgain || paths.has(path)) && !found.has(id)) found.set(id, { path, isAgain })
    return found.size < MAX_REPORTED
  })
  return [...found.values()]
}

/** Calls back with each member, until that answers false. */
function scanMembers(text: string, visit: (container: Container, key: string, isAgain: boolean) => boolean): void {
  const open: Container[] = []
  for (let at = 0; at < text.length; at++) {
    const container = open.at(-1)
    switch (text[at]) {
      case '{': open.push({ parent: container, keys: new Set(), step: '', expectsKey: true }); break
      case '[': open.push({ parent: container, index: 0, step: '[0]', expectsKey: false }); break
      case '}': case ']': open.pop(); break
      case ',':
        if (container) enterNext(container)
        break
      case '"': {
        const end = endOfString(text, at)
        if (container?.expectsKey && !enterMember(container, JSON.parse(text.slice(at, end + 1)) as string, visit)) return
        at = end
        break
      }
      default:
    }
  }
}

/** An object or a list that is being read. `step` leads from it to what is read now; `path` is made when it is first needed, since a body may nest a million deep. */
interface Container { readonly parent: Container | undefined; readonly keys?: Set<string>; index?: number; step: string; expectsKey: boolean; path?: string }

function enterNext(container: Container): void {
  if (container.keys) container.expectsKey = true
  else container.step = `[${++container.index!}]`
}

function enterMember(container: Container, key: string, visit: (container: Container, key: string, isAgain: boolean) => boolean): boolean {
  const goesOn = visit(container, key, container.keys!.has(key))
  container.keys!.add(key)
  container.step = key
  container.expectsKey = false
  return goesOn
}

const pathOf = (container: Container, key: string) => joined((container.path ??= pathTo(container)), key)

function pathTo({ parent }: Container): string {
  const containers: Container[] = []
  for (let outer = parent; outer; outer = outer.parent) containers.unshift(outer)
  return containers.reduce((path, { keys, step }) => (keys ? joined(path, step) : path + step), '')
}

const joined = (path: string, key: string) => (path ? `${path}.${key}` : key)

function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let escapes = 0
    while (text[at - 1 - escapes] === '\\') escapes++
    if (escapes % 2 === 0) return at
  }
  return text.length
}
