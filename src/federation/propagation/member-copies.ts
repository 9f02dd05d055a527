import { ParsedEntries } from '../../machinery/cache/parsed-entries.ts'
import type { Change, Entry, Kind, KubeObject, Position } from '../../machinery/meta/core.ts'
import { StatusError } from '../../machinery/meta/status-error.ts'
import type { Member } from '../member/member.ts'
import type { MemberCacheUse } from '../member/member-caches.ts'
import { MANAGED_LABEL } from '../template/marks.ts'
import { copyKeyOf, hubKeyOf } from '../template/namespace-template.ts'
import type { TemplateStore } from '../template/templates.ts'
import type { PropagationOptions } from './propagation-context.ts'

interface CopiesOf {
  readonly member: Member
  readonly store: TemplateStore
  readonly options: Pick<PropagationOptions, 'fleetId' | 'clock' | 'logger'>
  /** Told of every change; undefined: the watch no longer shows one, which is no proof that it is gone. */
  readonly onCopy: (key: string, copy: KubeObject | undefined) => void
  /** What there is has been told completely, at first and after the member became another cluster; or it turned out that it cannot be told. */
  readonly onKnown: () => void
  /** The member was set back, became another cluster, or was lost sight of: versions of before mean nothing any more. */
  readonly onLost: () => void
}

/** A copy that changed is looked at by whoever writes it and by whoever tells of it. */
const RENEW_MS = 500, PARSED_MAX = 256

/** Keys here are those of templates. The copies of one kind in one member that are this fleet's, followed by their label: memory follows what is owned, not what the member has. */
export class MemberCopies {
  readonly #of: CopiesOf
  readonly #parsed = new ParsedEntries(PARSED_MAX)
  #use: MemberCacheUse | undefined

  constructor(of: CopiesOf, signal: AbortSignal) {
    this.#of = of
    void this.#run(signal)
  }

  get isReady(): boolean { return this.#use?.cache.isReady ?? false }
  /** How far the member has been followed. */
  get position(): Position { return this.#use?.cache.position ?? '0' }

  /** Why nothing was ever known of them; undefined: nothing speaks against it. */
  get problem(): string | undefined {
    const state = this.#use?.state()
    return state?.state === 'failed' ? state.reason : undefined
  }

  get(key: string): KubeObject | undefined {
    const entry = this.#use?.cache.get(copyKeyOf(this.#of.store.target, key))
    return entry && this.#typed(entry)
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { member, store: { target }, options: { fleetId, clock, logger } } = this.#of
    const kind: Kind = { group: target.group, version: target.version, kind: target.kind, listKind: `${target.kind}List`, plural: target.plural, singular: target.kind.toLowerCase(), shortNames: [], categories: [], namespaced: target.namespaced, columns: [], fields: {} }
    while (!signal.aborted) {
      const use = (this.#use = member.caches.acquire(kind, `${MANAGED_LABEL}=${fleetId}`))
      let problem: string | undefined
      use.onState((state) => {
        if (state.state === 'failed' && state.reason !== problem) this.#of.onKnown()
        problem = state.state === 'failed' ? state.reason : undefined
      })
      try {
        for await (const batch of use.cache.watch({ initial: true }, signal)) this.#take(batch)
      } catch (error) {
        // The member became another cluster, or left: a new cache is asked for, and what is known begins anew.
        if (!signal.aborted) logger.debug({ cluster: member.name, resource: target.plural, error: error instanceof StatusError ? error.reason : String(error) }, 'copies are followed from a new cache')
      } finally { use.release() }
      this.#of.onLost()
      if (!signal.aborted) await clock.sleep(RENEW_MS, signal)
    }
  }

  #take(batch: readonly Change[]): void {
    for (const change of batch) {
      if (change.type !== 'BOOKMARK') this.#of.onCopy(hubKeyOf(this.#of.store.target, change.entry.key), change.type === 'DELETED' ? undefined : this.#typed(change.entry))
      else if (change.initial) this.#of.onKnown()
    }
  }

  #typed(entry: Entry): KubeObject {
    const { group, version, kind } = this.#of.store.target
    return { apiVersion: group ? `${group}/${version}` : version, kind, ...this.#parsed.of(entry) }
  }
}
