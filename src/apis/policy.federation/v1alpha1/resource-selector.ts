import type { KubeObject } from '../../../machinery/meta/core.ts'
import { labelSelectorFromObject, validateLabelSelector } from '../../../machinery/meta/label-selector.ts'
import { type FieldError, fieldError, isReason } from '../../../machinery/meta/status-error.ts'
import type { LabelSelector } from '../../meta/v1/label-selector.ts'

/** Templates of one kind: the one of this name, or those with these labels, or all. */
export interface ResourceSelector {
  /** Group and version of the templates, e.g. apps/v1; exact, no wildcards.
   * @minLength 1 */
  apiVersion: string
  /** Kind of the templates.
   * @minLength 1 */
  kind: string
  /** Namespace of the templates. A policy that lies in a namespace selects there only, and gets it filled in; absent in others: any. */
  namespace?: string
  /** Name of the template; wins over labelSelector. Absent: any. */
  name?: string
  /** By the labels of the templates, where no name is given. */
  labelSelector?: LabelSelector
}

/** How closely templates are described: more wins over less. None: not at all. */
export const SPECIFICITY = { none: 0, kind: 1, labels: 2, name: 3 } as const
export type Specificity = (typeof SPECIFICITY)[keyof typeof SPECIFICITY]

/** How closely the selectors describe this template: the best of those that match it; none: no one does. A selector that makes no sense matches nothing. */
export function specificityFor(selectors: readonly ResourceSelector[], template: KubeObject): Specificity {
  return selectors.reduce<Specificity>((best, selector) => (matches(selector, template) && specificityOf(selector) > best ? specificityOf(selector) : best), SPECIFICITY.none)
}

const specificityOf = ({ name, labelSelector }: ResourceSelector): Specificity => (name ? SPECIFICITY.name : labelSelector ? SPECIFICITY.labels : SPECIFICITY.kind)

function matches({ apiVersion, kind, namespace, name, labelSelector }: ResourceSelector, { apiVersion: version, kind: of, metadata }: KubeObject): boolean {
  if (apiVersion !== version || kind !== of || (namespace && namespace !== metadata.namespace)) return false
  if (name) return name === metadata.name
  if (!labelSelector) return true
  try {
    return labelSelectorFromObject(labelSelector).matches(metadata.labels ?? {})
  } catch (error) {
    if (isReason(error, 'BadRequest')) return false
    throw error
  }
}

/** `namespace`: where the policy lies; undefined for a policy of the whole cluster. */
export const validateResourceSelectors = (selectors: readonly ResourceSelector[], namespace: string | undefined, path: string): FieldError[] =>
  selectors.flatMap((selector, index) => [
    ...(namespace !== undefined && selector.namespace !== namespace ? [fieldError.invalid(`${path}[${index}].namespace`, selector.namespace ?? '', `must be the namespace of the policy, ${namespace}`)] : []),
    ...(selector.labelSelector ? validateLabelSelector(selector.labelSelector, `${path}[${index}].labelSelector`) : []),
  ])

/** Selectors of a policy in a namespace mean that namespace. */
export const inNamespace = (selectors: readonly ResourceSelector[], namespace: string | undefined): ResourceSelector[] =>
  selectors.map((selector) => (namespace === undefined || selector.namespace ? selector : { ...selector, namespace }))
