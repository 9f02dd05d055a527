import type { DiscoveredKind, Discovery } from '../federation/member/discovery.ts'
import type { Member } from '../federation/member/member.ts'
import { compileJsonPath } from '../federation/interpreter/columns/json-path.ts'
import { plain } from '../federation/interpreter/columns/column.ts'
import { columnsFromPrinterColumns, type PrinterColumn } from '../federation/interpreter/columns/custom.ts'
import type { Logger } from '../lib/logger.ts'
import { getJson } from '../machinery/client/json-client.ts'
import type { Column, Kind } from '../machinery/meta/core.ts'

interface Definition { spec: { group: string; names: { plural: string }; versions: DefinedVersion[] } }
interface DefinedVersion { name: string; additionalPrinterColumns?: PrinterColumn[]; selectableFields?: { jsonPath: string }[] }
interface Held { readonly discovery: Discovery; readonly kinds: ReadonlyMap<string, CustomKind> }

/** What the definition of a custom kind says of how it is read. `columns` undefined: Name and Age. */
export interface CustomKind { readonly columns: readonly Column[] | undefined; readonly fields: Kind['fields'] }

/** Printer columns and selectable fields of the members' custom kinds, read from their definitions whenever a member's discovery changes. */
export class CustomKinds {
  readonly #held = new WeakMap<Member, Held>()
  readonly #asked = new WeakMap<Member, Discovery>()
  readonly #logger: Logger

  constructor(logger: Logger) { this.#logger = logger }

  /** Undefined: not a custom kind, or not known yet. */
  of(member: Member, { group, version, plural }: DiscoveredKind): CustomKind | undefined { return this.#held.get(member)?.kinds.get(`${group}/${version}/${plural}`) }

  /** Reads what is missing; `changed` is called once there is something to show. */
  refresh(member: Member, changed: () => void, signal: AbortSignal): void {
    const { discovery } = member
    if (!discovery || member.state.state !== 'ready' || this.#asked.get(member) === discovery) return
    this.#asked.set(member, discovery)
    if (!discovery.kinds.some(({ group, plural }) => group === 'apiextensions.k8s.io' && plural === 'customresourcedefinitions')) return
    this.#read(member, discovery, signal).then(changed, (error: unknown) => {
      // Asked again with the next change of the member; until then custom kinds show Name and Age, and are selected by no field.
      this.#asked.delete(member)
      if (!signal.aborted) this.#logger.warn({ cluster: member.name, error: String(error) }, 'the definitions of custom kinds cannot be read')
    })
  }

  async #read(member: Member, discovery: Discovery, signal: AbortSignal): Promise<void> {
    const { items } = await getJson<{ items: Definition[] }>(member.handler, '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', signal)
    const kinds = items.flatMap(({ spec: { group, names, versions } }) => versions.map((version) => [`${group}/${version.name}/${names.plural}`, customKind(version)] as const))
    this.#held.set(member, { discovery, kinds: new Map(kinds) })
  }
}

const customKind = ({ additionalPrinterColumns, selectableFields = [] }: DefinedVersion): CustomKind => ({
  columns: additionalPrinterColumns && columnsFromPrinterColumns(additionalPrinterColumns), fields: Object.fromEntries(selectableFields.map(({ jsonPath }) => [jsonPath.replace(/^\./, ''), fieldAt(jsonPath)])),
})

function fieldAt(path: string): CustomKind['fields'][string] {
  const find = compileJsonPath(path)
  return (object) => {
    const value = find(object)
    return value === undefined || value === null ? '' : plain(value)
  }
}
