import { Buffer } from 'node:buffer'
import { CLUSTER_LABEL } from '../federation/interpreter/identity-bound.ts'
import { parsePruned } from '../machinery/cache/pruned.ts'
import type { SlabEntry } from '../machinery/cache/slab-entry.ts'
import type { Entry, FieldPath, KubeObject, Position, Sink } from '../machinery/meta/core.ts'
import { parseJson } from '../machinery/meta/json.ts'

/** A cluster's marks as bytes, made once. What is the host's (`cluster` '') has none. */
export class ClusterMarks {
  /** As `label`, for what is parsed. */
  readonly added: Readonly<Record<string, string>>
  readonly suffix: Buffer
  /** `"cluster.federation/name":"member1"`, alone, before other labels, and with the map around it. */
  readonly label: Buffer
  readonly labelComma: Buffer
  readonly labels: Buffer

  constructor(cluster: string) {
    const label = cluster && `"${CLUSTER_LABEL}":"${cluster}"`
    this.added = cluster ? { [CLUSTER_LABEL]: cluster } : {}
    this.suffix = Buffer.from(cluster && `@${cluster}`)
    this.label = Buffer.from(label)
    this.labelComma = Buffer.from(label && `${label},`)
    this.labels = Buffer.from(label && `"labels":{${label}},`)
  }
}

/** Bytes of the member's object to write otherwise; `from` to `to` in its slab. */
export interface Splice { readonly from: number; readonly to: number; readonly bytes: Uint8Array }

/**
 * An identity-bound object as the fleet shows it: `name@cluster`, the cluster's label, the merged position, and the uids of folded owners,
 * spliced in while writing. What is held is the member's bytes.
 */
export class ClusterEntry implements Entry {
  readonly key: string
  readonly position: Position
  readonly #base: SlabEntry
  readonly #marks: ClusterMarks
  readonly #splices: readonly Splice[]

  constructor(options: { key: string; base: SlabEntry; marks: ClusterMarks; position: Position; splices?: readonly Splice[] }) {
    this.key = options.key
    this.position = options.position
    this.#base = options.base
    this.#marks = options.marks
    this.#splices = options.splices ?? NONE
  }

  get size(): number { return this.#base.size + this.#marks.labels.length + this.position.length }
  emit(sink: Sink, position = this.position): void { this.#write(sink, this.#base.start, this.#base.end, position) }
  emitMetadata(sink: Sink, position = this.position): void { this.#write(sink, this.#base.metadata, this.#base.metadataEnd, position) }
  labels(): Readonly<Record<string, string>> { return { ...this.#base.labels(), ...this.#marks.added } }

  parse(only?: readonly FieldPath[]): KubeObject {
    if (only || this.#splices.length > 0) return this.#parseWritten(only)
    const object = this.#base.parse(), { metadata } = object
    metadata.name = `${metadata.name}${this.#marks.suffix.toString()}`
    metadata.labels = { ...metadata.labels, ...this.#marks.added }
    metadata.resourceVersion = this.position
    return object
  }

  /** Uids may stand anywhere: what was written says where. */
  #parseWritten(only: readonly FieldPath[] | undefined): KubeObject {
    const writing = new Writing(this.size + this.#marks.suffix.length + VERSION_BYTES + this.#splices.reduce((sum, { bytes }) => sum + bytes.length, 0))
    this.emit(writing)
    return only ? parsePruned(writing.bytes, 0, writing.length, only) : (parseJson(`{${writing.bytes.toString('utf8', 0, writing.length)}`) as KubeObject)
  }

  /** Thousands of rows are written at a time: nothing is allocated. */
  #write(sink: Sink, start: number, end: number, position: Position): void {
    const { home, at, nameEnd, version, versionEnd, labelsAt, metadata } = this.#base, { suffix, label, labelComma, labels } = this.#marks, order = ORDER
    order.clear()
    order.add(nameEnd, nameEnd, suffix, suffix.length)
    for (const { from, to, bytes } of this.#splices) order.add(from, to, bytes, bytes.length)
    if (labelsAt >= 0) { const mark = home[at + labelsAt + 1] === CLOSE ? label : labelComma; order.add(labelsAt + 1, labelsAt + 1, mark, mark.length) }
    else order.add(metadata + 1, metadata + 1, labels, labels.length)
    // Before POSITION is named: it may be another one then.
    const length = written(version >= 0 ? position : `"resourceVersion":"${position}",`)
    if (version >= 0) order.add(version, versionEnd, POSITION, length)
    else order.add(metadata + 1, metadata + 1, POSITION, length)
    order.write(sink, home, at, start, end)
  }
}

/** Splices in byte order: writers differ in the order of metadata's fields. Those at one place stay in the order in which they were added. */
class SpliceOrder {
  readonly #from: number[] = []
  readonly #to: number[] = []
  readonly #bytes: Uint8Array[] = []
  readonly #lengths: number[] = []
  #count = 0

  clear(): void { this.#count = 0 }

  /** `length`: how many of the bytes are meant. */
  add(from: number, to: number, bytes: Uint8Array, length: number): void {
    let at = this.#count++
    for (; at > 0 && this.#from[at - 1]! > from; at--) this.#put(at, this.#from[at - 1]!, this.#to[at - 1]!, this.#bytes[at - 1]!, this.#lengths[at - 1]!)
    this.#put(at, from, to, bytes, length)
  }

  /** `start` to `end` of what begins at `offset` in `home`; splices outside of it are left out. */
  write(sink: Sink, home: Uint8Array, offset: number, start: number, end: number): void {
    let at = start
    for (let i = 0; i < this.#count; i++) {
      const from = this.#from[i]!, to = this.#to[i]!
      if (from < start || to > end) continue
      if (from > at) sink.put(home, offset + at, offset + from)
      sink.put(this.#bytes[i]!, 0, this.#lengths[i])
      at = to
    }
    sink.put(home, offset + at, offset + end)
  }

  #put(at: number, from: number, to: number, bytes: Uint8Array, length: number): void {
    this.#from[at] = from
    this.#to[at] = to
    this.#bytes[at] = bytes
    this.#lengths[at] = length
  }
}
const ORDER = new SpliceOrder()

/** Positions have some thousand digits at most, in the largest fleets. */
let POSITION = Buffer.allocUnsafeSlow(1 << 10)

/** Writes a text to POSITION and answers its length. */
function written(text: string): number {
  if (text.length > POSITION.length) POSITION = Buffer.allocUnsafeSlow(text.length * 2)
  return POSITION.write(text, 'latin1')
}

/** What is written to be parsed at once. */
class Writing implements Sink {
  readonly bytes: Buffer
  length = 0
  constructor(maxBytes: number) { this.bytes = maxBytes <= SCRATCH.length ? SCRATCH : Buffer.allocUnsafeSlow(maxBytes) }
  put(bytes: Uint8Array, start = 0, end = bytes.length): void {
    copy.call(bytes, this.bytes, this.length, start, end)
    this.length += end - start
  }
}
const SCRATCH = Buffer.allocUnsafeSlow(64 << 10), { copy } = Buffer.prototype

/** `"resourceVersion":"",` */
const VERSION_BYTES = 21
const CLOSE = 125, NONE: readonly Splice[] = []
