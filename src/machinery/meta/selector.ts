import type { Entry, Equality, Kind, Selector } from './core.ts'
import { parseFieldSelector } from './field-selector.ts'
import { parseLabelSelector } from './label-selector.ts'
import { StatusError } from './status-error.ts'

/**
 * A request's selectors, checked against what the kind can select by. Throws StatusError BadRequest.
 * Labels and the metadata fields cost no parsing; declared fields are computed once per entry and kind.
 */
export function compileSelector(texts: { readonly labels?: string; readonly fields?: string }, kind: Kind): Selector {
  const labels = parseLabelSelector(texts.labels ?? ''), fields = parseFieldSelector(texts.fields ?? '')
  for (const { field } of fields.requirements) if (!(field in METADATA) && !Object.hasOwn(kind.fields, field)) throw unknownField(field, kind)
  const valueOf = (entry: Entry) => (field: string) => {
    const ofKey = METADATA[field]
    return ofKey ? ofKey(entry.key) : declared(entry, kind)[field]!
  }
  const equals: Equality[] = [
    ...labels.requirements.flatMap(({ key, operator, values }) => (IN.has(operator) ? [{ key: `label ${key}`, values, valueOf: (entry: Entry) => { const labels = entry.labels(); return Object.hasOwn(labels, key) ? labels[key] : undefined } }] : [])),
    ...fields.requirements.flatMap(({ field, operator, value }) => (operator === '=' && !(field in METADATA) ? [{ key: `field ${field}`, values: [value], valueOf: (entry: Entry) => declared(entry, kind)[field] }] : [])),
  ]
  return {
    equals,
    matches: (entry) => (labels.isEmpty || labels.matches(entry.labels())) && (fields.isEmpty || fields.matches(valueOf(entry))),
    ...(!labels.isEmpty && { labels: labels.toString() }),
    ...(!fields.isEmpty && { fields: fields.toString() }),
  }
}

const IN: ReadonlySet<string> = new Set(['=', '==', 'in'])

const METADATA: Readonly<Record<string, (key: string) => string>> = Object.assign(Object.create(null) as object, {
  'metadata.name': (key: string) => key.slice(key.indexOf('/') + 1),
  'metadata.namespace': (key: string) => key.slice(0, Math.max(0, key.indexOf('/'))),
})

/** Kinds with fields of their own are answered as a kube-apiserver does for them, the others as by its default conversion. */
const unknownField = (field: string, kind: Kind) =>
  StatusError.badRequest(Object.keys(kind.fields).length > 0 ? `field label not supported: ${field}` : `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`)

/** Entries are immutable, so this is a pure memo; it lives as long as the entry. Keyed by kind first: the same entry may be served as two kinds. */
const memo = new WeakMap<Kind['fields'], WeakMap<Entry, Readonly<Record<string, string>>>>()

function declared(entry: Entry, { fields }: Kind): Readonly<Record<string, string>> {
  let ofKind = memo.get(fields)
  if (!ofKind) memo.set(fields, (ofKind = new WeakMap()))
  let values = ofKind.get(entry)
  if (!values) {
    const object = entry.parse()
    ofKind.set(entry, (values = Object.fromEntries(Object.entries(fields).map(([field, read]) => [field, read(object)]))))
  }
  return values
}
