import type { PropagationPolicy } from '../../apis/policy.federation/v1alpha1/propagation-policy.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import { Queue } from '../../lib/queue.ts'
import { runController } from '../../machinery/controller/controller.ts'
import type { Resource } from '../../machinery/meta/core.ts'
import { equalJson } from '../../machinery/meta/json-value.ts'
import { scopeOfKey } from '../../machinery/meta/object-key.ts'
import type { PolicyReference } from '../claim/any-policy.ts'
import { writeStatus } from '../template/server-user.ts'

export interface PolicyStatusOptions {
  /** PropagationPolicies and ClusterPropagationPolicies. */
  readonly policies: readonly Resource[]
  /** How many templates a policy has claimed. */
  readonly claimed: (policy: PolicyReference) => number
  readonly leads: () => boolean
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Logger
}

/** Claims come in crowds. */
const SETTLE_MS = 500

/** Writes into policies how many templates they have claimed. */
export class PolicyStatus {
  readonly #options: PolicyStatusOptions
  readonly #queue: Queue
  readonly #seen = new Set<string>()

  constructor(options: PolicyStatusOptions) {
    this.#options = options
    this.#queue = new Queue({ clock: options.clock, random: options.random })
  }

  /** The claims of a policy changed, or the policy did. */
  kick({ kind, namespace, name }: PolicyReference): void { this.#kick(`${kind}|${namespace ? `${namespace}/` : ''}${name}`) }
  /** Looks at every policy again: called when this replica begins to lead. */
  kickAll(): void { for (const key of this.#seen) this.#kick(key) }
  #kick(key: string): void {
    this.#seen.add(key)
    this.#queue.add(key, SETTLE_MS)
  }

  async run(signal: AbortSignal): Promise<void> {
    await runController({ name: 'policy status', queue: this.#queue, sources: [], reconcile: (key, inner) => this.#reconcile(key, inner), concurrency: 2, logger: this.#options.logger }, signal)
  }

  async #reconcile(queueKey: string, signal: AbortSignal): Promise<{ readonly requeueAfterMs?: number }> {
    const { policies, claimed, leads } = this.#options, at = queueKey.indexOf('|'), kind = queueKey.slice(0, at), key = queueKey.slice(at + 1)
    const resource = policies.find((one) => one.kind.kind === kind), scope = scopeOfKey(key)
    if (!resource?.writer) return {}
    const count = claimed({ kind: kind as PolicyReference['kind'], ...scope }), [entry] = (await resource.reader.list(scope, signal)).entries
    if (!entry) this.#seen.delete(queueKey)
    if (!entry || !leads() || equalJson((entry.parse() as PropagationPolicy).status, next(entry.parse() as PropagationPolicy, count))) return {}
    await writeStatus({ kind: resource.kind, writer: resource.writer }, key, (current) => next(current as PropagationPolicy, count), signal)
    return {}
  }
}

const next = ({ metadata: { generation } }: PropagationPolicy, claimed: number) => ({ ...(generation !== undefined && { observedGeneration: generation }), claimed })
