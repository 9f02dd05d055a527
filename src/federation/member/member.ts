import type { Cluster } from '../../apis/cluster.federation/v1alpha1/cluster.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Turns } from '../../lib/turns.ts'
import type { MemberConnection } from '../../machinery/client/connect.ts'
import type { Handler, Kind, Upgrader } from '../../machinery/meta/core.ts'
import { equalJson } from '../../machinery/meta/json-value.ts'
import { StatusError } from '../../machinery/meta/status-error.ts'
import type { Discovery } from './discovery.ts'
import { MemberCaches } from './member-caches.ts'
import type { NodeRoom } from './node-room.ts'
import { UnschedulablePods } from './unschedulable-pods.ts'

/** `since`: milliseconds since the epoch. `refused`: nothing is read from it and nothing sent to it until an administrator acts. */
export type MemberState = { readonly state: 'connecting' } | { readonly state: 'ready' } | { readonly state: 'unreachable'; readonly since: number; readonly reason: string } | { readonly state: 'refused'; readonly reason: string }

interface MemberOptions {
  readonly cluster: Cluster
  /** Throws where the cluster behind the endpoint is not the one that joined. */
  readonly verify: (signal: AbortSignal) => Promise<void>
  readonly onChange: () => void
  readonly clock: Clock
  readonly random: () => number
  readonly idleMs: number
  readonly pinned?: (kind: Kind) => boolean
  /** Bytes of JSON that one kind may take in memory. Absent: any number. */
  readonly cacheBytesMax?: number
  /** Whose turn it is to read a whole state, of all members. */
  readonly turns?: Turns | undefined
  /** States of kinds come as streams where the member has that, not in pages. */
  readonly streamsLists?: boolean
}

/** One joined cluster. The object lives as long as the Cluster does; connections, state and what was discovered change under it. */
export class Member {
  readonly name: string
  readonly caches: MemberCaches
  /** As far as its pods are followed. */
  readonly unschedulable = new UnschedulablePods()
  /** The member as this server's own credential sees it; stays the same while connections come and go. */
  readonly handler: Handler
  readonly upgrade: Upgrader
  /** The credential that may impersonate: that of impersonatorSecretRef, else the same one. */
  readonly impersonator: { readonly handler: Handler; readonly upgrade: Upgrader }
  readonly #onChange: () => void
  #cluster: Cluster
  #state: MemberState = { state: 'connecting' }
  #discovery: Discovery | undefined
  #identity: string | undefined
  #connection: MemberConnection | undefined
  #impersonating: MemberConnection | undefined
  #problem = 'not connected yet'
  #nodeRooms: () => readonly NodeRoom[] | undefined = () => undefined

  constructor({ cluster, verify, onChange, clock, random, idleMs, pinned, cacheBytesMax, turns, streamsLists = false }: MemberOptions) {
    this.name = cluster.metadata.name ?? ''
    this.#cluster = cluster
    this.#onChange = onChange
    this.handler = async (request, signal) => this.#use(this.#connection).handler(request, signal)
    this.upgrade = async (request, connection, signal) => this.#use(this.#connection).upgrade(request, connection, signal)
    this.impersonator = {
      handler: async (request, signal) => this.#use(this.#impersonating ?? this.#connection).handler(request, signal),
      upgrade: async (request, connection, signal) => this.#use(this.#impersonating ?? this.#connection).upgrade(request, connection, signal),
    }
    this.caches = new MemberCaches({ handler: this.handler, admit: verify, clock, random, idleMs, cluster: this.name, streamed: streamsLists, turns, onSetBack: onChange, ...(pinned && { pinned }), ...(cacheBytesMax !== undefined && { bytesMax: cacheBytesMax }) })
  }

  get state(): MemberState { return this.#state }
  /** The latest Cluster object. */
  get cluster(): Cluster { return this.#cluster }
  /** uid of the member's kube-system namespace, kept since it joined; undefined until it was first reached. */
  get identity(): string | undefined { return this.#identity }
  /** What the member serves; from Cluster.status until it answers; undefined where nothing was ever known. */
  get discovery(): Discovery | undefined { return this.#discovery }

  setCluster(cluster: Cluster): void {
    // Status is written often, and what it says is known here first; but decisions rest on the kinds that it names.
    const seen = ({ spec, metadata: { uid, labels, annotations, deletionTimestamp }, status }: Cluster) => ({ spec, uid, labels, annotations, deletionTimestamp, kinds: status?.apiEnablements }), isNews = !equalJson(seen(cluster), seen(this.#cluster))
    this.#cluster = cluster
    if (isNews) this.#onChange()
  }

  setState(state: MemberState): void {
    const before = this.#state
    this.#state = before.state === 'unreachable' && state.state === 'unreachable' ? { ...state, since: before.since } : state
    if (JSON.stringify(this.#state) === JSON.stringify(before)) return
    if (state.state === 'refused' && before.state !== 'refused') this.caches.clear(StatusError.expired(`cluster ${this.name} is refused: ${state.reason}`))
    // Its streams would be silent for a minute and more before they are missed, and what is held would not be told to be old.
    if (state.state === 'unreachable' && before.state !== 'unreachable') this.caches.cut()
    this.#onChange()
  }

  /** Its nodes with what they have free, by name; undefined where these are not followed, or not known yet. */
  get nodes(): readonly NodeRoom[] | undefined { return this.#nodeRooms() }

  /** Where `nodes` comes from; undefined: from nowhere any more. */
  setNodes(read: (() => readonly NodeRoom[] | undefined) | undefined): void { this.#nodeRooms = read ?? (() => undefined) }

  setDiscovery(discovery: Discovery): void {
    const before = this.#discovery
    this.#discovery = discovery
    // A server without ETags says the same again each time.
    if (discovery !== before && !(before && equalJson([discovery.kinds, discovery.stale], [before.kinds, before.stale]))) this.#onChange()
  }

  setIdentity(identity: string): void {
    if (identity === this.#identity) return
    // Objects of another cluster must not be taken for later versions of those held.
    if (this.#identity !== undefined) this.caches.startOver(StatusError.expired(`cluster ${this.name} is another cluster now`))
    this.#identity = identity
    this.#onChange()
  }

  /** New requests use `connection`; undefined: they fail with `problem`. Answers what was used before, for the caller to end. */
  setConnection(connection: MemberConnection | undefined, problem = ''): MemberConnection | undefined {
    const before = this.#connection
    this.#connection = connection
    this.#problem = problem
    return before
  }

  setImpersonator(connection: MemberConnection | undefined): MemberConnection | undefined {
    const before = this.#impersonating
    this.#impersonating = connection
    return before
  }

  /** Ends every stream. The member itself is left as it is. */
  async close(): Promise<void> {
    this.caches.close(StatusError.unavailable(`cluster ${this.name} has left`))
    const open = [this.setConnection(undefined, 'the cluster has left'), this.setImpersonator(undefined)]
    await Promise.all(open.flatMap((connection) => (connection ? [connection.close()] : [])))
  }

  #use(connection: MemberConnection | undefined): MemberConnection {
    if (this.#state.state === 'refused') throw StatusError.unavailable(`cluster ${this.name} is refused: ${this.#state.reason}`)
    if (!connection) throw StatusError.unavailable(`cluster ${this.name}: ${this.#problem}`, 10)
    return connection
  }
}
