import type { KubeObject } from '../../machinery/meta/core.ts'
import type { Path } from './fields.ts'
import { objectAt, withField, withoutFields } from './fields.ts'
import { interpretationOf } from './interpretation-of.ts'

/** Set by API servers, or promises between the template and others here. */
const OF_THE_TEMPLATE: readonly Path[] = [
  ...['creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'generation', 'managedFields', 'resourceVersion', 'selfLink', 'uid', 'ownerReferences', 'finalizers'].map((field) => ['metadata', field]), 'status',
]
/** What is said to this server alone. Tools that find these on a copy would take it for one of their own, and remove what they did not make. */
const TRACKING = /^(?:argocd\.argoproj\.io|(?:kustomize|helm)\.toolkit\.fluxcd\.io)\/|^kubectl\.kubernetes\.io\/last-applied-configuration$|^policy\.federation\/reschedule$/

/** The template without what is never sent to a member. */
export function prunedForPropagation(template: KubeObject): KubeObject {
  const { unsent = [] } = interpretationOf(template), pruned = ['metadata.labels', 'metadata.annotations'].reduce(withoutTracking, withoutFields(template, OF_THE_TEMPLATE))
  return typeof unsent === 'function' ? unsent(pruned) : withoutFields(pruned, unsent)
}

function withoutTracking(object: KubeObject, path: string): KubeObject {
  const marks = objectAt(object, path)
  if (!marks || !Object.keys(marks).some((key) => TRACKING.test(key))) return object
  return withField(object, path, Object.fromEntries(Object.entries(marks).filter(([key]) => !TRACKING.test(key))))
}
