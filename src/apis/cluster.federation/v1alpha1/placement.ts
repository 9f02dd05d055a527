import { qualifiedName } from '../../../machinery/meta/names.ts'
import { type FieldError, fieldError } from '../../../machinery/meta/status-error.ts'
import { type ClusterAffinity, validateClusterAffinity } from './cluster-affinity.ts'

/** Where copies of a template go, and how its replicas are shared out. */
export interface Placement {
  /** The clusters that may be chosen. Excludes clusterAffinities. */
  clusterAffinity?: ClusterAffinity
  /** Alternatives, tried in order; the first that the template fits into wins. Excludes clusterAffinity.
   * @extension {"x-kubernetes-list-type": "map"}
   * @extension {"x-kubernetes-list-map-keys": ["affinityName"]} */
  clusterAffinities?: ClusterAffinityTerm[]
  /** Taints of clusters that the template tolerates. */
  clusterTolerations?: Toleration[]
  /** Over how many clusters, zones, regions or providers the template is spread. */
  spreadConstraints?: SpreadConstraint[]
  /** How replicas are shared out; without it every cluster gets all of them. */
  replicaScheduling?: ReplicaSchedulingStrategy
  /** Near to, or away from, other workloads of the namespace. */
  workloadAffinity?: WorkloadAffinity
  /** Places what fits and reports the rest, instead of all or nothing.
   * @default false */
  partial?: boolean
}

/** A named alternative of clusterAffinities. */
export interface ClusterAffinityTerm extends ClusterAffinity {
  /** Name of the alternative; status tells by it which one was used.
   * @minLength 1
   * @maxLength 32 */
  affinityName: string
  /** Further clusters, used in order where the ones above lack capacity, and given up in reverse. Fixed weights and preferences then keep within what clusters have room for. Not with Duplicated. */
  overflowAffinities?: OverflowAffinity[]
}

/** A tier of clusters beyond the first choice. */
export interface OverflowAffinity extends ClusterAffinity {
  /** Name of the tier.
   * @minLength 1
   * @maxLength 32 */
  affinityName: string
}

/** Kubernetes' own Toleration. */
export interface Toleration { key?: string; operator?: string; value?: string; effect?: string; tolerationSeconds?: number }

export interface SpreadConstraint {
  /** Spread by this property of clusters. Excludes spreadByLabel; neither means cluster. */
  spreadByField?: 'cluster' | 'region' | 'zone' | 'provider'
  /** Spread by the values of this label of clusters. */
  spreadByLabel?: string
  /** At least so many groups are chosen.
   * @isInt
   * @minimum 0
   * @default 1 */
  minGroups?: number
  /** At most so many groups are chosen; absent or 0: no limit.
   * @isInt
   * @minimum 0 */
  maxGroups?: number
}

export interface ReplicaSchedulingStrategy {
  /** Duplicated: every cluster gets all replicas. Divided: they are shared out.
   * @default "Divided" */
  replicaSchedulingType?: 'Duplicated' | 'Divided'
  /** Of Divided. Weighted: by weights. Aggregated: into as few clusters as can hold them.
   * @default "Weighted" */
  replicaDivisionPreference?: 'Aggregated' | 'Weighted'
  /** Weights of Weighted; absent: all clusters are equal. Excludes clusterPreferences. */
  weightPreference?: ClusterPreferences
  /** By cluster name, or "*" for all others: bounds and weight. Excludes weightPreference. */
  clusterPreferences?: Record<string, ClusterPreference>
  /** With clusterPreferences: running replicas may be moved to come nearer to the preferences.
   * @default false */
  rebalance?: boolean
  /** Clusters that are to have no replica keep an empty copy.
   * @default false */
  keepEmpty?: boolean
}

export interface ClusterPreferences {
  /** Fixed weights; ignored where dynamicWeight is set. */
  staticWeightList?: StaticClusterWeight[]
  /** Weights computed anew each time: by replicas that would still fit. */
  dynamicWeight?: 'AvailableReplicas'
}

export interface StaticClusterWeight {
  /** The clusters that get this weight. */
  targetCluster: ClusterAffinity
  /** Relative to the other weights.
   * @isLong
   * @minimum 1 */
  weight: number
}

export interface ClusterPreference {
  /** At least so many replicas, if there are enough.
   * @isLong
   * @minimum 0
   * @default 0 */
  minReplicas?: number
  /** At most so many; absent: no limit.
   * @isLong
   * @minimum 0 */
  maxReplicas?: number
  /** Share of what the minimums leave.
   * @isLong
   * @minimum 0
   * @default 0 */
  weight?: number
}

export interface WorkloadAffinity {
  /** In the clusters where workloads of its group are. */
  affinity?: WorkloadAffinityTerm
  /** In no cluster where a workload of its group is. */
  antiAffinity?: WorkloadAffinityTerm
}

export interface WorkloadAffinityTerm {
  /** Workloads with the same value of this label form a group. */
  groupByLabelKey: string
}

/** Rules between fields, which the schema cannot say. */
export function validatePlacement(placement: Placement, path: string): FieldError[] {
  const { clusterAffinity, clusterAffinities, clusterTolerations = [], spreadConstraints = [], replicaScheduling, workloadAffinity } = placement
  return [
    ...(clusterAffinity && clusterAffinities ? [fieldError.invalid(path, 'clusterAffinities', 'clusterAffinities cannot co-exist with clusterAffinity')] : []),
    ...(clusterAffinity ? validateClusterAffinity(clusterAffinity, `${path}.clusterAffinity`) : []),
    ...(clusterAffinities ?? []).flatMap((term, index) => [...validateTerm(term, `${path}.clusterAffinities[${index}]`), ...validateOverflow(term, replicaScheduling, `${path}.clusterAffinities[${index}].overflowAffinities`)]),
    ...clusterTolerations.flatMap((toleration, index) => validateToleration(toleration, `${path}.clusterTolerations[${index}]`)),
    ...validateSpread(spreadConstraints, `${path}.spreadConstraints`),
    ...(replicaScheduling ? validateReplicaScheduling(replicaScheduling, `${path}.replicaScheduling`) : []),
    ...(workloadAffinity ? validateWorkloadAffinity(workloadAffinity, `${path}.workloadAffinity`) : []),
  ]
}

function validateTerm(term: ClusterAffinityTerm, path: string): FieldError[] {
  const tiers = term.overflowAffinities ?? [], names = [term.affinityName, ...tiers.map(({ affinityName }) => affinityName)]
  const isEmpty = (affinity: ClusterAffinity) => !affinity.labelSelector && !affinity.fieldSelector && !affinity.clusterNames?.length && !affinity.exclude?.length
  return [
    ...qualifiedName(term.affinityName).map((text) => fieldError.invalid(`${path}.affinityName`, term.affinityName, text)),
    ...validateClusterAffinity(term, path),
    ...(tiers.length > 0 && isEmpty(term) ? [fieldError.required(path, 'the first choice must select clusters where overflowAffinities is used')] : []),
    ...tiers.flatMap((tier, index) => [
      ...qualifiedName(tier.affinityName).map((text) => fieldError.invalid(`${path}.overflowAffinities[${index}].affinityName`, tier.affinityName, text)),
      ...validateClusterAffinity(tier, `${path}.overflowAffinities[${index}]`),
      ...(names.indexOf(tier.affinityName) <= index ? [fieldError.duplicate(`${path}.overflowAffinities[${index}].affinityName`, tier.affinityName)] : []),
    ]),
  ]
}

/** A tier is for what the ones before it have no room for. */
function validateOverflow({ overflowAffinities = [] }: ClusterAffinityTerm, strategy: ReplicaSchedulingStrategy | undefined, path: string): FieldError[] {
  const isDuplicated = !strategy || strategy.replicaSchedulingType === 'Duplicated'
  return overflowAffinities.length > 0 && isDuplicated ? [fieldError.forbidden(path, 'has no meaning where every cluster gets all replicas: nothing is left over for further clusters')] : []
}

function validateToleration({ key = '', operator = 'Equal', value = '', effect = '', tolerationSeconds }: Toleration, path: string): FieldError[] {
  return [
    ...(key ? qualifiedName(key).map((text) => fieldError.invalid(`${path}.key`, key, text)) : []),
    ...(operator === 'Equal' || operator === 'Exists' ? [] : [fieldError.notSupported(`${path}.operator`, operator, ['Equal', 'Exists'])]),
    ...(!key && operator !== 'Exists' ? [fieldError.invalid(`${path}.operator`, operator, 'operator must be Exists when `key` is empty, which means "match all values and all keys"')] : []),
    ...(operator === 'Exists' && value ? [fieldError.invalid(`${path}.operator`, value, 'value must be empty when `operator` is \'Exists\'')] : []),
    ...(tolerationSeconds !== undefined && effect !== 'NoExecute' ? [fieldError.invalid(`${path}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set")] : []),
    ...(['', 'NoSchedule', 'PreferNoSchedule', 'NoExecute'].includes(effect) ? [] : [fieldError.notSupported(`${path}.effect`, effect, ['NoSchedule', 'PreferNoSchedule', 'NoExecute'])]),
  ]
}

function validateSpread(constraints: readonly SpreadConstraint[], path: string): FieldError[] {
  const fields = constraints.map(({ spreadByField, spreadByLabel }) => spreadByField ?? (spreadByLabel ? undefined : 'cluster'))
  const errors = constraints.flatMap(({ spreadByField, spreadByLabel, minGroups = 1, maxGroups = 0 }, index) => [
    ...(spreadByField && spreadByLabel ? [fieldError.invalid(`${path}[${index}]`, spreadByLabel, 'spreadByLabel cannot co-exist with spreadByField')] : []),
    ...(spreadByLabel ? qualifiedName(spreadByLabel).map((text) => fieldError.invalid(`${path}[${index}].spreadByLabel`, spreadByLabel, text)) : []),
    ...(maxGroups > 0 && maxGroups < minGroups ? [fieldError.invalid(`${path}[${index}]`, maxGroups, 'maxGroups must not be lower than minGroups')] : []),
    ...(fields[index] && fields.indexOf(fields[index]) < index ? [fieldError.duplicate(`${path}[${index}].spreadByField`, fields[index])] : []),
  ])
  const named = fields.filter((field) => field !== undefined)
  return named.length > 0 && !named.includes('cluster') ? [...errors, fieldError.invalid(path, named, 'one of the constraints must spread by cluster where any spreads by a field')] : errors
}

function validateReplicaScheduling({ weightPreference, clusterPreferences }: ReplicaSchedulingStrategy, path: string): FieldError[] {
  return [
    ...(weightPreference && clusterPreferences ? [fieldError.forbidden(`${path}.clusterPreferences`, 'may not be set with weightPreference')] : []),
    ...(weightPreference?.staticWeightList ?? []).flatMap(({ targetCluster }, index) => validateClusterAffinity(targetCluster, `${path}.weightPreference.staticWeightList[${index}].targetCluster`)),
    ...validateClusterPreferences(clusterPreferences ?? {}, `${path}.clusterPreferences`),
  ]
}

function validateWorkloadAffinity({ affinity, antiAffinity }: WorkloadAffinity, path: string): FieldError[] {
  const keys = [['affinity', affinity], ['antiAffinity', antiAffinity]] as const
  return [
    ...keys.flatMap(([name, term]) => (term ? qualifiedName(term.groupByLabelKey).map((text) => fieldError.invalid(`${path}.${name}.groupByLabelKey`, term.groupByLabelKey, text)) : [])),
    ...(affinity && affinity.groupByLabelKey === antiAffinity?.groupByLabelKey ? [fieldError.invalid(`${path}.antiAffinity.groupByLabelKey`, antiAffinity.groupByLabelKey, 'must differ from the key of affinity')] : []),
  ]
}

/** Bounds by cluster name, wherever they are given. */
export const validateClusterPreferences = (preferences: Readonly<Record<string, ClusterPreference>>, path: string): FieldError[] =>
  Object.entries(preferences).flatMap(([name, { minReplicas = 0, maxReplicas }]) => (maxReplicas !== undefined && maxReplicas < minReplicas ? [fieldError.invalid(`${path}[${name}].maxReplicas`, maxReplicas, 'must not be lower than minReplicas')] : []))
