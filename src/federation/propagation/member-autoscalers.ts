import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import type { Change, Kind } from '../../machinery/meta/core.ts'
import { isReason } from '../../machinery/meta/status-error.ts'
import { scaleTargetOf, type ScaleTarget } from './scale-target.ts'
import type { Member } from '../member/member.ts'
import type { MemberCacheUse } from '../member/member-caches.ts'

interface AutoscalersOptions {
  readonly member: Member
  /** An autoscaler for this workload came or went. */
  readonly onTarget: (target: ScaleTarget) => void
  /** All there are were told, or it turned out that they cannot be known. */
  readonly onReady: () => void
  readonly clock: Clock
  readonly logger: Logger
}

const KIND: Kind = { group: 'autoscaling', version: 'v2', kind: 'HorizontalPodAutoscaler', listKind: 'HorizontalPodAutoscalerList', plural: 'horizontalpodautoscalers', singular: 'horizontalpodautoscaler', shortNames: [], categories: [], namespaced: true, columns: [], fields: {} }
const RENEW_MS = 500

/** The workloads of one member that its own autoscalers scale, whoever made these: the replicas are theirs. Followed from the first question on. */
export class MemberAutoscalers {
  readonly #options: AutoscalersOptions
  readonly #signal: AbortSignal
  /** By workload the autoscalers that name it, and back. */
  readonly #byTarget = new Map<string, Set<string>>()
  readonly #targets = new Map<string, ScaleTarget>()
  #isFollowing = false
  #use: MemberCacheUse | undefined
  /** The cache has told all there was. */
  #isReady = false
  #isRefused = false

  constructor(options: AutoscalersOptions, signal: AbortSignal) {
    this.#options = options
    this.#signal = signal
  }

  /** Undefined: not known yet. A member that has no autoscalers, or does not let this server see them, is taken to have none. */
  scales(target: ScaleTarget): boolean | undefined {
    const { discovery } = this.#options.member
    if (discovery && !discovery.kinds.some(({ group, version, plural }) => group === KIND.group && version === KIND.version && plural === KIND.plural)) return false
    if (!this.#isFollowing) {
      this.#isFollowing = true
      void this.#run()
    }
    if (this.#isReady) return this.#byTarget.has(keyOf(target))
    return this.#isRefused ? false : undefined
  }

  async #run(): Promise<void> {
    const { member, clock, logger } = this.#options
    while (!this.#signal.aborted) {
      const use = (this.#use = member.caches.acquire(KIND)), present = new Set<string>()
      use.onState(() => this.#useState(use))
      this.#useState(use)
      try {
        for await (const batch of use.cache.watch({ initial: true }, this.#signal)) for (const change of batch) this.#take(change, present)
      } catch (error) {
        // The member became another cluster, or left. What was known holds until what there is now has been told.
        if (!this.#signal.aborted) logger.debug({ cluster: member.name, error: String(error) }, 'autoscalers are followed from a new cache')
      } finally { use.release() }
      if (!this.#signal.aborted) await clock.sleep(RENEW_MS, this.#signal)
    }
  }

  #useState(use: MemberCacheUse): void {
    if (use !== this.#use) return
    const state = use.state(), isRefused = state.state === 'failed' && isReason(state.error, 'Forbidden', 'Unauthorized', 'NotFound', 'MethodNotAllowed')
    if (isRefused && !this.#isRefused) this.#options.logger.warn({ cluster: this.#options.member.name, error: state.reason }, 'autoscalers of the cluster cannot be seen: replicas that they set are set back, unless spec.retainReplicas is true')
    if (isRefused === this.#isRefused) return
    this.#isRefused = isRefused
    if (isRefused) this.#options.onReady()
  }

  #take(change: Change, present: Set<string>): void {
    if (change.type !== 'BOOKMARK') {
      present.add(change.entry.key)
      this.#set(change.entry.key, change.type === 'DELETED' ? undefined : scaleTargetOf(change.entry.parse()))
    } else if (change.initial) {
      for (const key of this.#targets.keys()) if (!present.has(key)) this.#set(key, undefined)
      this.#isReady = true
      this.#options.onReady()
    }
  }

  #set(autoscaler: string, target: ScaleTarget | undefined): void {
    const before = this.#targets.get(autoscaler), old = before && keyOf(before), next = target && keyOf(target)
    if (old === next) return
    if (before) {
      const others = this.#byTarget.get(old!)!
      others.delete(autoscaler)
      if (others.size === 0) this.#byTarget.delete(old!)
      this.#targets.delete(autoscaler)
    }
    if (target) {
      this.#targets.set(autoscaler, target)
      this.#byTarget.set(next!, (this.#byTarget.get(next!) ?? new Set()).add(autoscaler))
    }
    for (const one of [before, target]) if (one) this.#options.onTarget(one)
  }
}

const keyOf = ({ group, kind, key }: ScaleTarget) => `${group}/${kind}/${key}`
