import type { Toleration } from '../../apis/cluster.federation/v1alpha1/placement.ts'
import type { NodeClaim } from '../interpreter/pod-template.ts'
import type { NodeRoom } from '../member/node-room.ts'
import { tolerates } from './filters/taints.ts'

interface Expression { readonly key?: string; readonly operator?: string; readonly values?: readonly string[] }
interface Term { readonly matchExpressions?: readonly Expression[]; readonly matchFields?: readonly Expression[] }

/**
 * Whether a pod with this claim may be put on the node, as the member's scheduler would have it: ready, not cordoned, no taint that is not tolerated, and chosen by nodeSelector and required node affinity.
 * What pods say about each other (their affinity, spread over topologies, volumes and ports) is not looked at.
 */
export function admits({ name, labels, taints, isReady, isUnschedulable }: NodeRoom, { nodeSelector = {}, hardNodeAffinity, tolerations = [] }: NodeClaim = {}): boolean {
  if (!isReady) return false
  const repelling = [...taints, ...(isUnschedulable ? [CORDON] : [])].filter(({ effect }) => effect !== 'PreferNoSchedule')
  if (!repelling.every((taint) => (tolerations as Toleration[]).some((toleration) => tolerates(toleration, taint)))) return false
  if (!Object.entries(nodeSelector).every(([key, value]) => labels[key] === value)) return false
  return !hardNodeAffinity || ((hardNodeAffinity['nodeSelectorTerms'] ?? []) as readonly Term[]).some((term) => matches(term, name, labels))
}

const CORDON = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' } as const

/** A term that says nothing matches nothing (k8s.io/component-helpers/scheduling/corev1/nodeaffinity). */
function matches({ matchExpressions = [], matchFields = [] }: Term, name: string, labels: NodeRoom['labels']): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false
  return matchExpressions.every((expression) => holds(expression, Object.hasOwn(labels, expression.key ?? '') ? labels[expression.key ?? ''] : undefined)) && matchFields.every((expression) => expression.key === 'metadata.name' && holds(expression, name))
}

function holds({ operator, values = [] }: Expression, value: string | undefined): boolean {
  switch (operator) {
    case 'In': return value !== undefined && values.includes(value)
    case 'NotIn': return value === undefined || !values.includes(value)
    case 'Exists': return value !== undefined
    case 'DoesNotExist': return value === undefined
    case 'Gt': case 'Lt': {
      if (value === undefined || values.length !== 1 || !INTEGER.test(value) || !INTEGER.test(values[0]!)) return false
      return operator === 'Gt' ? BigInt(value) > BigInt(values[0]!) : BigInt(value) < BigInt(values[0]!)
    }
    default: return false
  }
}

const INTEGER = /^-?\d+$/
