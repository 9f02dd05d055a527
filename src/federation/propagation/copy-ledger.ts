import type { FederatedObject } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import { equalJson } from '../../machinery/meta/json-value.ts'
import type { CopyRecord } from './copy-decision.ts'
import { isFinished } from './deletion.ts'

/**
 * What this process knows of each copy, by template and cluster: what it wrote and what came of it. What is not known here is taken from the template's stored
 * status, so that a restart writes nothing that is there already. `gone`: known to have no copy.
 */
export class CopyLedger {
  readonly #records = new Map<string, Map<string, CopyRecord | 'gone'>>()
  readonly #finished = new Map<string, Map<string, boolean>>()
  readonly #listeners = new Set<(template: string, cluster: string) => void>()

  /** Called after every change of a record. */
  onChange(listener: (template: string, cluster: string) => void, signal: AbortSignal): void {
    this.#listeners.add(listener)
    signal.addEventListener('abort', () => this.#listeners.delete(listener), { once: true })
  }

  get(template: string, cluster: string, federated: FederatedObject): CopyRecord | 'gone' | undefined {
    const known = this.#records.get(template)?.get(cluster)
    if (known) return known
    const stored = federated.status?.clusters?.find(({ name }) => name === cluster)
    if (!stored) return undefined
    const { name: _name, health: _health, unhealthySince: _since, status: _status, ...outcome } = stored
    return outcome
  }

  /** Of every cluster that this process has dealt with. */
  of(template: string): ReadonlyMap<string, CopyRecord | 'gone'> { return this.#records.get(template) ?? NONE }

  /** `before`: what was known, from the stored status too; that it is so is no news. */
  set(template: string, cluster: string, record: CopyRecord | 'gone', before = this.#records.get(template)?.get(cluster)): void {
    let records = this.#records.get(template)
    if (!records) this.#records.set(template, (records = new Map()))
    records.set(cluster, record)
    if (!equalJson(before, record)) for (const listener of this.#listeners) listener(template, cluster)
  }

  /** Whether the copy of a Job that a watch shows has run to its end. */
  noteFinished(template: string, cluster: string, isOver: boolean): void {
    const finished = this.#finished.get(template)
    if (finished) finished.set(cluster, isOver)
    else this.#finished.set(template, new Map([[cluster, isOver]]))
  }

  /** What was not seen here is taken from the stored status. */
  isFinished(template: string, cluster: string, federated: FederatedObject): boolean {
    return this.#finished.get(template)?.get(cluster) ?? isFinished({ kind: 'Job', metadata: {}, status: federated.status?.clusters?.find(({ name }) => name === cluster)?.status })
  }

  /** Another server has written meanwhile: what is stored counts. */
  forget(): void { this.#records.clear() }

  /** The template is gone. */
  drop(template: string): void {
    this.#records.delete(template)
    this.#finished.delete(template)
  }
}

const NONE: ReadonlyMap<string, CopyRecord | 'gone'> = new Map()
