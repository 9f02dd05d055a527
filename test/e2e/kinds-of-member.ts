import type { RawClient } from './raw-client.ts'

export interface ListedKind {
  /** Of all its objects: `/apis/apps/v1/deployments`. */
  readonly path: string
  readonly kind: string
  readonly namespaced: boolean
  /** Of those in a namespace, where it has namespaces. */
  readonly listPath: (this: void, namespace: string) => string
}

/** Every kind that a cluster lists, in the version that it prefers. */
export async function kindsOf(member: RawClient): Promise<readonly ListedKind[]> {
  const { body } = await member.get('/apis'), groups = (body as unknown as { groups: { preferredVersion: { groupVersion: string } }[] }).groups
  const roots = ['/api/v1', ...groups.map(({ preferredVersion: { groupVersion } }) => `/apis/${groupVersion}`)]
  const found = await Promise.all(roots.map(async (root) => {
    const { resources } = (await member.get(root)).body as unknown as { resources: { name: string; kind: string; namespaced: boolean; verbs: string[] }[] }
    return resources.filter(({ verbs }) => verbs.includes('list')).map(({ name, kind, namespaced }): ListedKind => ({ path: `${root}/${name}`, kind, namespaced, listPath: (namespace) => (namespaced ? `${root}/namespaces/${namespace}/${name}` : `${root}/${name}`) }))
  }))
  return found.flat()
}
