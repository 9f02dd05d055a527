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
export const matchesClusterAffinity = (affinity: ClusterAffinity, cluster: Candidate): boolean => compileClusterAffinity(affinity)(cluster)

/** The same question about many clusters. */
export function compileClusterAffinity({ labelSelector, fieldSelector, clusterNames = [], exclude = [] }: ClusterAffinity): (cluster: Candidate) => boolean {
  const names = new Set(clusterNames), excluded = new Set(exclude), labelsMatch = compileLabels(labelSelector), fieldsMatch = compileFields(fieldSelector?.matchExpressions ?? [])
  return ({ metadata: { name = '', labels = {} }, spec }) => !excluded.has(name) && (names.size === 0 || names.has(name)) && labelsMatch(labels) && fieldsMatch(spec)
}

function compileFields(requirements: readonly FieldSelectorRequirement[]): (spec: Candidate['spec']) => boolean {
  if (requirements.length === 0) return () => true
  const zones = requirements.filter(({ key }) => key === 'zone'), fieldsMatch = compileLabels({ matchExpressions: requirements.filter(({ key }) => key !== 'zone') })
  return ({ provider, region, zones: own = [] }) => fieldsMatch({ ...(provider && { provider }), ...(region && { region }) }) && zones.every((requirement) => matchesZones(requirement, own))
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

function compileLabels(selector: LabelSelector | undefined): (labels: Readonly<Record<string, string>>) => boolean {
  if (!selector) return () => true
  try {
    const compiled = labelSelectorFromObject(selector)
    return (labels) => compiled.matches(labels)
  } catch (error) {
    if (isReason(error, 'BadRequest')) return () => false
    throw error
  }
}

export const validateClusterAffinity = ({ labelSelector }: ClusterAffinity, path: string): FieldError[] => (labelSelector ? validateLabelSelector(labelSelector, `${path}.labelSelector`) : [])
