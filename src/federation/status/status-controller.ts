/** Writes what became of templates into their status: at most once a second for each, and nothing where nothing changed. What fleets show does not wait for it. */
import type { FederatedObject } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import { Queue } from '../../lib/queue.ts'
import { runController } from '../../machinery/controller/controller.ts'
import { follow } from '../../machinery/controller/follow.ts'
import type { KubeObject } from '../../machinery/meta/core.ts'
import type { Members } from '../member/members.ts'
import type { CopyLedger } from '../propagation/copy-ledger.ts'
import { unowned } from '../template/native-object.ts'
import { writeStatus } from '../template/server-user.ts'
import { splitTemplateKey, templateKey, type Templates, type TemplateStore } from '../template/templates.ts'
import { foldTemplateStatus } from './fold-template-status.ts'

export interface StatusControllerOptions {
  readonly templates: Templates
  readonly members: Members
  readonly ledger: CopyLedger
  /** What a member's watch shows of a template's copy. */
  readonly copyOf: (store: TemplateStore, key: string, cluster: string) => KubeObject | undefined
  readonly leads: () => boolean
  readonly concurrency: number
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Logger
}

const INTERVAL_MS = 1000
/** Of a template that was never told of, decision, writes and copies come one upon another. */
const CROWD_MS = 100
/** Of what is there it counts only that it is. */
const SOMETHING: KubeObject = { metadata: {} }
/** A template that is new is told of once every cluster has said something, and after so long in any case. */
const FIRST_MS = 3000

export class StatusController {
  readonly #options: StatusControllerOptions
  readonly #queue: Queue
  /** When each template's status was last written. */
  readonly #written = new Map<string, number>()
  /** Since when there is something to tell of templates that nothing was told of yet. */
  readonly #first = new Map<string, number>()

  constructor(options: StatusControllerOptions) {
    this.#options = options
    this.#queue = new Queue({ clock: options.clock, random: options.random })
  }

  /** A copy changed, or what is known of it. */
  kick(template: string): void {
    this.#queue.add(template, Math.max(this.#waitMs(template), this.#written.has(template) ? 0 : CROWD_MS))
  }

  /** Looks at every template: called when this replica begins to lead, as nobody may have told of what the one before had done. */
  kickAll(): void { for (const { id, cache } of this.#options.templates.list()) for (const run of cache.snapshot()) for (const { key } of run) this.kick(templateKey(id, key)) }

  /** Until the template's status may be written again; at most 0: it may. */
  #waitMs(template: string): number { return (this.#written.get(template) ?? -INTERVAL_MS) + INTERVAL_MS - this.#options.clock.now() }

  async run(signal: AbortSignal): Promise<void> {
    const { templates, ledger, clock, logger, concurrency } = this.#options, following: Promise<void>[] = []
    ledger.onChange((template) => this.kick(template), signal)
    templates.onKind((store) => {
      following.push(follow(store.cache, (key, object) => {
        const template = templateKey(store.id, key)
        if (object) this.kick(template)
        else {
          this.#written.delete(template)
          this.#first.delete(template)
        }
      }, { clock, logger, parse: () => SOMETHING }, AbortSignal.any([signal, store.signal])).done)
    }, signal)
    await runController({ name: 'status', queue: this.#queue, sources: [], reconcile: (key, inner) => this.#reconcile(key, inner), concurrency, logger }, signal)
    await Promise.all(following)
  }

  async #reconcile(template: string, signal: AbortSignal): Promise<{ readonly requeueAfterMs?: number }> {
    const { templates, leads, clock } = this.#options, { id, key } = splitTemplateKey(template), store = templates.get(id), federated = store?.get(key)
    if (!store || !federated || !leads()) return {}
    const now = clock.now(), waitMs = this.#waitMs(template)
    if (!federated.status?.schedule || this.#fold(store, key, federated, now) === federated.status) return {}
    if (waitMs > 0) return { requeueAfterMs: waitMs }
    const firstMs = this.#firstMs(store, key, federated, now)
    if (firstMs > 0) return { requeueAfterMs: firstMs }
    this.#first.delete(template)
    this.#written.set(template, now)
    await writeStatus(store.resource, key, (current) => this.#fold(store, key, current as FederatedObject, now), signal)
    return {}
  }

  /** How long the first status waits for the clusters that have not been heard of, and for copies that are made and not seen yet: what it says of them would be out of date at once. */
  #firstMs(store: TemplateStore, key: string, { status }: FederatedObject, now: number): number {
    const template = templateKey(store.id, key), heard = this.#options.ledger.of(template), isFirst = !status?.conditions?.some(({ type }) => type === 'Propagated')
    const isAwaited = (cluster: string) => { const known = heard.get(cluster); return known === undefined || (known !== 'gone' && known.state === 'OK' && !this.#options.copyOf(store, key, cluster)) }
    if (!isFirst || !status?.schedule?.targets?.some(({ cluster }) => isAwaited(cluster))) return 0
    const since = this.#first.get(template) ?? now
    this.#first.set(template, since)
    return since + FIRST_MS - now
  }

  #fold(store: TemplateStore, key: string, federated: FederatedObject, now: number) {
    const { ledger, members, copyOf } = this.#options, native = unowned(federated, store.target)
    return foldTemplateStatus({ federated, native, records: ledger.of(templateKey(store.id, key)), copyOf: (cluster) => copyOf(store, key, cluster), isJoined: (cluster) => members.get(cluster) !== undefined, isLost: (cluster) => members.get(cluster)?.state.state === 'unreachable', now })
  }
}
