import { dns1123Subdomain } from '../../machinery/meta/names.ts'
import type { Definitions } from '../../machinery/schema/resolve-schema.ts'
import { targetId } from '../template/templates.ts'
import type { TargetKind } from '../template/target-kind.ts'

/** A custom kind as a member described it. Kept in the store, so that a restart without members serves the same kinds. */
export interface TypeRecord {
  readonly kind: Omit<TargetKind, 'isBuiltIn' | 'definition' | 'definitions' | 'validateName'>
  /** Name of its definition among `definitions`, which hold all that it refers to. */
  readonly definition: string
  readonly definitions: Definitions
  /** The cluster it was read from, and the hash of the document that it was in. */
  readonly source: { readonly cluster: string; readonly hash: string }
}

export const recordId = ({ kind }: TypeRecord): string => targetId(kind)

export const targetOf = ({ kind, definition, definitions }: TypeRecord): TargetKind => ({ ...kind, isBuiltIn: false, definition, definitions, validateName: dns1123Subdomain })
