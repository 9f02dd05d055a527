/** Keys of objects within their kind: `shop/web`, and `web` where the kind is cluster-scoped. */

export const keyOfObject = ({ metadata: { namespace, name = '' } }: { readonly metadata: { readonly namespace?: string; readonly name?: string } }): string => (namespace ? `${namespace}/${name}` : name)

export const nameOfKey = (key: string): string => key.slice(key.indexOf('/') + 1)

/** What a key stands for, as a query of that one object. */
export function scopeOfKey(key: string): { readonly namespace?: string; readonly name: string } {
  const slash = key.indexOf('/')
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}
