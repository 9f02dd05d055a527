import { labelSelectorFromObject, type LabelSelector } from '../../machinery/meta/label-selector.ts'
import { isReason } from '../../machinery/meta/status-error.ts'
import type { Claimable, ResourceSelector } from './any-policy.ts'

/** How specific a match is. */
export const RANK = { none: 0, kind: 1, labels: 2, name: 3 } as const
export type Rank = (typeof RANK)[keyof typeof RANK]

/** The most specific match of a template by any of the selectors. */
export const rankOf = (selectors: readonly ResourceSelector[], template: Claimable): Rank => selectors.reduce<Rank>((best, selector) => { const rank = rankOfOne(selector, template); return rank > best ? rank : best }, RANK.none)

/** A name decides alone; a selector that makes no sense matches nothing. */
function rankOfOne(selector: ResourceSelector, { apiVersion, kind, namespace = '', name, labels = {} }: Claimable): Rank {
  if (selector.apiVersion !== apiVersion || selector.kind !== kind || (selector.namespace && selector.namespace !== namespace)) return RANK.none
  if (selector.name) return selector.name === name ? RANK.name : RANK.none
  if (!selector.labelSelector) return RANK.kind
  return compiled(selector.labelSelector)?.matches(labels) ? RANK.labels : RANK.none
}

/** Policies are immutable and asked about many templates. */
const memo = new WeakMap<object, { readonly selector: LabelSelector | undefined }>()

function compiled(selector: NonNullable<ResourceSelector['labelSelector']>): LabelSelector | undefined {
  let known = memo.get(selector)
  if (!known) memo.set(selector, (known = { selector: compile(selector) }))
  return known.selector
}

function compile(selector: NonNullable<ResourceSelector['labelSelector']>): LabelSelector | undefined {
  try {
    return labelSelectorFromObject(selector)
  } catch (error) {
    if (isReason(error, 'BadRequest')) return undefined
    throw error
  }
}
