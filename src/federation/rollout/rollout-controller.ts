/** Carries changes of templates from wave to wave: the one writer of status.rollout and the condition RolledOut, but for the write that changes the template. A step is stored before any cluster gets it. */
import type { Rollout } from '../../apis/policy.federation/v1alpha1/rollout.ts'
import type { FederatedObject, FederatedStatus } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import { nextCondition } from '../../apis/meta/v1/condition.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import { Queue } from '../../lib/queue.ts'
import { runController } from '../../machinery/controller/controller.ts'
import { follow } from '../../machinery/controller/follow.ts'
import type { KubeObject } from '../../machinery/meta/core.ts'
import { equalJson } from '../../machinery/meta/json-value.ts'
import { healthOf } from '../interpreter/health.ts'
import type { Member } from '../member/member.ts'
import type { Members } from '../member/members.ts'
import type { CopyRecord } from '../propagation/copy-decision.ts'
import type { CopyLedger } from '../propagation/copy-ledger.ts'
import { writeStatus } from '../template/server-user.ts'
import type { TemplateOccurrence } from '../template/template-events.ts'
import { splitTemplateKey, templateKey, type Templates, type TemplateStore } from '../template/templates.ts'
import { rollout, type RolloutDecision, type RolloutTarget } from './rollout.ts'

export interface RolloutControllerOptions {
  readonly templates: Templates
  readonly members: Members
  readonly ledger: CopyLedger
  /** What a member's watch shows of a template's copy. */
  readonly copyOf: (store: TemplateStore, key: string, cluster: string) => KubeObject | undefined
  readonly rolloutOf: (federated: FederatedObject) => Rollout | 'unknown' | 'gone' | undefined
  readonly record: (store: TemplateStore, federated: FederatedObject, event: TemplateOccurrence) => void
  readonly leads: () => boolean
  readonly concurrency: number
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Logger
}

type Decided = Omit<RolloutDecision, 'reason'> & { readonly reason: RolloutDecision['reason'] | 'PolicyGone' }

/** Policies and clusters change without a word to this stage; a change on its way is looked at again so often. */
const LOOK_MS = 10_000

export class RolloutController {
  readonly #options: RolloutControllerOptions
  readonly #queue: Queue
  /** Templates with a change on its way. */
  readonly #underway = new Set<string>()

  constructor(options: RolloutControllerOptions) {
    this.#options = options
    this.#queue = new Queue({ clock: options.clock, random: options.random })
  }

  /** A copy changed, or what is known of it. */
  kick(template: string): void { if (this.#underway.has(template)) this.#queue.add(template) }

  async run(signal: AbortSignal): Promise<void> {
    const { templates, ledger, clock, logger, concurrency } = this.#options, following: Promise<void>[] = []
    ledger.onChange((template) => this.kick(template), signal)
    templates.onKind((store) => {
      following.push(follow(store.cache, (key, object) => this.#see(templateKey(store.id, key), object as FederatedObject | undefined), { clock, logger, parse: store.parse }, AbortSignal.any([signal, store.signal])).done)
    }, signal)
    await runController({ name: 'rollout', queue: this.#queue, sources: [], reconcile: (key, inner) => this.#reconcile(key, inner), concurrency, logger }, signal)
    await Promise.all(following)
  }

  #see(template: string, federated: FederatedObject | undefined): void {
    if (federated?.status?.rollout && federated.metadata.deletionTimestamp === undefined) {
      this.#underway.add(template)
      this.#queue.add(template)
    } else this.#underway.delete(template)
  }

  async #reconcile(template: string, signal: AbortSignal): Promise<{ readonly requeueAfterMs?: number }> {
    const { templates, leads, record } = this.#options, { id, key } = splitTemplateKey(template), store = templates.get(id), federated = store?.get(key)
    if (!store || !federated?.status?.rollout || federated.metadata.deletionTimestamp !== undefined || store.whyOff() !== undefined) return {}
    const again = { requeueAfterMs: LOOK_MS }
    if (!leads()) return again
    const decided = this.#decide(store, key, federated)
    if (!decided) return again
    if (this.#next(federated, decided) !== federated.status) {
      let written: { readonly before: FederatedObject; readonly decided: Decided } | undefined
      await writeStatus(store.resource, key, (current) => {
        const before = current as FederatedObject, fresh = before.status?.rollout && this.#decide(store, key, before)
        written = fresh ? { before, decided: fresh } : undefined
        return fresh ? this.#next(before, fresh) : before.status
      }, signal)
      const event = written && eventOf(written.before, written.decided)
      if (event) record(store, written!.before, event)
    }
    return decided.rollout ? { requeueAfterMs: Math.min(decided.againMs ?? LOOK_MS, LOOK_MS) } : {}
  }

  /** Undefined: what it rests on is not known yet. */
  #decide(store: TemplateStore, key: string, federated: FederatedObject): Decided | undefined {
    const { rolloutOf, members, clock } = this.#options, rule = rolloutOf(federated), status = federated.status!.rollout!, names = federated.status?.schedule?.targets?.map(({ cluster }) => cluster) ?? []
    if (rule === 'unknown') return undefined
    if (rule === 'gone') return { rollout: status, status: 'False', reason: 'PolicyGone', message: 'the policy that orders the waves is gone: clusters keep what they have until a policy claims the template' }
    const targets = names.flatMap((name) => { const member = members.get(name); return member ? [this.#targetOf(member, store, key, federated)] : [] })
    return rollout({ waves: rule?.waves ?? [], status, targets, now: clock.now() })
  }

  #targetOf(member: Member, store: TemplateStore, key: string, federated: FederatedObject): RolloutTarget {
    const { ledger, copyOf } = this.#options, { cluster, state, name } = member, known = ledger.get(templateKey(store.id, key), name, federated), reachable = state.state === 'ready'
    return { cluster, reachable, ...(reachable ? problemOf(known === 'gone' ? undefined : known, copyOf(store, key, name), federated.status!.rollout!.generation) : { problem: 'not reachable', failed: false }) }
  }

  #next(federated: FederatedObject, decided: Decided): FederatedStatus {
    const { rollout: before, conditions = [], ...rest } = federated.status!, { rollout: next } = decided
    const told = nextCondition(federated, { ...decided, type: 'RolledOut' }, this.#options.clock.now()), known = conditions.find(({ type }) => type === told.type)
    if (next === before && equalJson(known, told)) return federated.status!
    return { ...rest, ...(next && { rollout: next }), conditions: [...conditions.filter(({ type }) => type !== told.type), told] }
  }
}

/** What keeps a copy from being counted as healthy with the change of `generation`. */
export function problemOf(record: CopyRecord | undefined, copy: KubeObject | undefined, generation: number): Pick<RolloutTarget, 'problem' | 'failed'> {
  if (record && record.state !== 'OK' && record.state !== 'Pending') return { problem: record.message ? `${record.state}: ${record.message}` : record.state, failed: true }
  if (record?.state !== 'OK' || (record.appliedGeneration ?? 0) < generation) return { problem: 'the change is not there yet', failed: false }
  if (!copy || (copy.metadata.generation ?? 0) < (record.copyGeneration ?? 0)) return { problem: 'the copy is not seen yet', failed: false }
  return { problem: healthOf(copy) === 'Unhealthy' ? 'Unhealthy' : undefined, failed: false }
}

function eventOf({ status }: FederatedObject, { rollout: next, reason, message }: Decided): TemplateOccurrence | undefined {
  const before = status?.conditions?.find(({ type }) => type === 'RolledOut'), isStopped = reason === 'WaveStopped' || reason === 'PolicyGone'
  if (isStopped) return before?.reason === reason ? undefined : { type: 'Warning', reason: reason === 'WaveStopped' ? 'RolloutStopped' : reason, message }
  if (!next) return { type: 'Normal', reason: 'RolledOut', message }
  return next.clusters?.length !== status?.rollout?.clusters?.length || before?.reason === 'WaveStopped' ? { type: 'Normal', reason: 'RollingOut', message } : undefined
}
