import type { LabelSelector } from '../../apis/meta/v1/label-selector.ts'

/** What a claim needs of a PropagationPolicy or a ClusterPropagationPolicy; the first has a namespace. */
export interface AnyPolicy {
  readonly metadata: { readonly namespace?: string; readonly name?: string; readonly uid?: string; readonly generation?: number; readonly deletionTimestamp?: string }
  readonly spec: {
    readonly resourceSelectors: readonly ResourceSelector[]
    /** Absent: 0; may be negative. */
    readonly priority?: number
    /** Always: takes over templates that a policy of lower priority claims. Absent: Never. */
    readonly preemption?: 'Always' | 'Never'
    /** Lazy: what changes here takes effect with the next change of a template. */
    readonly activationPreference?: 'Lazy'
  }
}

/** Name beats labels; neither means all of the kind. */
export interface ResourceSelector {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace?: string
  readonly name?: string
  readonly labelSelector?: LabelSelector
}

/** A template as selectors see it. */
export interface Claimable {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace?: string
  readonly name: string
  readonly labels?: Readonly<Record<string, string>>
  readonly generation?: number
  /** The generation for which a claim was last decided; absent: never. */
  readonly observedGeneration?: number
}

export interface PolicyReference { readonly kind: 'PropagationPolicy' | 'ClusterPropagationPolicy'; readonly namespace?: string; readonly name: string }

export const referenceTo = ({ metadata: { namespace, name = '' } }: AnyPolicy): PolicyReference => (namespace ? { kind: 'PropagationPolicy', namespace, name } : { kind: 'ClusterPropagationPolicy', name })
export const isSamePolicy = (a: PolicyReference, b: PolicyReference): boolean => a.kind === b.kind && a.namespace === b.namespace && a.name === b.name
export const textOf = ({ kind, namespace, name }: PolicyReference): string => `${kind} ${namespace ? `${namespace}/` : ''}${name}`
