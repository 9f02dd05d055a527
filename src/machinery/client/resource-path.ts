import type { Kind } from '../meta/core.ts'

/** Path of an object, or of the collection where `name` is absent, on an API server. `namespace` is ignored for cluster-scoped kinds. */
export function resourcePath({ group, version, plural, namespaced }: Pick<Kind, 'group' | 'version' | 'plural' | 'namespaced'>, { namespace, name }: { readonly namespace?: string; readonly name?: string }): string {
  const root = group ? `/apis/${group}/${version}` : `/api/${version}`, scope = namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : ''
  return `${root}${scope}/${plural}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`
}
