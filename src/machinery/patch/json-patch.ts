import { cloneJson, depthOf, equalJson, getMember, isJsonObject, jsonTypeName, MAX_DEPTH, setMember } from '../meta/json-value.ts'
import { stringifyJson } from '../meta/json.ts'
import { StatusError } from '../meta/status-error.ts'
import { wrongType } from './decoding-error.ts'
import { rejected } from './refusal.ts'

const MAX_OPERATIONS = 10_000
/** What all `copy` operations of a patch may add, in bytes of JSON: copies of copies double. */
const MAX_COPIED_BYTES = 3 * 1024 * 1024
/** How often a patch may seem to nest too deep without doing so: finding out takes a walk. */
const MAX_MEASURED = 100

/**
 * RFC 6902 as a kube-apiserver applies it (evanphx/json-patch v4): negative indices count from the end, `replace` adds what is missing, a missing `value` is null,
 * `add` cannot replace the whole document. The inputs are left as they are.
 * Errors: BadRequest where `patch` is no list of operations, RequestEntityTooLarge above 10,000 of them, Invalid (without detail, as there) where one does not apply, or nests the document deeper than `MAX_DEPTH`.
 */
export function applyJsonPatch(document: unknown, patch: unknown): unknown {
  const operations = patch ?? []
  if (!Array.isArray(operations)) throw wrongType(operations, '[]handlers.jsonPatchOp')
  for (const operation of operations as unknown[]) for (const field of ['op', 'path', 'from']) {
    const value = isJsonObject(operation) ? operation[field] ?? '' : ''
    if (typeof value !== 'string') throw StatusError.badRequest(`error decoding patch: json: cannot unmarshal ${jsonTypeName(value)} into Go struct field jsonPatchOp.${field} of type string`)
  }
  const misfit = operations.find((operation) => operation !== null && !isJsonObject(operation)) as unknown
  if (misfit !== undefined) throw wrongType(misfit, 'handlers.jsonPatchOp')
  if (operations.length > MAX_OPERATIONS) throw new StatusError('RequestEntityTooLarge', `Request entity too large: The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${operations.length}`)
  const state: State = { root: cloneJson(document), copied: 0, depth: depthOf(document), measured: 0 }
  for (const operation of operations as readonly (Operation | null)[]) {
    const apply = OPERATIONS.get(operation?.op)
    if (!apply) throw rejected()
    apply(state, operation!)
    checkDepth(state, operation!)
  }
  return state.root
}

/** Depth is bounded from above by what an operation could have put where, so that most patches are never measured. */
function checkDepth(state: State, { op, path, from, value }: Operation): void {
  if (op === 'remove' || op === 'test') return
  const inserted = op === 'add' || op === 'replace' ? depthOf(value) : state.depth - steps(from)
  state.depth = Math.max(state.depth, steps(path) + inserted)
  if (state.depth <= MAX_DEPTH) return
  state.depth = depthOf(state.root)
  if (state.depth > MAX_DEPTH || ++state.measured > MAX_MEASURED) throw rejected()
}

const steps = (path: unknown) => (path as string).split('/').length - 1

interface Operation { readonly op?: unknown; readonly path?: unknown; readonly from?: unknown; readonly value?: unknown }
/** `depth`: at most so deep. */
interface State { root: unknown; copied: number; depth: number; measured: number }
/** The last step of a path: a member of an object, or a place in an array. */
interface Place { readonly parent: unknown; readonly key: string }

const OPERATIONS = new Map<unknown, (state: State, operation: Operation) => void>([
  ['add', (state, { path, value = null }) => add(locate(state, path), cloneJson(value))],
  ['remove', (state, { path }) => { remove(locate(state, path)) }],
  ['replace', (state, { path, value = null }) => {
    if (path === '') {
      if (!isJsonObject(value) && !Array.isArray(value)) throw rejected()
      state.root = cloneJson(value)
    } else replace(locate(state, path), cloneJson(value))
  }],
  ['move', (state, { from, path }) => {
    const value = remove(locate(state, from))
    add(locate(state, path), value)
  }],
  ['copy', (state, { from, path }) => {
    // What is not there is copied as null.
    const value = read(locate(state, from)) ?? null
    const target = locate(state, path)
    state.copied += Buffer.byteLength(stringifyJson(value))
    if (state.copied > MAX_COPIED_BYTES) throw rejected()
    add(target, cloneJson(value))
  }],
  ['test', (state, { path, value = null }) => {
    const actual = path === '' ? state.root : (read(locate(state, path)) ?? null)
    if (!equalJson(actual, value)) throw rejected()
  }],
])

function locate({ root }: State, path: unknown): Place {
  if (typeof path !== 'string') throw rejected()
  const tokens = path.split('/').slice(1).map((token) => token.replaceAll(/~[01]/g, (escape) => (escape === '~1' ? '/' : '~')))
  const key = tokens.pop()
  if (key === undefined) throw rejected()
  let parent = root
  for (const token of tokens) {
    parent = read({ parent, key: token })
    if (!isJsonObject(parent) && !Array.isArray(parent)) throw rejected()
  }
  return { parent, key }
}

/** Undefined: no such member. An index must be there. */
function read({ parent, key }: Place): unknown {
  if (Array.isArray(parent)) return parent[indexOf(key, parent.length)]
  return getMember(asObject(parent), key)
}

function add({ parent, key }: Place, value: unknown): void {
  if (Array.isArray(parent)) parent.splice(key === '-' ? parent.length : indexOf(key, parent.length + 1), 0, value)
  else setMember(asObject(parent), key, value)
}

function replace({ parent, key }: Place, value: unknown): void {
  if (Array.isArray(parent)) parent[indexOf(key, parent.length)] = value
  else setMember(asObject(parent), key, value)
}

function remove({ parent, key }: Place): unknown {
  if (Array.isArray(parent)) return (parent.splice(indexOf(key, parent.length), 1) as unknown[])[0]
  const object = asObject(parent)
  if (!Object.hasOwn(object, key)) throw rejected()
  const value = object[key]
  delete object[key]
  return value
}

/** `places` counts those an operation may name; -1 is the last. */
function indexOf(key: string, places: number): number {
  const index = /^[+-]?\d+$/.test(key) ? Number(key) : Number.NaN, fromStart = index < 0 ? index + places : index
  if (!(fromStart >= 0 && fromStart < places)) throw rejected()
  return fromStart
}

function asObject(value: unknown) {
  if (!isJsonObject(value)) throw rejected()
  return value
}
