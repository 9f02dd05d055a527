import type { Entry, FieldPath, KubeObject, Position, Sink } from '../meta/core.ts'
import { parseJson, stringifyJson } from '../meta/json.ts'
import { parsePruned } from './pruned.ts'
import { closeOf, cutMember, Scan, squeeze } from './scan.ts'
import type { Slab } from './slab.ts'

/**
 * A view of bytes that lie in a slab: one small object, no copy. Slabs are append-only and freed by the collector, so whoever holds an entry may read it forever.
 * The offsets are public for views that splice while they write: a suffix goes to `nameEnd`, a first label behind `labelsAt`, a `"labels":{…},` behind `metadata`, another version over `version`…`versionEnd`.
 * They are offsets in `slab`, never change, and come in no fixed order except that `start` ≤ `metadata` < all others ≤ `metadataEnd` ≤ `end`. The bytes hold no white space between tokens.
 */
export class SlabEntry implements Entry {
  readonly key: string
  /** Behind the closing brace. */
  readonly end: number
  /** The `{` of metadata. */
  readonly metadata: number
  readonly metadataEnd: number
  /** The quote that closes the name. */
  readonly nameEnd: number
  /** Content of the string resourceVersion; -1 where there is none (metrics.k8s.io). */
  readonly version: number
  readonly versionEnd: number
  /** The `{` of labels; -1 where there are none. `slab[labelsAt + 1]` is `}` where they are empty. */
  readonly labelsAt: number
  #home: Buffer
  #at: number

  private constructor(slab: Buffer, scan: Scan) {
    const name = text(slab, scan.name, scan.nameEnd), at = scan.body
    // Joined, it is one string; put together with +, it would be kept as its parts besides.
    this.key = scan.namespace < 0 || scan.namespace === scan.namespaceEnd ? name : [text(slab, scan.namespace, scan.namespaceEnd), name].join('/')
    this.end = scan.end - at
    this.metadata = scan.metadata - at
    this.metadataEnd = scan.metadataEnd - at
    this.nameEnd = scan.nameEnd - at
    this.version = scan.version < 0 ? -1 : scan.version - at
    this.versionEnd = scan.version < 0 ? -1 : scan.versionEnd - at
    this.labelsAt = scan.labels < 0 ? -1 : scan.labels - at
    this.#home = slab
    this.#at = at
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

  /** The slab as seen from here: the entry's own bytes. Not to be kept: `moveTo` leaves the old place. */
  get slab(): Buffer { return this.#home.subarray(this.#at, this.#at + this.end) }
  /** First byte of the body, behind the `{`. */
  get start(): number { return 0 }
  /** The whole buffer that this entry keeps from the collector, and where the entry begins in it. Not to be kept, likewise. */
  get home(): Buffer { return this.#home }
  get at(): number { return this.#at }
  /** '' where the object has no resourceVersion. */
  get position(): Position { return this.version < 0 ? '' : this.#home.toString('latin1', this.#at + this.version, this.#at + this.versionEnd) }
  get size(): number { return this.end }

  emit(sink: Sink, position?: Position): void { this.#write(sink, 0, this.end, position) }
  emitMetadata(sink: Sink, position?: Position): void { this.#write(sink, this.metadata, this.metadataEnd, position) }

  labels(): Readonly<Record<string, string>> {
    if (this.labelsAt < 0) return {}
    const from = this.#at + this.labelsAt
    return JSON.parse(this.#home.toString('utf8', from, closeOf(this.#home, from, this.#at + this.metadataEnd))) as Record<string, string>
  }

  parse(only?: readonly FieldPath[]): KubeObject {
    if (only) return parsePruned(this.#home, this.#at, this.#at + this.end, only)
    return parseJson(`{${this.#home.toString('utf8', this.#at, this.#at + this.end)}`) as KubeObject
  }

  /** Moves the bytes to another slab, so that one with few living entries can be collected. Nobody else notices. */
  moveTo(slab: Slab): void {
    this.#at = slab.keep(this.#home, this.#at, this.#at + this.end)
    this.#home = slab.bytes
  }

  #write(sink: Sink, start: number, end: number, position?: Position): void {
    const bytes = this.#home, at = this.#at
    if (position === undefined) { sink.put(bytes, at + start, at + end); return }
    const replaces = this.version >= 0, from = replaces ? this.version : this.metadata + 1
    sink.put(bytes, at + start, at + from)
    sink.put(Buffer.from(replaces ? position : `"resourceVersion":"${position}",`, 'latin1'))
    sink.put(bytes, at + (replaces ? this.versionEnd : from), at + end)
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
