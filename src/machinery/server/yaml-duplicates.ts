import { EVENT_ALIAS, EVENT_MAPPING, EVENT_POP, EVENT_SCALAR, EVENT_SEQUENCE, getScalarValue, parseEvents } from 'js-yaml'
import { MAX_DEPTH } from '../meta/json-value.ts'
import { MAX_REPORTED } from './duplicate-fields.ts'

/** Keys that a mapping of the document gives twice, in the words of Kubernetes' YAML decoder (go.yaml.in/yaml/v2): `line 4: key "name" already set in map`. The line is that of the value. `text` must be YAML. */
export function yamlDuplicates(text: string): string[] {
  const found: string[] = [], open: Open[] = [], lineOf = lines(text)
  for (const event of parseEvents(text, { maxDepth: MAX_DEPTH })) {
    if (found.length === MAX_REPORTED) break
    if (event.type === EVENT_POP) { open.pop(); continue }
    const container = open.at(-1), isKey = container?.keys !== undefined && container.key === undefined
    const start = event.type === EVENT_SCALAR ? event.valueStart : event.type === EVENT_ALIAS ? event.anchorStart : 'start' in event ? event.start : 0
    if (isKey) container.key = event.type === EVENT_SCALAR ? shown(getScalarValue(text, event), text[event.valueStart - 1] === '"' || text[event.valueStart - 1] === '\'') : ''
    else if (container?.keys) {
      const key = container.key!
      if (key !== '' && key !== MERGE && container.keys.has(key)) found.push(`line ${lineOf(start)}: key ${key} already set in map`)
      container.keys.add(key)
      delete container.key
    }
    if (event.type === EVENT_MAPPING) open.push({ keys: new Set() })
    else if (event.type === EVENT_SEQUENCE) open.push({})
    else if (event.type !== EVENT_SCALAR && event.type !== EVENT_ALIAS) open.push({})
  }
  return found
}

/** `key`: read, its value not yet. A list or a document has no keys. */
interface Open { readonly keys?: Set<string>; key?: string }

const MERGE = '"<<"'
const shown = (key: string, isQuoted: boolean) => (!isQuoted && /^(?:-?\d+|true|false)$/.test(key) ? key : JSON.stringify(key))

function lines(text: string): (offset: number) => number {
  let line = 1, seen = 0
  // Events come in the order of the text, so that it is walked once; values of a mapping may begin before what is in them ended, hence the return.
  return (offset) => {
    if (offset < seen) { line = 1; seen = 0 }
    for (let next = text.indexOf('\n', seen); next >= 0 && next < offset; next = text.indexOf('\n', seen)) { line++; seen = next + 1 }
    return line
  }
}
