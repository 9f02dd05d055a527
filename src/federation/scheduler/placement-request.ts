import type { Cluster } from '../../apis/cluster.federation/v1alpha1/cluster.ts'
import { type ClusterAffinity, compileClusterAffinity } from '../../apis/cluster.federation/v1alpha1/cluster-affinity.ts'
import type { ClusterAffinityTerm, ClusterPreference, Placement, ReplicaSchedulingStrategy, SpreadConstraint, StaticClusterWeight, Toleration } from '../../apis/cluster.federation/v1alpha1/placement.ts'
import type { LabelSelector } from '../../apis/meta/v1/label-selector.ts'
import { fingerprint } from './fingerprint.ts'
import type { V1Placement } from './v1-annotations.ts'

/** `spec.placement` of a hub object: KubeFed's fields select the clusters where one is set; everything else means what it means in policies. */
export interface HubPlacement extends Placement {
  /** By name, and by nothing else; empty: nowhere. Wins over clusterSelector. */
  readonly clusters?: readonly { readonly name: string }[]
  /** By labels; empty: all clusters. */
  readonly clusterSelector?: LabelSelector
}

/** What places a template, in the words of its generation. */
export type PlacementSource = { readonly by: 'placement'; readonly placement: HubPlacement } | { readonly by: 'annotations'; readonly annotations: V1Placement }

/** KubeFed's ReplicaSchedulingPreference: how the replicas of a template are shared out among the clusters that its placement chooses. */
export interface ReplicaPreference {
  /** Instead of the template's replicas. */
  readonly totalReplicas: number
  readonly rebalance?: boolean
  /** Absent or empty: all clusters alike. */
  readonly clusters?: Readonly<Record<string, ClusterPreference>>
}

/** How replicas are shared out; `algorithm` is what status tells. */
export type DivisionRule =
  | { readonly algorithm: 'Duplicated' }
  | { readonly algorithm: 'StaticWeight'; readonly weightOf: (cluster: Cluster) => number }
  | { readonly algorithm: 'DynamicWeight' | 'Aggregated' }
  | { readonly algorithm: 'Preferences'; readonly preferences: Readonly<Record<string, ClusterPreference>>; readonly rebalance: boolean }

/** One alternative of where copies may go. */
export interface PlacementTerm {
  /** Of clusterAffinities. */
  readonly name: string | undefined
  /** 0: chosen; above: overflow; undefined: not chosen. */
  readonly tierOf: (cluster: Cluster) => number | undefined
  /** Replicas go to the clusters of a tier while there is room, and then to those of the next. */
  readonly hasOverflow: boolean
  /** Clusters that are named, whether there are such or not. */
  readonly named: readonly string[]
  /** Equal for as long as nothing changed that a decision by this alternative rests on. */
  readonly fingerprint: string
}

/** A placement of any generation, understood. */
export interface PlacementRequest {
  /** In order; none: explicitly nowhere. */
  readonly terms: readonly PlacementTerm[]
  readonly tolerations: readonly Toleration[]
  readonly spread: readonly SpreadConstraint[]
  readonly division: DivisionRule
  readonly partial: boolean
  readonly keepEmpty: boolean
}

/** Placements are immutable and shared by many templates. */
const memo = new WeakMap<object, PlacementRequest>()

export function placementRequest(source: PlacementSource, preference?: ReplicaPreference): PlacementRequest {
  const subject = source.by === 'placement' ? source.placement : source.annotations
  let request = memo.get(subject)
  if (!request) memo.set(subject, (request = source.by === 'placement' ? ofPlacement(source.placement) : ofAnnotations(source.annotations)))
  return preference ? withPreference(request, preference) : request
}

const EQUAL: Readonly<Record<string, ClusterPreference>> = { '*': { weight: 1 } }

function ofPlacement(placement: HubPlacement): PlacementRequest {
  const { clusterTolerations = [], spreadConstraints = [], replicaScheduling, partial = false } = placement
  return { terms: termsOf(placement), tolerations: clusterTolerations, spread: spreadConstraints, division: divisionRule(replicaScheduling), partial, keepEmpty: replicaScheduling?.keepEmpty ?? false }
}

/** Federation v1 kept copies without replicas, and knew neither taints nor spread. */
function ofAnnotations({ nowhere, selector, preferences, rebalance }: V1Placement): PlacementRequest {
  const print = fingerprint({ selector: selector?.toString() ?? '', preferences, rebalance })
  const term: PlacementTerm = { name: undefined, tierOf: ({ metadata: { labels = {} } }) => (!selector || selector.matches(labels) ? 0 : undefined), hasOverflow: false, named: [], fingerprint: print }
  return { terms: nowhere ? [] : [term], tolerations: [], spread: [], division: { algorithm: 'Preferences', preferences: preferences ?? EQUAL, rebalance }, partial: false, keepEmpty: true }
}

/** KubeFed places copies without replicas, too. */
function withPreference(request: PlacementRequest, { rebalance = false, clusters = {} }: ReplicaPreference): PlacementRequest {
  const preferences = Object.keys(clusters).length > 0 ? plainNumbers(clusters) : EQUAL, print = fingerprint({ preferences, rebalance })
  return { ...request, terms: request.terms.map((term) => ({ ...term, fingerprint: `${term.fingerprint}.${print}` })), division: { algorithm: 'Preferences', preferences, rebalance }, keepEmpty: true }
}

function termsOf(placement: HubPlacement): PlacementTerm[] {
  const { clusters, clusterSelector, clusterAffinity, clusterAffinities, ...rest } = placement
  const term = (affinity: ClusterAffinity & Partial<ClusterAffinityTerm>, said: object): PlacementTerm => {
    const tiers = [affinity, ...(affinity.overflowAffinities ?? [])].map(compileClusterAffinity)
    const tierOf = (cluster: Cluster) => { const tier = tiers.findIndex((admits) => admits(cluster)); return tier < 0 ? undefined : tier }
    return { name: affinity.affinityName, tierOf, hasOverflow: tiers.length > 1, named: affinity.clusterNames ?? [], fingerprint: fingerprint({ ...rest, ...said }) }
  }
  if (clusters) return clusters.length === 0 ? [] : [term({ clusterNames: clusters.map(({ name }) => name) }, { clusters })]
  if (clusterSelector) return [term({ labelSelector: clusterSelector }, { clusterSelector })]
  return clusterAffinities?.map((affinity) => term(affinity, affinity)) ?? [term(clusterAffinity ?? {}, clusterAffinity ? { clusterAffinity } : {})]
}

function divisionRule(strategy: ReplicaSchedulingStrategy | undefined): DivisionRule {
  if (!strategy || strategy.replicaSchedulingType === 'Duplicated') return { algorithm: 'Duplicated' }
  const { replicaDivisionPreference, weightPreference, clusterPreferences, rebalance = false } = strategy
  if (clusterPreferences) return { algorithm: 'Preferences', preferences: plainNumbers(clusterPreferences), rebalance }
  if (replicaDivisionPreference === 'Aggregated') return { algorithm: 'Aggregated' }
  if (weightPreference?.dynamicWeight) return { algorithm: 'DynamicWeight' }
  return { algorithm: 'StaticWeight', weightOf: weightOf(weightPreference?.staticWeightList ?? []) }
}

/** The greatest of the rules that match; 0: none does. */
function weightOf(rules: readonly StaticClusterWeight[]): (cluster: Cluster) => number {
  const compiled = rules.map(({ targetCluster, weight }) => ({ matches: compileClusterAffinity(targetCluster), weight: plainNumber(weight) }))
  return (cluster) => compiled.reduce((greatest, { matches, weight }) => (weight > greatest && matches(cluster) ? weight : greatest), 0)
}

/** Numbers of 64 bits that doubles do not hold come as raw JSON; the nearest double is near enough for a weight. */
const plainNumber = (value: number): number => (JSON.isRawJSON(value) ? Number(JSON.stringify(value)) : value)

const plainNumbers = (preferences: Readonly<Record<string, ClusterPreference>>): Readonly<Record<string, ClusterPreference>> =>
  Object.fromEntries(Object.entries(preferences).map(([name, preference]) => [name, Object.fromEntries(Object.entries(preference).map(([field, value]: [string, number]) => [field, plainNumber(value)]))]))
