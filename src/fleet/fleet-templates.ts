import type { FederatedObject, FederatedStatus } from '../apis/types.federation/v1alpha1/federated-object.ts'
import { foldedUid } from '../federation/interpreter/folded-uid.ts'
import type { Copy as FoldCopy } from '../federation/interpreter/fold.ts'
import { MANAGED_LABEL } from '../federation/template/marks.ts'
import { templateRow } from '../federation/template/template-row.ts'
import { nativeStrategy, type TemplateChecks } from '../federation/template/template-strategy.ts'
import { targetId, type PlanTemplate, type Templates, type TemplateStore } from '../federation/template/templates.ts'
import { SlabEntry } from '../machinery/cache/slab-entry.ts'
import type { Kind, KubeObject, ListerWatcher, Position, Resource, Storage } from '../machinery/meta/core.ts'
import { stringifyJson } from '../machinery/meta/json.ts'
import { keyOfObject, scopeOfKey } from '../machinery/meta/object-key.ts'
import type { JsonSchema } from '../machinery/meta/json-schema.ts'
import { StatusError } from '../machinery/meta/status-error.ts'
import type { StoredKind } from '../machinery/meta/strategy.ts'
import { resolveSchema } from '../machinery/schema/resolve-schema.ts'
import { scaleResource } from '../machinery/registry/scale-resource.ts'
import type { WriterDependencies } from '../machinery/registry/stored-writer.ts'
import { clustersHaving } from './clusters-having.ts'
import type { FleetIdentity } from './combine.ts'
import type { FleetMember } from './fleet-member.ts'
import type { Epochs } from './epochs.ts'
import type { Copy } from './merged-view.ts'
import { TEMPLATES, TEMPLATES_SOURCE } from './template-source.ts'
import { TemplateWriter } from './template-writer.ts'
import type { UnionKind } from './union-kinds.ts'
import { hasSeen, positionAfter } from './written-position.ts'

export interface FleetTemplatesOptions {
  readonly templates: Templates
  readonly storage: Storage
  readonly stored: WriterDependencies
  readonly checks: TemplateChecks
  readonly plan: PlanTemplate
  /** Whether the copies of a template that is being deleted stay. */
  readonly isOrphaned: (federated: FederatedObject) => boolean
  readonly epochs: Epochs
}

const HELD_MS = 5000

/** A plan in a few lines of JSON, as an annotation holds it. */
const planText = ({ schedule, clusters, conditions }: FederatedStatus): string =>
  stringifyJson({ targets: schedule?.targets ?? [], rejected: schedule?.rejected ?? [], clusters: clusters ?? [], scheduled: conditions?.find(({ type }) => type === 'Scheduled')?.message ?? '' })

/** What of an open merged view a write needs. */
export interface OpenRow { readonly versions: readonly number[]; readonly copies: readonly Copy[]; readonly position: Position | undefined }

/** How templates show up in one fleet: beside their copies in each row, and as what writes act on. */
export class FleetTemplates {
  readonly #options: FleetTemplatesOptions
  readonly #identity: FleetIdentity

  constructor(options: FleetTemplatesOptions, identity: FleetIdentity) {
    this.#options = options
    this.#identity = identity
  }

  /** Undefined: objects of this kind cannot be distributed, or the fleet shows another version of it. Namespaces are the host's. */
  find({ group, version, plural, identityBound }: UnionKind): TemplateStore | undefined {
    const store = identityBound || (group === '' && plural === 'namespaces') ? undefined : this.#options.templates.find(group, plural)
    return store?.target.version === version ? store : undefined
  }

  /** Whether templates of the kind are about to be had. */
  isExpected(kind: UnionKind): boolean { return this.find(kind) === undefined && this.#options.templates.isExpected(targetId(kind)) }

  /** Writes of a kind that is expected are held for a moment, and then tried again by clients themselves. */
  writableSoon({ group, kind, plural }: Kind): Pick<Resource, 'writer' | 'deleteCollection'> {
    const { templates, stored: { clock } } = this.#options
    const refuse = async (signal: AbortSignal): Promise<never> => {
      const enough = new AbortController(), until = AbortSignal.any([signal, enough.signal])
      const served = new Promise<void>((resolve) => { templates.onChange(() => { if (templates.find(group, plural)) resolve() }, until) })
      try { await Promise.race([served, clock.sleep(HELD_MS, until)]) } finally { enough.abort() }
      signal.throwIfAborted()
      throw StatusError.unavailable(`${plural}.${group} cannot be written yet: how members describe ${kind} is being read`, 1)
    }
    return { writer: { create: (_object, _options, signal) => refuse(signal), update: (_key, _change, _options, signal) => refuse(signal), delete: (_key, _options, signal) => refuse(signal) }, deleteCollection: true }
  }

  /** The row of a template and its copies. */
  row({ target, kind }: TemplateStore, federated: FederatedObject, copies: readonly FoldCopy[]): KubeObject {
    const { namespace = '', name = '' } = federated.metadata
    return templateRow(federated, copies, { target, hub: kind, fleetId: this.#identity.fleetId, uid: foldedUid({ ...this.#identity, group: target.group, kind: target.kind, namespace, name }) })
  }

  /** The kind as whoever writes it must know it. */
  kind(store: TemplateStore, shown: Kind): StoredKind {
    const { target } = store
    let schema: JsonSchema | undefined
    return { ...shown, hasStatus: target.hasStatus, strategicMerge: target.isBuiltIn, isTyped: target.isBuiltIn, strategy: nativeStrategy(target, this.#options.checks), schema: () => Promise.resolve((schema ??= resolveSchema(target.definitions, target.definition))), ...(target.scale && { scale: target.scale }) }
  }

  /** `reader`: the fleet's own of this kind. `open`: what an open view of it holds of a row; undefined: none is open. `members`: those that serve the kind. */
  writable(store: TemplateStore, kind: StoredKind, { reader, open, members }: { readonly reader: ListerWatcher; readonly open: (key: string) => OpenRow | undefined; readonly members: () => readonly FleetMember[] }): Pick<Resource, 'writer' | 'scale' | 'deleteCollection'> {
    const { storage, stored, plan, isOrphaned } = this.#options
    const writer = new TemplateWriter({
      kind, store, storage, stored, identity: this.#identity, plan: (federated) => planText(plan(store, federated)),
      having: (key, signal) => {
        const row = open(key)
        return row ? Promise.resolve(row.copies.flatMap(({ cluster }) => (cluster === TEMPLATES ? [] : [cluster]))) : clustersHaving(store.target, scopeOfKey(key), members(), signal)
      },
      outlived: (key, federated) => isOrphaned(federated) || federated.status?.clusters?.some(({ state }) => state === 'AlreadyExists') || open(key)?.copies.some(({ cluster, entry }) => cluster !== TEMPLATES && !(MANAGED_LABEL in entry.labels())) || false,
      shown: (federated, revision) => {
        const row = open(keyOfObject(federated)), copies = row?.copies.filter(({ cluster }) => cluster !== TEMPLATES).map(({ cluster, entry }) => ({ cluster, object: entry.parse() })) ?? []
        const object = this.row(store, federated, copies)
        object.metadata.resourceVersion = positionAfter(this.#options.epochs, { source: TEMPLATES_SOURCE.id, version: revision }, row?.versions ?? [])
        return SlabEntry.of(object)
      },
      // In a fleet beyond vectors only the very version that is shown can be told to be the latest.
      hasSeen: (key, position, revision) => hasSeen(this.#options.epochs, { source: TEMPLATES_SOURCE.id, version: revision }, position) ?? open(key)?.position === position,
    })
    return { writer, deleteCollection: true, ...(kind.scale && { scale: scaleResource({ kind, reader, writer }, kind.scale) }) }
  }
}
