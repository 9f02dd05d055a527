import { labelSelectorFromObject, validateLabelSelector } from '../../../machinery/meta/label-selector.ts'
import { type FieldError, isReason } from '../../../machinery/meta/status-error.ts'
import type { LabelSelector } from '../../meta/v1/label-selector.ts'

/** Which clusters are meant: every condition that is given must hold, `exclude` wins over all; without any, all clusters. */
export interface ClusterAffinity {
  /** By the labels of the Cluster. */
  labelSelector?: LabelSelector
  /** By provider, region and zone of the Cluster. */
  fieldSelector?: FieldSelector
  /** By name; empty means any.
   * @extension {"x-kubernetes-list-type": "set"} */
  clusterNames?: string[]
  /** Never these, whatever else is said.
   * @extension {"x-kubernetes-list-type": "set"} */
  exclude?: string[]
}

/** Conditions on fields of the Cluster. */
export interface FieldSelector {
  /** All must hold. */
  matchExpressions?: FieldSelectorRequirement[]
}

export interface FieldSelectorRequirement {
  /** Field of the Cluster's spec. */
  key: 'provider' | 'region' | 'zone'
  /** In: the field is one of the values, or any of its zones is. NotIn: neither it nor any of its zones is. */
  operator: 'In' | 'NotIn'
  /** Values to compare with.
   * @minItems 1 */
  values: string[]
}

/** What a Cluster must tell for the decision. */
export interface Candidate {
  readonly metadata: { readonly name?: string; readonly labels?: Readonly<Record<string, string>> }
  readonly spec: { readonly provider?: string; readonly region?: string; readonly zones?: readonly string[] }
}

/** A selector that makes no sense matches nothing. */
export function matchesClusterAffinity(affinity: ClusterAffinity, { metadata: { name = '', labels = {} }, spec }: Candidate): boolean {
  const { labelSelector, fieldSelector, clusterNames = [], exclude = [] } = affinity
  if (exclude.includes(name)) return false
  if (clusterNames.length > 0 && !clusterNames.includes(name)) return false
  return matchesLabels(labelSelector ?? {}, labels) && matchesFields(fieldSelector?.matchExpressions ?? [], spec)
}

function matchesFields(requirements: readonly FieldSelectorRequirement[], { provider, region, zones = [] }: Candidate['spec']): boolean {
  const isZone = ({ key }: FieldSelectorRequirement) => key === 'zone'
  const fields = { ...(provider && { provider }), ...(region && { region }) }
  return matchesLabels({ matchExpressions: requirements.filter((requirement) => !isZone(requirement)) }, fields) && requirements.filter(isZone).every((requirement) => matchesZones(requirement, zones))
}

/** A cluster may lie in several zones. Operators beyond In and NotIn are what node selectors know. */
export function matchesZones({ operator, values = [] }: { operator: string; values?: readonly string[] }, zones: readonly string[]): boolean {
  switch (operator) {
    case 'In': return zones.some((zone) => values.includes(zone))
    case 'NotIn': return !zones.some((zone) => values.includes(zone))
    case 'Exists': return zones.length > 0
    case 'DoesNotExist': return zones.length === 0
    default: return false
  }
}

function matchesLabels(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  try {
    return labelSelectorFromObject(selector).matches(labels)
  } catch (error) {
    if (isReason(error, 'BadRequest')) return false
    throw error
  }
}

export const validateClusterAffinity = ({ labelSelector }: ClusterAffinity, path: string): FieldError[] => (labelSelector ? validateLabelSelector(labelSelector, `${path}.labelSelector`) : [])
