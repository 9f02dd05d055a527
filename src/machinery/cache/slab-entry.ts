import type { Entry, KubeObject, Position, Sink } from '../meta/core.ts'
import { parseJson, stringifyJson } from '../meta/json.ts'
import { closeOf, cutMember, Scan, squeeze } from './scan.ts'
import type { Slab } from './slab.ts'

/**
 * A view of bytes that lie in a slab: one small object, no copy. Slabs are append-only and freed by the collector, so whoever holds an entry may read it forever.
 * The offsets are public for views that splice while they write: a suffix goes to `nameEnd`, a first label behind `labelsAt`, a `"labels":{…},` behind `metadata`, another version over `version`…`versionEnd`.
 * Read the slab and the offsets together, without an await between: `moveTo` changes them all.
 * They come in no fixed order except that `start` ≤ `metadata` < all others ≤ `metadataEnd` ≤ `end`. The bytes hold no white space between tokens.
 */
export class SlabEntry implements Entry {
  readonly key: string
  slab: Buffer
  /** First byte of the body, behind the `{`. */
  start: number
  /** Behind the closing brace. */
  end: number
  /** The `{` of metadata. */
  metadata: number
  metadataEnd: number
  /** The quote that closes the name. */
  nameEnd: number
  /** Content of the string resourceVersion; -1 where there is none (metrics.k8s.io). */
  version: number
  versionEnd: number
  /** The `{` of labels; -1 where there are none. `slab[labelsAt + 1]` is `}` where they are empty. */
  labelsAt: number

  private constructor(slab: Buffer, scan: Scan) {
    const name = text(slab, scan.name, scan.nameEnd)
    this.key = scan.namespace < 0 || scan.namespace === scan.namespaceEnd ? name : `${text(slab, scan.namespace, scan.namespaceEnd)}/${name}`
    this.slab = slab
    this.start = scan.body
    this.end = scan.end
    this.metadata = scan.metadata
    this.metadataEnd = scan.metadataEnd
    this.nameEnd = scan.nameEnd
    this.version = scan.version
    this.versionEnd = scan.versionEnd
    this.labelsAt = scan.labels
  }

  /**
   * The object whose `{` is at `at`, and the offset behind it; undefined while it does not end before `limit`.
   * The slab becomes the entry's: bytes of the object may be moved within it. Throws SyntaxError for what is no Kubernetes object.
   */
  static read(scan: Scan, slab: Buffer, at: number, limit: number): { readonly entry: SlabEntry; readonly next: number } | undefined {
    if (!scan.run(slab, at, limit)) return undefined
    const next = scan.end
    if (!scan.spaced && !scan.odd && scan.misplaced < 0) return { entry: SlabEntry.#checked(slab, scan), next }
    if (scan.spaced) scan.run(slab, at, squeeze(slab, at, next))
    if (scan.odd) {
      slab = rewritten(slab, at, scan.end)
      at = 0
      scan.run(slab, at, slab.length)
    }
    while (scan.misplaced >= 0) {
      const { end } = scan
      at = cutMember(slab, at, scan.misplaced, scan.misplacedEnd)
      scan.run(slab, at, end)
    }
    return { entry: SlabEntry.#checked(slab, scan), next }
  }

  /** Drops apiVersion and kind. The object needs metadata.name. */
  static of(object: KubeObject): SlabEntry {
    const { apiVersion: _apiVersion, kind: _kind, ...body } = object, bytes = own(stringifyJson(body))
    return SlabEntry.read(new Scan(), bytes, 0, bytes.length)!.entry
  }

  static #checked(slab: Buffer, scan: Scan): SlabEntry {
    if (scan.odd || scan.name < 0 || scan.metadataEnd < 0) throw new SyntaxError('not a Kubernetes object: metadata.name is missing, or a field of metadata has the wrong type')
    return new SlabEntry(slab, scan)
  }

  /** '' where the object has no resourceVersion. */
  get position(): Position { return this.version < 0 ? '' : this.slab.toString('latin1', this.version, this.versionEnd) }
  get size(): number { return this.end - this.start }

  emit(sink: Sink, position?: Position): void { this.#write(sink, this.start, this.end, position) }
  emitMetadata(sink: Sink, position?: Position): void { this.#write(sink, this.metadata, this.metadataEnd, position) }

  labels(): Readonly<Record<string, string>> {
    if (this.labelsAt < 0) return {}
    return JSON.parse(this.slab.toString('utf8', this.labelsAt, closeOf(this.slab, this.labelsAt, this.metadataEnd))) as Record<string, string>
  }

  parse(): KubeObject { return parseJson(`{${this.slab.toString('utf8', this.start, this.end)}`) as KubeObject }

  /** Moves the bytes to another slab, so that one with few living entries can be collected. What the entry says stays the same. */
  moveTo(slab: Slab): void {
    const shift = slab.keep(this.slab, this.start, this.end) - this.start
    this.slab = slab.bytes
    this.start += shift
    this.end += shift
    this.metadata += shift
    this.metadataEnd += shift
    this.nameEnd += shift
    if (this.version >= 0) { this.version += shift; this.versionEnd += shift }
    if (this.labelsAt >= 0) this.labelsAt += shift
  }

  #write(sink: Sink, start: number, end: number, position?: Position): void {
    if (position === undefined) { sink.put(this.slab, start, end); return }
    const replaces = this.version >= 0, at = replaces ? this.version : this.metadata + 1
    sink.put(this.slab, start, at)
    sink.put(Buffer.from(replaces ? position : `"resourceVersion":"${position}",`, 'latin1'))
    sink.put(this.slab, replaces ? this.versionEnd : at, end)
  }
}

/** Names are ASCII nearly always; RBAC allows others. */
const UNUSUAL = /[\\\u0080-\u00ff]/
function text(slab: Buffer, start: number, end: number): string {
  const plain = slab.toString('latin1', start, end)
  return UNUSUAL.test(plain) ? (JSON.parse(`"${slab.toString('utf8', start, end)}"`) as string) : plain
}

function rewritten(slab: Buffer, at: number, end: number): Buffer {
  const object = parseJson(slab.toString('utf8', at, end)) as KubeObject, metadata: unknown = object.metadata
  delete object.apiVersion
  delete object.kind
  if (typeof metadata === 'object' && metadata !== null) for (const [field, value] of Object.entries(metadata)) if (value === null) delete (metadata as Record<string, unknown>)[field]
  return own(stringifyJson(object))
}

/** Not from Node's pool of small buffers: an entry that stays would keep 8 KB of neighbours. */
function own(json: string): Buffer {
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(json))
  bytes.write(json)
  return bytes
}
