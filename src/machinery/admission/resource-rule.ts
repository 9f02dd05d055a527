import { type LabelSelectorObject, labelSelectorFromObject } from '../meta/label-selector.ts'
import type { KubeObject } from '../meta/core.ts'
import type { AdmissionAttributes } from './admission.ts'

/** RuleWithOperations, and with names as policies have it. */
export interface ResourceRule { readonly operations?: readonly string[]; readonly apiGroups?: readonly string[]; readonly apiVersions?: readonly string[]; readonly resources?: readonly string[]; readonly resourceNames?: readonly string[]; readonly scope?: string }

const has = (list: readonly string[] | undefined, ...values: string[]) => Boolean(list?.some((item) => item === '*' || values.includes(item)))

/** Whether a request falls under any of the rules (apiserver/pkg/admission/plugin/webhook/predicates/rules). Our kinds have one version: whatever is equivalent is exact. */
export function matchesRules(rules: readonly ResourceRule[] | undefined, { operation, kind, subresource = '', name }: AdmissionAttributes): boolean {
  return Boolean(rules?.some(({ operations, apiGroups, apiVersions, resources, resourceNames, scope = '*' }) =>
    has(operations, operation) && has(apiGroups, kind.group) && has(apiVersions, kind.version) && resources?.some((resource) => matchesResource(resource, kind.plural, subresource)) &&
    (scope === '*' || scope === (kind.namespaced ? 'Namespaced' : 'Cluster')) && (!resourceNames?.length || has(resourceNames, name))))
}

/** `pods`, `pods/status`, `pods/*`, `*`, and any resource in place of pods. */
function matchesResource(rule: string, plural: string, subresource: string): boolean {
  const [resource, sub = ''] = rule.split('/')
  return (resource === '*' || resource === plural) && (sub === '*' || sub === subresource)
}

/** An object selector is met by the new object or by the old one. */
export function matchesObjects(selector: LabelSelectorObject | undefined, ...objects: readonly (KubeObject | undefined)[]): boolean {
  if (isEmpty(selector)) return true
  const compiled = labelSelectorFromObject(selector!)
  return objects.some((object) => object !== undefined && compiled.matches(object.metadata.labels ?? {}))
}

/** Of the labels of a namespace; cluster-scoped objects always match. */
export const matchesLabels = (selector: LabelSelectorObject | undefined, labels: Readonly<Record<string, string>>): boolean => isEmpty(selector) || labelSelectorFromObject(selector!).matches(labels)

export const isEmpty = (selector: LabelSelectorObject | undefined): boolean => !selector || (Object.keys(selector.matchLabels ?? {}).length === 0 && !selector.matchExpressions?.length)
