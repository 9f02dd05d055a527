/**
 * kubectl's JSONPath as printer columns use it. Fields, indexes, `[*]` and simple filters become closures (a filter is some fifty times faster so, and columns
 * run once per row); what is rarer goes to jsonpath-plus with its evaluation of scripts switched off.
 */
import { JSONPath } from 'jsonpath-plus'
import type { FieldPath } from '../../../machinery/meta/core.ts'
import { isJsonObject } from '../../../machinery/meta/json-value.ts'

/** The first result; undefined where there is none, or where upstream would report an error. `reads`: all that is looked at; absent: it may be anything. */
export interface Finder { (object: object): unknown; readonly reads?: readonly FieldPath[] }

/** Throws SyntaxError. */
export function compileJsonPath(path: string): Finder {
  const steps = parse(path.trim().replace(/^\$/, ''))
  if (!steps) return viaLibrary(path)
  const branch = steps.findIndex(({ name }) => name === undefined), names = steps.slice(0, branch < 0 ? steps.length : branch).map(({ name }) => name!), ways = steps.map(({ from }) => from)
  const find = (object: object) => {
    let found: unknown[] = [object]
    for (const way of ways) found = found.flatMap(way)
    return found[0]
  }
  return names.length > 0 ? Object.assign(find, { reads: [names] }) : find
}

/** `name`: it leads to that member. */
interface Step { readonly name?: string; readonly from: (value: unknown) => unknown[] }

const FIELD = /^\.((?:\\.|[^\s.,[\]$@{}\\])+)/, INDEX = /^\[(-?\d+)\]/, ALL = /^(?:\[\*\]|\.\*)/, QUOTED = /^\[(?:'((?:\\.|[^'\\])+)'|"((?:\\.|[^"\\])+)")\]/
const FILTER = /^\[\?\(\s*@((?:\.(?:\\.|[^\s.,[\]$@{}\\=!<>()])+)*)\s*(?:(==|!=|<=|>=|<|>)\s*(?:"([^"]*)"|'([^']*)'|(-?\d+(?:\.\d+)?|true|false)|@((?:\.(?:\\.|[^\s.,[\]$@{}\\=!<>()])+)*)))?\s*\)\]/

/** Undefined: more than is understood here. */
function parse(path: string): readonly Step[] | undefined {
  const steps: Step[] = []
  for (let rest = path; rest !== '';) {
    let match: RegExpExecArray | null
    if ((match = ALL.exec(rest))) steps.push(all)
    else if ((match = FIELD.exec(rest))) steps.push(...fields(match[0]))
    else if ((match = INDEX.exec(rest))) steps.push(index(Number(match[1])))
    // Dots in quotes separate fields all the same, unless escaped.
    else if ((match = QUOTED.exec(rest))) steps.push(...fields(`.${match[1] ?? match[2]!}`))
    else if ((match = FILTER.exec(rest))) steps.push(filter(match))
    else return undefined
    rest = rest.slice(match[0].length)
  }
  return steps
}

const fields = (path: string): Step[] => path.slice(1).split(/(?<!\\)\./).map((part) => field(part.replaceAll(/\\(.)/g, '$1')))
const field = (name: string): Step => ({ name, from: (value) => (isJsonObject(value) && Object.hasOwn(value, name) ? [value[name]] : []) })
const index = (at: number): Step => ({ from: (value) => { const position = Array.isArray(value) && at < 0 ? value.length + at : at; return Array.isArray(value) && position >= 0 && position < value.length ? [value[position]] : [] } })
const all: Step = { from: (value) => (Array.isArray(value) ? value : isJsonObject(value) ? Object.values(value) : []) }

function filter([, path, operator, double, single, bare, other]: RegExpExecArray): Step {
  const steps = path ? fields(path) : [], others = other ? fields(other) : [], wanted = double ?? single ?? (bare === 'true' ? true : bare === 'false' ? false : bare === undefined ? undefined : Number(bare))
  const matches = (item: unknown) => {
    const left = follow(steps, item), right = other === undefined ? wanted : follow(others, item)
    return operator === undefined ? left !== undefined : compare(left, operator, right)
  }
  return { from: (value) => (Array.isArray(value) ? value.filter(matches) : []) }
}

const follow = (steps: readonly Step[], from: unknown) => steps.reduce<unknown>((value, step) => step.from(value)[0], from)

/** Values of two types are never equal and have no order; nor have those that are no scalars. */
function compare(left: unknown, operator: string, other: unknown): boolean {
  const a = scalar(left), right = scalar(other)
  if (a === undefined || right === undefined || typeof a !== typeof right) return false
  switch (operator) {
    case '==': return a === right
    case '!=': return a !== right
    case '<': return a < right
    case '<=': return a <= right
    case '>': return a > right
    default: return a >= right
  }
}

function scalar(value: unknown): string | number | boolean | undefined {
  if (JSON.isRawJSON(value)) return Number(value.rawJSON)
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : undefined
}

function viaLibrary(path: string): Finder {
  const own = `$${path.trim().replace(/^\$/, '').replaceAll(/\.((?:\\.|[^\s.,[\]$@{}\\])*\\\.(?:\\.|[^\s.,[\]$@{}\\])*)/g, (_, name: string) => `['${name.replaceAll('\\.', '.')}']`)}`
  if (/[{}]/.test(own)) throw new SyntaxError(`unrecognized column definition ${JSON.stringify(path)}`)
  return (object) => {
    try {
      return (JSONPath({ path: own, json: object, eval: false, wrap: true }) as unknown[])[0]
    } catch {
      // The library throws for filters it is not allowed to evaluate and for paths it cannot read: upstream leaves the cell empty.
      return undefined
    }
  }
}
