import type { FederatedObject } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import { getJson } from '../../machinery/client/json-client.ts'
import { METADATA_LIST } from '../../machinery/client/metadata-only.ts'
import { resourcePath } from '../../machinery/client/resource-path.ts'
import type { KubeObject } from '../../machinery/meta/core.ts'
import { isReason } from '../../machinery/meta/status-error.ts'
import type { DiscoveredKind } from '../member/discovery.ts'
import type { Member } from '../member/member.ts'
import { MANAGED_LABEL } from '../template/marks.ts'
import { isMadeBy } from './ensure-namespace.ts'

interface Removal {
  readonly member: Pick<Member, 'handler' | 'discovery'>
  /** As it is in the member. */
  readonly namespace: KubeObject
  /** Undefined: the template is gone. */
  readonly federated: FederatedObject | undefined
  readonly fleetId: string
  readonly now: number
}

/** What this fleet has in a namespace that is going mostly goes with it, a moment later or earlier. */
const PATIENCE_MS = 60_000
const AT_ONCE = 8, LIMIT = 50
/** Follow from other objects, or say what happened to them. */
const FOLLOWING = new Set(['events', 'events.events.k8s.io', 'endpoints', 'endpointslices.discovery.k8s.io'])

/**
 * Why a namespace of a member must not be deleted now; undefined: it may. Deleting it deletes all that is in it, so only one that this fleet made, holding nothing, goes.
 * release: it stays, and is no copy any more.
 */
export async function whyNamespaceStays({ member, namespace, federated, fleetId, now }: Removal, signal: AbortSignal): Promise<'release' | { readonly wait: string } | undefined> {
  if (!isMadeBy(namespace, fleetId)) return 'release'
  const contents = await contentsOf(member, namespace.metadata.name ?? '', signal)
  // What cannot be seen may be there.
  if (!contents || contents.some(({ metadata: { labels, deletionTimestamp } }) => labels?.[MANAGED_LABEL] !== fleetId && deletionTimestamp === undefined)) return 'release'
  if (contents.length === 0) return undefined
  const { deletionTimestamp } = federated?.metadata ?? {}, isNear = federated !== undefined && (deletionTimestamp === undefined || now - Date.parse(deletionTimestamp) < PATIENCE_MS)
  return isNear ? { wait: `it still holds ${contents.length === 1 ? '1 object' : `${contents.length} objects`}, among them ${contents[0]!.kind ?? ''} ${contents[0]!.metadata.name ?? ''}` } : 'release'
}

/** What lies in a namespace besides what every namespace has; undefined: some of it may not be seen. Of each kind some are enough. */
async function contentsOf({ handler, discovery }: Removal['member'], namespace: string, signal: AbortSignal): Promise<readonly KubeObject[] | undefined> {
  const kinds = [...new Map((discovery?.kinds ?? []).filter(isContent).map((kind) => [resourceOf(kind), kind])).values()], found: KubeObject[] = []
  if (kinds.length === 0 || (discovery?.stale.length ?? 0) > 0) return undefined
  for (let at = 0; at < kinds.length; at += AT_ONCE) {
    const lists = await Promise.all(kinds.slice(at, at + AT_ONCE).map(async (kind): Promise<readonly KubeObject[] | undefined> => {
      try {
        // Go writes an empty list of metadata as null.
        const { items } = await getJson<{ items: KubeObject[] | null }>(handler, `${resourcePath(kind, { namespace })}?limit=${LIMIT}`, signal, METADATA_LIST)
        return (items ?? []).filter((item) => !isBornWith(kind, item)).map(({ metadata }) => ({ kind: kind.kind, metadata }))
      } catch (error) {
        if (isReason(error, 'NotFound', 'MethodNotAllowed')) return []
        if (isReason(error, 'Forbidden')) return undefined
        throw error
      }
    }))
    if (lists.includes(undefined)) return undefined
    found.push(...lists.flatMap((list) => list ?? []))
  }
  return found
}

const resourceOf = ({ group, plural }: DiscoveredKind) => (group ? `${plural}.${group}` : plural)
const isContent = (kind: DiscoveredKind) => kind.namespaced && kind.verbs.includes('list') && kind.verbs.includes('delete') && !FOLLOWING.has(resourceOf(kind))

/** What is made with a namespace, and what goes with its owner, which is counted itself. */
function isBornWith(kind: DiscoveredKind, { metadata: { name, annotations, ownerReferences } }: KubeObject): boolean {
  switch (resourceOf(kind)) {
    case 'serviceaccounts': return name === 'default'
    case 'configmaps': return name === 'kube-root-ca.crt'
    case 'secrets': return annotations?.['kubernetes.io/service-account.name'] === 'default'
    default: return ownerReferences?.some(({ controller }) => controller) ?? false
  }
}
