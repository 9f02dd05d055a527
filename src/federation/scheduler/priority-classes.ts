import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import { follow } from '../../machinery/controller/follow.ts'
import type { KubeObject, ListerWatcher } from '../../machinery/meta/core.ts'

/** Every cluster has these (pkg/apis/scheduling/v1/helpers.go). */
const SYSTEM: ReadonlyMap<string, number> = new Map([['system-cluster-critical', 2_000_000_000], ['system-node-critical', 2_000_001_000]])

/** Where PriorityClasses are, or what stands for them. */
export interface PriorityClassSource { readonly source: ListerWatcher; readonly priority: (object: KubeObject) => number | undefined }

/** Values of PriorityClasses by name. */
export class PriorityClasses {
  readonly #values = new Map(SYSTEM)

  valueOf(name: string): number | undefined { return this.#values.get(name) }

  /** Until the signal aborts; `onChange` is called when a class came, went or changed its value. */
  async follow({ source, priority, onChange }: PriorityClassSource & { readonly onChange: () => void }, retry: { readonly clock: Clock; readonly logger: Logger }, signal: AbortSignal): Promise<void> {
    await follow(source, (name, object) => {
      const before = this.#values.get(name), next = (object && priority(object)) ?? SYSTEM.get(name)
      if (next === undefined) this.#values.delete(name)
      else this.#values.set(name, next)
      if (next !== before) onChange()
    }, retry, signal).done
  }
}
