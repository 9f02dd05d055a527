/** What one fleet serves, as a catalog: the union of its members' kinds, folded and identity-bound, or (by cluster) every object by itself. */
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import type { Kind, Resource } from '../machinery/meta/core.ts'
import type { ApiGroup, Catalog } from '../machinery/server/catalog.ts'
import { foldedUid } from '../federation/interpreter/folded-uid.ts'
import { clusterColumn, clustersColumn, columnsFor, defaultColumns, rowConditionsFor } from '../federation/interpreter/columns/columns.ts'
import type { TemplateStore } from '../federation/template/templates.ts'
import { builtInKinds, isCompiledIn } from './built-in-kinds.ts'
import { combineFor, type FleetIdentity } from './combine.ts'
import type { Combine } from './merged-view.ts'
import type { CustomKind } from './custom-kinds.ts'
import { directRead } from './direct-read.ts'
import type { Epochs, EpochState } from './epochs.ts'
import type { FleetMember } from './fleet-member.ts'
import { FleetReader } from './fleet-reader.ts'
import type { FleetTemplates } from './fleet-templates.ts'
import { hostNamespaces } from './host-namespaces.ts'
import { hostObjects } from './host-objects.ts'
import { MemberObjects } from './member-objects.ts'
import { templateSource } from './template-source.ts'
import { selectableFields } from './selectable-fields.ts'
import { StatusError } from '../machinery/meta/status-error.ts'
import { compareVersions } from '../machinery/meta/version-order.ts'
import { isWrite, unionKinds, type UnionKind } from './union-kinds.ts'
import { Views } from './views.ts'
import { hasSeen, positionAfter, versionsAt } from './written-position.ts'

interface FleetCatalogOptions {
  readonly identity: FleetIdentity
  readonly byCluster: boolean
  readonly epochs: Epochs
  readonly clock: Clock
  readonly logger: Logger
  readonly idleMs: number
  readonly graceMs: number
  /** Groups that are there besides: our own stored kinds. */
  readonly ownGroups: () => readonly ApiGroup[]
  /** Called around each merge of a row. */
  readonly timeMerge?: <T>(kind: Kind, merge: () => T) => T
  /** Templates of folded kinds. Absent: the fleet can only be read. */
  readonly templates?: FleetTemplates
  /** This server's own namespace on the host. Absent: nothing is written there through the fleet. */
  readonly ownNamespace?: string
  /** Connecting subresources (pods/log, …); `bound`: of objects that live in one member each. */
  readonly connect: (kind: UnionKind, bound: boolean) => Resource['connect']
}

/** `isWritable`: writes act on templates. */
interface Served { readonly signature: string; readonly resource: Resource; readonly views: Views; readonly kind: UnionKind; readonly store: TemplateStore | undefined; readonly isWritable: boolean | 'soon'; /** What can be done besides reading follows the members, while the views stay. */ readonly access: (kind: UnionKind) => Pick<Resource, 'passOn' | 'connect' | 'deleteCollection'> }

interface Parts { readonly kind: Kind; readonly combine: Combine; readonly reader: FleetReader; readonly views: Views }

export class FleetCatalog implements Catalog {
  readonly #options: FleetCatalogOptions
  #members: readonly FleetMember[] = []
  #byName: ReadonlyMap<string, FleetMember> = new Map()
  #served = new Map<string, Served>()
  #groups: readonly ApiGroup[] = []
  #own: readonly ApiGroup[] = []
  #epoch: EpochState

  constructor(options: FleetCatalogOptions) {
    this.#options = options
    this.#epoch = options.epochs.current
  }

  groups(): readonly ApiGroup[] {
    const own = this.#options.ownGroups()
    if (own !== this.#own) {
      // Kinds of templates may have come, gone, or been switched.
      if (this.#served.size > 0) this.use(this.#epoch, this.#members)
      this.#regroup(own)
    }
    return this.#groups
  }

  clusters(): readonly string[] { return this.#members.filter(({ cluster }) => cluster !== '').map(({ cluster }) => cluster) }
  member(cluster: string): FleetMember | undefined { return this.#byName.get(cluster) }
  #serving({ clusters }: UnionKind): readonly FleetMember[] { return clusters.flatMap((cluster) => this.#byName.get(cluster) ?? []) }
  kindOf(group: string, plural: string): UnionKind | undefined { return this.#served.get(`${group}/${plural}`)?.kind }

  /** The members of the fleet from now on, or the same ones serving something else. */
  use(epoch: EpochState, members: readonly FleetMember[]): void {
    this.#epoch = epoch
    this.#members = members
    this.#byName = new Map(members.map((member) => [member.cluster, member]))
    const before = this.#served, next = new Map<string, Served>()
    for (const kind of unionKinds(this.clusters().length > 0 ? members : [...members.map(({ cluster, kinds }) => ({ cluster, kinds })), { cluster: NO_CLUSTER, kinds: builtInKinds }])) {
      const id = `${kind.group}/${kind.plural}`, custom = this.#customKind(kind), signature = signatureOf(kind, custom, this.#options.byCluster), known = before.get(id)
      const store = this.#storeOf(kind)
      if (known?.signature === signature && known.store === store && known.isWritable === this.#isWritable(kind, store)) next.set(id, { ...known, kind, ...(accessSignature(kind) !== accessSignature(known.kind) && { resource: { ...known.resource, ...known.access(kind) } }) })
      else { known?.views.close(); next.set(id, this.#serve(kind, custom, signature)) }
    }
    for (const [id, { views }] of before) if (!next.has(id)) views.close()
    const isSame = next.size === before.size && [...next].every(([id, { resource }]) => before.get(id)?.resource === resource)
    this.#served = next
    for (const { kind, views, store } of next.values()) views.use(epoch, [...(store ? [templateSource(store)] : []), ...this.#serving(kind)])
    if (!isSame) this.#regroup(this.#options.ownGroups())
  }

  dropIdle(): void { for (const { views } of this.#served.values()) views.dropIdle() }
  close(): void { for (const { views } of this.#served.values()) views.close() }

  #serve(served: UnionKind, custom: CustomKind | undefined, signature: string): Served {
    const { byCluster, identity, epochs, clock, logger, idleMs, graceMs, timeMerge, templates } = this.#options, bound = byCluster || served.identityBound, store = this.#storeOf(served)
    const shown = this.#kind(served, bound, custom), stored = store && templates?.kind(store, shown), kind = stored ?? shown
    const plain = combineFor(served, { byCluster, identity, kindOf: (group, name) => this.#byKind(group, name), ...(store && { template: (federated, copies) => templates!.row(store, federated, copies) }) }), combine = timeMerge ? { ...plain, merge: (...of: Parameters<typeof plain.merge>) => timeMerge(kind, () => plain.merge(...of)) } : plain
    const views = new Views({ kind, combine, epochs, clock, logger, idleMs })
    const current = () => this.#served.get(`${served.group}/${served.plural}`)?.kind ?? served
    const reader = new FleetReader({
      kind, clock, graceMs, restrictsClusters: !bound, clusters: () => current().clusters, otherVersions: () => current().otherVersions, open: (clusters) => views.open(clusters), isOpen: () => views.isOpen, isUnwatchable: !served.verbs.includes('watch') || !served.verbs.includes('list'),
      direct: (query, chosen, signal) => directRead({ kind: served, combine, members: [...(store && !chosen ? [templateSource(store)] : []), ...this.#serving(current()).filter(({ cluster }) => !chosen || chosen.includes(cluster))], epochs, query }, signal),
    })
    const isWritable = this.#isWritable(served, store), writable = isWritable === 'soon' ? templates!.writableSoon(kind) : stored ? isWritable && templates!.writable(store, stored, { reader, open: (key) => views.row(key), members: () => this.#serving(current()) }) : served.group === '' && served.plural === 'namespaces' ? this.#hostNamespaces(kind, reader, views) : undefined
    const access: Served['access'] = (served) => this.#access(served, bound, { kind, combine, reader, views })
    return { signature, views, kind: served, store, isWritable, access, resource: { kind, reader, ...access(served), ...writable } }
  }

  #access(served: UnionKind, bound: boolean, parts: Parts): Pick<Resource, 'passOn' | 'connect' | 'deleteCollection'> {
    const objects = bound && served.verbs.some(isWrite) ? this.#memberObjects(served, parts) : undefined, connectors = { ...this.#options.connect(served, bound), ...objects?.subresources(served.subresources) }
    return { ...(objects && { passOn: objects.passOn, deleteCollection: served.verbs.includes('deletecollection') }), ...(Object.keys(connectors).length > 0 && { connect: connectors }) }
  }

  /** Each lives in one member, which is written to as the user. */
  #memberObjects(served: UnionKind, { kind, combine, views }: Parts): MemberObjects {
    const { identity, epochs, clock, byCluster, ownNamespace } = this.#options
    return new MemberObjects({
      kind, combine, now: () => clock.now(), member: (cluster) => (cluster === '' ? undefined : this.member(cluster)),
      positionAfter: async (key, { source }, version, signal) => {
        await epochs.roomFor(new Map([[source.id, version]]), signal)
        return positionAfter(epochs, { source: source.id, version }, views.row(key)?.versions ?? [])
      },
      hasSeen: (key, position, { source }, version) => hasSeen(epochs, { source: source.id, version }, position) ?? views.row(key)?.position === position,
      folded: (reference) => {
        const of = byCluster ? undefined : this.#byKind(reference.group, reference.kind)
        return of && !of.identityBound ? { kind: of, uid: foldedUid({ ...identity, ...reference, namespace: of.namespaced ? reference.namespace : '' }) } : undefined
      },
      host: () => {
        const member = this.member('')
        if (ownNamespace === undefined || !member?.kinds.some(({ group, plural }) => group === served.group && plural === served.plural)) return undefined
        return hostObjects({ member, ownNamespace, of: { group: kind.group, resource: kind.plural } })
      },
    })
  }

  /** Undefined: they are read only, or this is no view of the host. */
  #hostNamespaces(kind: Kind, reader: FleetReader, views: Views): Pick<Resource, 'passOn' | 'connect'> | undefined {
    const { identity, epochs, clock, ownNamespace, byCluster } = this.#options, source = HOST_SOURCE
    if (byCluster || ownNamespace === undefined) return undefined
    return hostNamespaces({
      kind, identity, ownNamespace, now: () => clock.now(),
      host: async (request, signal) => {
        const host = this.member('')
        if (!host) throw StatusError.unavailable('the host is not known yet', 1)
        return host.handler(request, signal)
      },
      row: async (name, signal) => Array.from((await reader.list({ name }, signal)).entries)[0],
      positionAfter: async (name, version, signal) => positionAfter(epochs, { source, version }, views.row(name)?.versions ?? versionsAt(epochs, (await reader.list({ name }, signal)).position)),
      hasSeen: (name, position, version) => hasSeen(epochs, { source, version }, position) ?? views.row(name)?.position === position,
    })
  }

  #kind(served: UnionKind, bound: boolean, custom: CustomKind | undefined): Kind {
    const { group, version, kind, plural, singular, shortNames, categories, namespaced } = served, columns = columnsFor(group, kind) ?? custom?.columns ?? defaultColumns, rowConditions = rowConditionsFor(group, kind)
    // A cut stream shows before the member is called not ready. Asked for each cluster of each row.
    const id = `${group}/${plural}`, isReporting = (cluster: string) => { const state = this.#served.get(id)?.views.stateOf(cluster); return state ? state.state === 'synced' : (this.member(cluster)?.isReporting() ?? false) }
    return {
      group, version, kind, listKind: `${kind}List`, plural, singular, shortNames, categories, namespaced, longVersions: true, describesItems: !isCompiledIn(served),
      ...(rowConditions && { rowConditions }), columns: [...columns, bound ? clusterColumn : clustersColumn(isReporting)],
      fields: custom?.fields ?? selectableFields(group, kind, (group, name) => this.#options.byCluster || (this.#byKind(group, name)?.identityBound ?? false)),
    }
  }

  #storeOf(kind: UnionKind): TemplateStore | undefined { return this.#options.byCluster ? undefined : this.#options.templates?.find(kind) }

  /** The templates of a kind that is switched off are shown, and no more. */
  #isWritable(kind: UnionKind, store: TemplateStore | undefined): boolean | 'soon' {
    if (store) return store.whyOff() === undefined
    return !this.#options.byCluster && this.#options.templates?.isExpected(kind) ? 'soon' : false
  }

  #byKind(group: string, kind: string): UnionKind | undefined {
    for (const { kind: served } of this.#served.values()) if (served.kind === kind && served.group === group) return served
    return undefined
  }

  #customKind(kind: UnionKind): CustomKind | undefined {
    for (const cluster of kind.clusters) {
      const custom = this.member(cluster)?.customKind(kind)
      if (custom) return custom
    }
    return undefined
  }

  #regroup(own: readonly ApiGroup[]): void {
    const groups = new Map<string, Map<string, Resource[]>>()
    for (const { resource } of this.#served.values()) {
      const { group, version } = resource.kind, versions = groups.get(group) ?? new Map<string, Resource[]>()
      groups.set(group, versions)
      versions.set(version, [...(versions.get(version) ?? []), resource])
    }
    const merged = [...groups].map(([name, versions]): ApiGroup => ({ name, versions: [...versions].map(([version, resources]) => ({ version, resources })).toSorted((a, b) => compareVersions(a.version, b.version)) }))
    this.#own = own
    this.#groups = [...merged, ...own.filter(({ name }) => !groups.has(name))]
  }
}

/** The host's place in positions. */
export const HOST_SOURCE = 'host'

/** No cluster can have this name. */
const NO_CLUSTER = '-'

const accessSignature = ({ verbs, subresources }: UnionKind) => JSON.stringify([verbs.some(isWrite), verbs.includes('deletecollection'), subresources])
const signatureOf = ({ version, kind, singular, shortNames, categories, namespaced, verbs }: UnionKind, custom: CustomKind | undefined, byCluster: boolean) =>
  JSON.stringify([version, kind, singular, shortNames, categories, namespaced, verbs.includes('watch'), custom?.columns?.map(({ name, type, priority }) => [name, type, priority]), Object.keys(custom?.fields ?? {}), byCluster])
