import type { KubeObject, ScalePaths } from '../../machinery/meta/core.ts'
import { type Path, textAt, valueAt, withField } from './fields.ts'
import { interpretationOf } from './interpretation-of.ts'
import { RETAIN_REPLICAS_LABEL } from './marks.ts'

/** `retainReplicas`: the replicas stay the member's, as the template's label can say, too. `scale`: where kinds have them that no rule names. */
export interface RetainOptions { readonly retainReplicas?: boolean; readonly scale?: Pick<ScalePaths, 'specReplicasPath'> | undefined }

/**
 * `desired`, which is about to be applied over `observed`, with the values of those fields that stay the member's although the template has them: what cannot be changed,
 * and what was settled there. Fields that the template does not have need nothing: they belong to others, and stay.
 */
export function retained(desired: KubeObject, observed: KubeObject, { retainReplicas = false, scale }: RetainOptions = {}): KubeObject {
  const { kept = [], replicas } = interpretationOf(desired), own = typeof kept === 'function' ? kept(desired, observed) : kept.reduce((object, path) => withObserved(object, observed, path), desired)
  const at = replicas ? replicas.at : scale?.specReplicasPath.replace(/^\./, '')
  return at !== undefined && (retainReplicas || textAt(desired.metadata, ['labels', RETAIN_REPLICAS_LABEL]) === 'true') ? withObserved(own, observed, at) : own
}

const withObserved = (object: KubeObject, observed: KubeObject, path: Path): KubeObject => { const value = valueAt(observed, path); return value === undefined ? object : withField(object, path, value) }
