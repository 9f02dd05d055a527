import type { DiscoveredKind, Discovery } from '../federation/member/discovery.ts'
import type { Member } from '../federation/member/member.ts'
import { columnsFromPrinterColumns, type PrinterColumn } from '../federation/interpreter/columns/custom.ts'
import type { Logger } from '../lib/logger.ts'
import { getJson } from '../machinery/client/json-client.ts'
import type { Column } from '../machinery/meta/core.ts'

interface Definition { spec: { group: string; names: { plural: string }; versions: { name: string; additionalPrinterColumns?: PrinterColumn[] }[] } }
interface Held { readonly discovery: Discovery; readonly columns: ReadonlyMap<string, readonly Column[]> }

/** Printer columns of the members' custom kinds, read from their definitions whenever a member's discovery changes. */
export class CustomColumns {
  readonly #held = new WeakMap<Member, Held>()
  readonly #asked = new WeakMap<Member, Discovery>()
  readonly #logger: Logger

  constructor(logger: Logger) { this.#logger = logger }

  /** Undefined: not a custom kind, or not known yet. */
  of(member: Member, { group, version, plural }: DiscoveredKind): readonly Column[] | undefined { return this.#held.get(member)?.columns.get(`${group}/${version}/${plural}`) }

  /** Reads what is missing; `changed` is called once there are columns to show. */
  refresh(member: Member, changed: () => void, signal: AbortSignal): void {
    const { discovery } = member
    if (!discovery || member.state.state !== 'ready' || this.#asked.get(member) === discovery) return
    this.#asked.set(member, discovery)
    if (!discovery.kinds.some(({ group, plural }) => group === 'apiextensions.k8s.io' && plural === 'customresourcedefinitions')) return
    this.#read(member, discovery, signal).then(changed, (error: unknown) => {
      // Asked again with the next change of the member; until then custom kinds show Name and Age.
      this.#asked.delete(member)
      if (!signal.aborted) this.#logger.warn({ cluster: member.name, error: String(error) }, 'the printer columns of custom kinds cannot be read')
    })
  }

  async #read(member: Member, discovery: Discovery, signal: AbortSignal): Promise<void> {
    const { items } = await getJson<{ items: Definition[] }>(member.handler, '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', signal)
    const columns = items.flatMap(({ spec: { group, names, versions } }) => versions.flatMap(({ name, additionalPrinterColumns }) => (additionalPrinterColumns ? [[`${group}/${name}/${names.plural}`, columnsFromPrinterColumns(additionalPrinterColumns)] as const] : [])))
    this.#held.set(member, { discovery, columns: new Map(columns) })
  }
}
