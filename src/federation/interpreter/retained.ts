import type { KubeObject } from '../../machinery/meta/core.ts'
import { textAt, valueAt, withField } from './fields.ts'
import { interpretationOf } from './interpretation-of.ts'
import { RETAIN_REPLICAS_LABEL } from './marks.ts'

/**
 * `desired`, which is about to be applied over `observed`, with the values of those fields that stay the member's although the template has them: what cannot be changed,
 * and what was settled there. Fields that the template does not have need nothing: they belong to others, and stay. `retainReplicas`: so do the replicas, as the template's
 * label can say, too. Where the number lies is for the kind's rule to know; `specReplicasPath` is that of kinds that no rule names.
 */
export function retained(desired: KubeObject, observed: KubeObject, { retainReplicas = false, specReplicasPath = 'spec.replicas' }: { readonly retainReplicas?: boolean; readonly specReplicasPath?: string } = {}): KubeObject {
  const { kept = [] } = interpretationOf(desired), own = typeof kept === 'function' ? kept(desired, observed) : kept.reduce((object, path) => withField(object, path, valueAt(observed, path) ?? valueAt(object, path)), desired)
  if (!retainReplicas && textAt(desired.metadata, ['labels', RETAIN_REPLICAS_LABEL]) !== 'true') return own
  return withField(own, specReplicasPath, valueAt(observed, specReplicasPath) ?? valueAt(own, specReplicasPath))
}
