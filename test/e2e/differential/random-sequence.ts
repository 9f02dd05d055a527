/** Sequences nobody thought of: requests about three widgets, right and wrong ones, as a seed decides. */
import type { Step } from '../../conformance/conversation.ts'
import type { Seeded } from '../../suites/seeded.ts'
import { apply, collect, create, GROUP_VERSION, json, list, merge, read, remove, removeAll, replace, type Sequence, TABLE, watch, widget } from './requests.ts'

const NAMES = ['a', 'b', 'c'], MANAGERS = ['m1', 'm2', 'm3'], LABELS = ['l=1', 'l=2', 'l!=1', 'l', '!l', 'l in (1,2)']
/** What a field may be given; the last ones are wrong somewhere. Replicas are neither zero nor what they are: of such a Scale a kube-apiserver forgets, or doubles, who owns them. */
const FIELDS: Readonly<Record<string, readonly unknown[]>> = {
  model: ['m-1', 'm-2', 'm-3', 'bad-x', 'X', 5], color: ['red', 'blue', 'green', 'purple'], replicas: [1, 2, 5, 100, 101, 'x'], minReplicas: [1, 3, -1], note: ['n', '', null, 'x'], grade: ['a', null],
  tags: [['a'], ['a', 'b'], ['b', 'a', 'c'], [], ['a', 'a']], args: [['1'], ['1', '2'], ['2', '1']], labels: [{ a: '1' }, { a: '2', b: '1' }, { b: '2' }, { long: '01234567890' }],
  parts: [[{ name: 'p' }], [{ name: 'p', count: 2 }, { name: 'q' }], [{ name: 'q', tags: ['t'] }, { name: 'p' }], [{ count: 1 }], [{ name: 'p' }, { name: 'p' }]],
  ports: [[{ port: 80 }], [{ port: 80, protocol: 'UDP' }, { port: 80 }], [{ port: 0 }]], nested: [{ a: '1' }, { a: '2', inner: { b: '1' } }, { inner: { c: '1' } }], selector: [{ x: '1' }, { y: '1' }],
  settings: [{ mode: 'fast' }, { limits: { max: 3 } }, { timeoutSeconds: 5 }, { limits: {} }], quotas: [{ q: { hard: 1 } }, { q: { hard: 1, soft: 2 }, r: { hard: 2 } }, { q: {} }], free: [{ any: [1, { a: 2 }] }, { any: 'x' }, { known: 'k' }],
  port: [80, '80', true], weight: [1.5, 2, -1], total: [1, 9007199254740991, 1.5], immutableRef: ['r', 's'], enabled: [true, false, 'yes'], bogus: [1, { a: 1 }], choice: [{ left: 'l' }, { right: 'r' }, {}], expiresAt: ['2024-01-01T00:00:00Z', 'soon'],
}

export function randomSequence(seeded: Seeded, length: number): Sequence {
  const steps: Record<string, Step> = { a: create(widget('a', {}, { labels: { l: '1' } })), 'watched': watch('w', { resourceVersion: '${a.metadata.resourceVersion}' }) }, latest = new Map([['a', 'a']])
  for (let i = 1; i <= length; i++) {
    const name = seeded.pick(NAMES), step = `step ${i}`
    steps[step] = seeded.pick(ACTIONS)(seeded, name, latest.get(name), i)
    if (steps[step].request!.path.endsWith(`/${name}`)) latest.set(name, step)
  }
  return { ...steps, 'told': collect('w', { deadline: 0.6, close: true }) }
}

/** `turn` counts the steps. */
type Action = (seeded: Seeded, name: string, latest: string | undefined, turn: number) => Step

function spec(seeded: Seeded, count = 1 + seeded.int(4)): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (let i = 0; i < count; i++) {
    const field = seeded.pick(Object.keys(FIELDS)), values = FIELDS[field]!
    // Mostly one of the first, which are right.
    result[field] = seeded.chance(0.75) ? values[seeded.int(Math.min(2, values.length))] : seeded.pick(values)
  }
  return result
}

function metadata(seeded: Seeded): Record<string, unknown> {
  return {
    ...(seeded.chance(0.5) && { labels: { l: seeded.pick(['1', '2']) } }), ...(seeded.chance(0.2) && { annotations: { n: seeded.pick(['1', '2']) } }),
    ...(seeded.chance(0.15) && { finalizers: seeded.pick([['example.com/f'], ['example.com/f', 'example.com/g'], []]) }), ...(seeded.chance(0.1) && { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'o', uid: seeded.pick(['u1', 'u2']) }] }),
  }
}

const options = (seeded: Seeded) => ({ query: { ...(seeded.chance(0.15) && { dryRun: 'All' }), ...(seeded.chance(0.2) && { fieldValidation: seeded.pick(['Strict', 'Warn', 'Ignore']) }), ...(seeded.chance(0.4) && { fieldManager: seeded.pick(MANAGERS) }) } })
const version = (seeded: Seeded, latest: string | undefined) => (latest !== undefined && seeded.chance(0.8) ? { resourceVersion: `\${${latest}.metadata.resourceVersion}` } : {})

// What an apply says of a field that there is not, kube-apiserver tells alone or among other mistakes as its maps have it: left out there.
const ACTIONS: readonly Action[] = [
  (seeded, name) => create(widget(name, spec(seeded), metadata(seeded)), options(seeded)),
  (seeded, name) => create(widget(name, spec(seeded), metadata(seeded)), options(seeded)),
  (seeded, name, latest) => replace(name, widget(name, spec(seeded), { ...metadata(seeded), ...version(seeded, latest) }), options(seeded)),
  (seeded, name, latest) => replace(name, { $merge: [`\${${latest ?? 'a'}}$json`, { metadata: { name, resourceVersion: null, ...version(seeded, latest) }, spec: spec(seeded) }] }, options(seeded)),
  (seeded, name) => merge(name, { spec: spec(seeded) }, options(seeded)),
  (seeded, name) => merge(name, { metadata: metadata(seeded), spec: seeded.chance(0.5) ? { [seeded.pick(Object.keys(FIELDS))]: null } : spec(seeded) }, options(seeded)),
  (seeded, name) => json(name, Object.entries(spec(seeded)).map(([field, value]) => ({ op: seeded.pick(['add', 'replace', 'test', 'remove']), path: `/spec/${field}`, value })), options(seeded)),
  (seeded, name) => apply(name, { apiVersion: GROUP_VERSION, kind: 'Widget', metadata: metadata(seeded), spec: { ...(seeded.chance(0.5) && { model: 'm-1' }), ...spec(seeded), bogus: undefined } }, seeded.pick(MANAGERS), { query: { ...(seeded.chance(0.4) && { force: 'true' }), ...(seeded.chance(0.1) && { dryRun: 'All' }) } }),
  (seeded, name) => apply(name, { apiVersion: GROUP_VERSION, kind: 'Widget', metadata: metadata(seeded), spec: { model: 'm-1', ...spec(seeded, 2), bogus: undefined } }, seeded.pick(MANAGERS), { query: { force: 'true' } }),
  (seeded, name) => merge(`${name}/status`, { metadata: metadata(seeded), status: seeded.pick([{ phase: 'Up' }, { replicas: 3 }, { conditions: [{ type: 'Ready', status: 'True' }] }, { conditions: [{ type: 'Ready' }] }, null]) }, options(seeded)),
  (seeded, name, _, turn) => merge(`${name}/scale`, { spec: { replicas: seeded.chance(0.8) ? 5 + turn : 101 } }, options(seeded)),
  (seeded, name) => remove(name, seeded.pick([undefined, { propagationPolicy: 'Orphan' }, { propagationPolicy: 'Foreground' }, { preconditions: { uid: 'nope' } }, { dryRun: ['All'] }])),
  // One at a time: the order in which several go is nobody's business.
  (seeded) => removeAll({ labelSelector: seeded.pick(LABELS), ...(seeded.chance(0.5) ? { dryRun: 'All' } : { limit: '1' }) }),
  (seeded, name) => merge(name, { metadata: { finalizers: null } }, options(seeded)),
  (seeded, name) => read(name, seeded.chance(0.2) ? { accept: TABLE } : {}),
  (seeded) => list({ ...(seeded.chance(0.5) && { labelSelector: seeded.pick(LABELS) }), ...(seeded.chance(0.3) && { fieldSelector: seeded.pick(['spec.color=red', 'spec.model!=m-1', 'metadata.name=a']) }), ...(seeded.chance(0.3) && { limit: '2' }) }, seeded.chance(0.2) ? { accept: TABLE } : {}),
]
