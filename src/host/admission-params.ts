import type { PolicyDependencies } from '../machinery/admission/policy-admission.ts'
import { getJson } from '../machinery/client/json-client.ts'
import { labelSelectorFromObject } from '../machinery/meta/label-selector.ts'
import type { Handler, KubeObject } from '../machinery/meta/core.ts'
import { isReason } from '../machinery/meta/status-error.ts'

/**
 * Parameters of policies, read from the host when they are needed, with this server's own rights: whoever writes a policy that has some must grant them.
 * By name in the namespace of the reference or of the request, or all that a selector finds.
 */
export function admissionParams(handler: Handler): PolicyDependencies['params'] {
  return async ({ apiVersion = '', kind = '' }, { name, namespace, selector }, requested, signal) => {
    const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
    const { resources } = await getJson<{ resources: { name: string; kind: string; namespaced: boolean }[] }>(handler, root, signal)
    const resource = resources.find((candidate) => candidate.kind === kind && !candidate.name.includes('/'))
    if (!resource) throw new Error(`failed to find resource referenced by paramKind: '${apiVersion}, Kind=${kind}'`)
    const space = resource.namespaced ? namespace ?? requested : undefined
    if (resource.namespaced && space === undefined) throw new Error('cannot use namespaced paramRef in policy binding that matches cluster-scoped resources')
    if (!resource.namespaced && namespace !== undefined) throw new Error('paramRef.namespace must not be provided for a cluster-scoped `paramKind`')
    const collection = `${root}${space === undefined ? '' : `/namespaces/${encodeURIComponent(space)}`}/${resource.name}`, typed = (object: KubeObject) => ({ ...object, apiVersion, kind })
    if (name !== undefined) {
      try { return [typed(await getJson<KubeObject>(handler, `${collection}/${encodeURIComponent(name)}`, signal))] } catch (error) {
        if (isReason(error, 'NotFound')) return []
        throw error
      }
    }
    const compiled = labelSelectorFromObject(selector ?? {}), { items } = await getJson<{ items: KubeObject[] }>(handler, collection, signal)
    return items.filter(({ metadata }) => compiled.matches(metadata.labels ?? {})).map(typed)
  }
}
