import type { FederatedObject } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import type { Member } from '../member/member.ts'
import type { Members } from '../member/members.ts'
import type { OwnedTemplates } from '../template/owned-templates.ts'
import type { TemplateOccurrence } from '../template/template-events.ts'
import type { Templates, TemplateStore } from '../template/templates.ts'
import type { CopyLedger } from './copy-ledger.ts'
import type { DividedBounds } from './divided-bounds.ts'
import type { PropagationRules } from './propagation-rules.ts'
import type { RemovalBudget } from './removal-budget.ts'
import type { Rendering } from './render.ts'
import type { StoreGuard } from './store-guard.ts'
import type { Tombstones } from './tombstones.ts'

export interface PropagationOptions {
  readonly fleetId: string
  readonly templates: Templates
  readonly members: Members
  readonly ledger: CopyLedger
  readonly tombstones: Tombstones
  readonly guard: StoreGuard
  readonly budget: RemovalBudget
  readonly rendering: Rendering
  /** What of a copy is the member's business: names from the object's root. */
  readonly retained: (store: TemplateStore, federated: FederatedObject, member: Member) => readonly string[] | undefined
  /** What the policy that claimed the template says of how it is carried out; undefined: none has. */
  readonly policyOf: (federated: FederatedObject) => PropagationRules | undefined
  /** What of templates' looks in members follows from other templates. */
  readonly bounds: DividedBounds
  /** Labels that a namespace made in a member gets from that of the host. */
  readonly namespaceLabels: (namespace: string, signal: AbortSignal) => Promise<Readonly<Record<string, string>>>
  /** What the template owns goes, or is let go, before the template itself does. */
  readonly owned: Pick<OwnedTemplates, 'release'>
  /** A member's watch told of a copy: what it reports may have changed. */
  readonly onCopy: (template: string) => void
  readonly record: (store: TemplateStore, federated: FederatedObject, event: TemplateOccurrence) => void
  /** No garbage collector of a host looks at templates: what finalizers ask of one is this server's to do. */
  readonly isCollector: boolean
  /** Only the replica that leads writes to members. */
  readonly leads: () => boolean
  /** Templates that a member is written at the same time. */
  readonly concurrency: number
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Logger
}
