/**
 * The two narrow waists of the system. Below `ListerWatcher`: storage, members, caches. Above it: HTTP, controllers, federation.
 * Below `Handler`: sockets, members behind a client, simulated members. Above it: everything that speaks HTTP.
 *
 * Three rules: bytes are the truth · everything here is immutable · a stream is a sequence of batches.
 */
import type { Duplex } from 'node:stream'
import type { JsonSchema } from './json-schema.ts'

/**
 * A resourceVersion: decimal digits without leading zeros, of any length; longer is later, then digit by digit (KEP-5504).
 * Only its maker looks inside. Compare with `comparePositions`.
 */
export type Position = string

export interface ObjectMeta {
  name?: string
  generateName?: string
  namespace?: string
  uid?: string
  resourceVersion?: string
  generation?: number
  creationTimestamp?: string
  deletionTimestamp?: string
  deletionGracePeriodSeconds?: number
  labels?: Record<string, string>
  annotations?: Record<string, string>
  finalizers?: string[]
  ownerReferences?: OwnerReference[]
  managedFields?: unknown[]
  [field: string]: unknown
}

export interface OwnerReference { apiVersion: string; kind: string; name: string; uid: string; controller?: boolean; blockOwnerDeletion?: boolean }

export interface KubeObject {
  apiVersion?: string
  kind?: string
  metadata: ObjectMeta
  [field: string]: unknown
}

/**
 * A kind is a value, so that ours, a custom resource's and one discovered in a member are served by the same code.
 * `T` exists only for the compiler.
 */
export interface Kind<T extends KubeObject = KubeObject> {
  /** '' is the core group. */
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly listKind: string
  readonly plural: string
  readonly singular: string
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly namespaced: boolean
  /** Loaded on first use: a member's schema is fetched, ours are generated from types. Absent: no schema is known. */
  readonly schema?: (signal: AbortSignal) => Promise<JsonSchema>
  /** Cells of a Table, Name first. */
  readonly columns: readonly Column<T>[]
  /** What a Table says of a whole row: that a pod has come to its end. */
  readonly rowConditions?: { readonly reads: readonly FieldPath[]; of(this: void, object: T): readonly RowCondition[] }
  /** Selectable fields beyond metadata.name and metadata.namespace, by their path as written in a field selector. */
  readonly fields: Readonly<Record<string, (object: T) => string>>
  /** The version its objects are stored as, where that is another. */
  readonly storageVersion?: string
  /** Its versions are merged positions, which may have more digits than 64 bits hold. */
  readonly longVersions?: boolean
  /** Answers carry it as a `Warning: 299`: the version is deprecated. */
  readonly deprecation?: string
  /** Where the subresource `scale` finds its numbers; absent: the kind cannot be scaled. */
  readonly scale?: ScalePaths
  /** Takes strategic merge patches, as the kinds that a kube-apiserver has compiled in: its schema says how lists are merged. Kinds from CustomResourceDefinitions take none. */
  readonly strategicMerge?: boolean
  /** A kube-apiserver has the kind compiled in: it tells mistakes in bodies in the order in which it comes upon them. */
  readonly isTyped?: boolean
  /** Items of its lists say apiVersion and kind, as those of custom resources: of kinds that a kube-apiserver has compiled in, the list alone says it. Watches and single objects always do. */
  readonly describesItems?: boolean
}

/** Simple paths in dot notation, as a CustomResourceDefinition has them: `.spec.replicas`. Without a label selector the Scale has none. */
export interface ScalePaths { readonly specReplicasPath: string; readonly statusReplicasPath: string; readonly labelSelectorPath?: string; /** What an object without replicas asks for. Absent: it cannot be scaled before it has some. */ readonly defaultReplicas?: number }

/** A TableRowCondition of meta.k8s.io. */
export interface RowCondition { readonly type: string; readonly status: string; readonly reason: string; readonly message: string }

/** Ages are computed when a row is written: a cached row leaves a hole for them (`since`: milliseconds since the epoch). `live` is the same for what changes without the object; `now` is the row's time of writing in milliseconds. */
export type Cell = string | number | boolean | null | readonly unknown[] | { readonly since: number } | { readonly live: (now: number) => string }

export interface Column<T extends KubeObject = KubeObject> {
  readonly name: string
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date'
  /** OpenAPI format, 'name' for the Name column, else ''. */
  readonly format?: string
  readonly description?: string
  /** 0 always shown, above 0 only with `-o wide`. */
  readonly priority?: number
  /** All that `cell` looks at. Absent: it may look at anything, and objects are parsed in full for it. */
  readonly reads?: readonly FieldPath[]
  cell(this: void, object: T): Cell
}

/** A field by the names on the way to it: written with dots, or as a list where a name has dots of its own. What is a list on the way stands for each of its items. */
export type FieldPath = string | readonly string[]

/**
 * One version of one object. Its body is JSON without apiVersion and kind, which belong to the stream (lists omit them, watches add them).
 * Worked example: `emit` writes `"metadata":{"name":"web",…},"spec":{…}}`, closing brace included; whoever writes it has put `{` and, where wanted, `"kind":"Deployment","apiVersion":"apps/v1",` before.
 */
export interface Entry {
  /** 'namespace/name', or 'name' where cluster-scoped; sorts by bytes, as etcd does. */
  readonly key: string
  /** What metadata.resourceVersion says. */
  readonly position: Position
  /** Bytes that `emit` will write, about: for budgets and chunk sizes. */
  readonly size: number
  /** Writes the body. `position` replaces metadata.resourceVersion: a delete carries the position of the deletion. */
  emit(sink: Sink, position?: Position): void
  /** Writes the value of metadata only: PartialObjectMetadata and Table rows need no parsing. */
  emitMetadata(sink: Sink, position?: Position): void
  labels(): Readonly<Record<string, string>>
  /** Parsed afresh, never kept by the entry and owned by the caller; without apiVersion and kind. Whoever needs it twice keeps a projection (cells, fields, fold input). `only`: whatever else the object has may be missing; a list that is always the same one is understood once. */
  parse(only?: readonly FieldPath[]): KubeObject
}

/** Copies bytes into chunks of about 64 KB, which are recycled once the socket has taken them. Callers may pass views of a slab. */
export interface Sink { put(bytes: Uint8Array, start?: number, end?: number): void }

/** Compiled once per request. Every implementer must apply it. `labels` and `fields` are the texts, for passing on. `equals` are values that whatever matches must have, for who keeps entries by such values. */
export interface Selector { matches(entry: Entry): boolean; readonly labels?: string; readonly fields?: string; readonly equals?: readonly Equality[] }

/** The value of one label or field is one of `values`. `key` says of which: the same key, the same `valueOf`. */
export interface Equality { readonly key: string; readonly values: readonly string[]; valueOf(this: void, entry: Entry): string | undefined }

export interface Query {
  readonly namespace?: string
  readonly name?: string
  readonly where?: Selector
  /** Absent: consistent, at least as new as the moment of the call. `notOlder` waits until reached; `exact` answers that very state or throws Expired. */
  readonly at?: { readonly position: Position; readonly match: 'exact' | 'notOlder' }
}

export interface ListQuery extends Query {
  readonly limit?: number
  /** Begin behind this key: the `next.after` of the page before. */
  readonly after?: string
}

export interface WatchQuery extends Query {
  /** Begin with the state as ADDED changes followed by a bookmark with `initial: true`. Otherwise resume after `at` (absent: from now on). */
  readonly initial?: boolean
}

/** A page of one consistent snapshot. `entries` is lazy, can be walked again, and stays valid however slowly it is read. */
export interface Page {
  readonly entries: Iterable<Entry>
  /** The same in runs, where the page is all of a snapshot: a run in which nothing has changed is the same array in the next one. */
  readonly runs?: readonly (readonly Entry[])[]
  readonly position: Position
  /** Present when there is more. `remaining` is known only where no selector filters. */
  readonly next?: { readonly after: string; readonly remaining?: number }
  /** Texts for `Warning: 299` headers, e.g. `cluster member2 unreachable for 42s: 120 objects may be stale`. */
  readonly warnings: readonly string[]
}

/** `previous` lets a selector tell MODIFIED from ADDED and DELETED. A delete's entry is the last state; `position` is the delete's. */
export type Change =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly entry: Entry; readonly previous?: Entry; readonly position: Position }
  | { readonly type: 'BOOKMARK'; readonly position: Position; readonly initial?: boolean }

/** One batch is one write to a client. The same array is handed to every watcher, so encodings are memoised by its identity. */
export type Batch = readonly Change[]

/**
 * Implemented by stored kinds, caches, members and merged views.
 * Errors: StatusError with reason Expired where the position is too old (thrown by list, and by watch at any time), Timeout with cause ResourceVersionTooLarge where it is in the future.
 * A watch ends when the signal aborts (returns) or when the consumer fell off the history (returns; it resumes from its last position).
 */
export interface ListerWatcher {
  readonly kind: Kind
  list(query: ListQuery, signal: AbortSignal): Promise<Page>
  watch(query: WatchQuery, signal: AbortSignal): AsyncIterable<Batch>
}

/** Who asks. `groups` includes system:authenticated or system:unauthenticated once authentication is done. */
export interface User {
  readonly name: string
  readonly uid?: string
  readonly groups: readonly string[]
  readonly extra: Readonly<Record<string, readonly string[]>>
}

export interface WriteOptions {
  readonly user: User
  /** Field manager of the request. */
  readonly manager: string
  readonly dryRun?: boolean
  /** What the client says it is doing, e.g. `kubectl diff`. */
  readonly command?: string
  /** 'status' writes only what the status strategy lets through; others write the main resource under that name. Absent: the main resource. */
  readonly subresource?: string
  /** A status that this server itself worked out: what it makes fits the schema, and is not checked against it, nor are anybody's rights asked. Admission is. */
  readonly computed?: boolean
  /** Who owns which field has been worked out by whoever wrote the object (apply, scale): metadata.managedFields is stored as it comes. */
  readonly ownershipSettled?: boolean
  /** For what depends on old and new (the verb `join`, RBAC escalation): throws StatusError Forbidden. */
  readonly authorize: (verb: string, resource: { readonly group: string; readonly resource: string; readonly namespace?: string; readonly name?: string; readonly subresource?: string }) => Promise<void>
  /** Collects texts for `Warning: 299` headers. */
  readonly warn: (text: string) => void
}

export interface DeleteOptions extends WriteOptions {
  readonly uid?: string
  readonly position?: Position
  readonly propagation?: 'Foreground' | 'Background' | 'Orphan'
  readonly gracePeriodSeconds?: number
}

/** PUT, every PATCH, apply, status and scale are all `update`. */
export interface Writer {
  /** Errors: Invalid, AlreadyExists, Forbidden, BadRequest. */
  create(object: KubeObject, options: WriteOptions, signal: AbortSignal): Promise<Entry>
  /**
   * `change` is pure and is run again with the fresh object after a lost race; it throws a StatusError to refuse. `current` is what the kind's readers see, with metadata.resourceVersion.
   * A resourceVersion or uid in its result is a precondition. `current` undefined: the object does not exist; `change` throws NotFound, or answers an object to create.
   */
  update(key: string, change: (current: KubeObject | undefined) => KubeObject, options: WriteOptions, signal: AbortSignal): Promise<{ readonly entry: Entry; readonly created: boolean }>
  /** `removed` false: finalizers keep it, and `entry` is what remains. */
  delete(key: string, options: DeleteOptions, signal: AbortSignal): Promise<{ readonly entry: Entry; readonly removed: boolean }>
}

/** What the router mounts. Verbs in discovery follow from what is present. Authorisation is decided before, from the request alone. */
export interface Resource {
  readonly kind: Kind
  readonly reader: ListerWatcher
  readonly writer?: Writer
  /** Instead of a writer: writes go to another server as they come, and this is its answer. Negotiated by whoever passes them on. */
  readonly passOn?: (name: string | undefined, request: Request, signal: AbortSignal) => Promise<Response>
  /** Nothing of it can be read, or changed: a question that is asked by creating it. */
  readonly onlyCreate?: boolean
  /** `deletecollection` is advertised and served only where true: mirrored groups must not offer it, or the host would empty members. */
  readonly deleteCollection?: boolean
  /** True: `status` is a subresource of its own (get, patch, update) served through reader and writer. */
  readonly status?: boolean
  /** The subresource `scale`: objects of autoscaling/v1, by the same names. */
  readonly scale?: Resource
  /** Connecting subresources by name: proxy, log, exec, … */
  readonly connect?: Readonly<Record<string, Connector>>
}

/** A connecting subresource (`clusters/{name}/proxy/…`): whatever is behind it is long-running and speaks for itself. */
export interface Connector {
  /** Verbs as discovery lists them, e.g. ['create', 'delete', 'get', 'patch', 'update']. */
  readonly verbs: readonly string[]
  /** GVK that discovery names as responseKind. */
  readonly responseKind: { readonly group: string; readonly version: string; readonly kind: string }
  handle(target: ConnectTarget, request: Request, signal: AbortSignal): Promise<Response>
  /** Absent: upgrade requests are refused with 400. */
  upgrade?(target: ConnectTarget, request: Request, connection: Connection, signal: AbortSignal): Promise<Response | undefined>
}

/** `path` is the rest behind the subresource, raw as sent: '' or '/api/v1/pods'. */
export interface ConnectTarget { readonly namespace?: string; readonly name: string; readonly path: string }

/** The second waist: our server, a member behind a client, a simulated member and a pass-through are all one of these. */
export type Handler = (request: Request, signal: AbortSignal) => Promise<Response>

/** The protocol switches of HTTP/1.1 (exec, port-forward, WebSocket watch). Answers a Response where it refuses; undefined once it has taken the socket. */
export type Upgrader = (request: Request, connection: Connection, signal: AbortSignal) => Promise<Response | undefined>
export interface Connection {
  readonly socket: Duplex
  readonly head: Uint8Array
  /** For how long whoever speaks on it waits for the other side to read, where a stalled reader would keep alive what it is read from. */
  readonly stalledMs?: number
}

/** Names lower-case, several values of one name as several pairs, values never split at commas: `O="x, system:masters"` is one group. */
export type Headers = readonly (readonly [name: string, value: string])[]

export interface Request {
  readonly method: string
  /** As sent: still percent-encoded, without the query. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Headers
  readonly body?: AsyncIterable<Uint8Array>
  /** Set by authentication. */
  readonly user?: User
  /** What the transport knows of the caller. */
  readonly peer?: Peer
  /** Audit-Id: given by the client, else made by the first filter. */
  readonly id?: string
}

export interface Peer {
  readonly address: string
  /** DER certificates the client presented, leaf first; not yet verified. Empty: none. */
  readonly certificates: readonly Uint8Array[]
}

export interface Response {
  readonly status: number
  readonly headers: Headers
  /** Chunks taken from a ChunkSink are given back (`recycle`) by whoever has written them to a socket. */
  readonly body: Uint8Array | AsyncIterable<Uint8Array>
  /** The same body as gzip, cheaper than compressing it. */
  readonly gzip?: () => AsyncIterable<Uint8Array>
}

/** Below the first waist: a revisioned map of bytes. Keys are paths: '/cluster.federation/clusters/member1'. */
export interface Storage {
  /**
   * Records whose key starts with `prefix`, in key order, of one snapshot (`revision` absent: now). `total` counts those behind the page too.
   * Errors: StatusError Expired where compacted, Timeout (ResourceVersionTooLarge) where in the future.
   */
  range(prefix: string, options: { readonly revision?: number; readonly after?: string; readonly limit?: number }, signal: AbortSignal): Promise<StoredPage>
  get(key: string, signal: AbortSignal): Promise<{ readonly record: StoredRecord | undefined; readonly revision: number }>
  /** Durable when answered. `expect`: the revision the key must have, 0 means absent. `value` undefined deletes. Answers the new revision, or the record that was there instead. */
  commit(key: string, value: Uint8Array | undefined, expect: number, signal: AbortSignal): Promise<{ readonly revision: number } | { readonly current: StoredRecord | undefined }>
  /**
   * Every change above `after`, in order, none lost and none twice; what is delivered is durable. `revision` is how far the store has been looked at: it advances past changes elsewhere too (then `lines` is empty).
   * Errors: StatusError Expired where compacted. Returns when the signal aborts.
   */
  watch(prefix: string, after: number, signal: AbortSignal): AsyncIterable<{ readonly lines: readonly StoredLine[]; readonly revision: number }>
  /** The latest revision, linearizable: a write acknowledged before the call is included. */
  revision(signal: AbortSignal): Promise<number>
  /** Forgets history below `revision`; the present state stays. */
  compact(revision: number, signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** `isStale`: it is not kept as it would be written now, so it is worth writing though nothing changes. */
export interface StoredRecord { readonly key: string; readonly value: Uint8Array; readonly revision: number; readonly isStale?: boolean }
export interface StoredPage { readonly records: readonly StoredRecord[]; readonly revision: number; readonly more: boolean; readonly total: number }
/** `now` undefined: deleted at `revision`. `before` undefined: created. */
export interface StoredLine { readonly key: string; readonly now?: StoredRecord; readonly before?: StoredRecord; readonly revision: number }
