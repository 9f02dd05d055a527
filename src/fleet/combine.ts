import type { FederatedObject } from '../apis/types.federation/v1alpha1/federated-object.ts'
import { fold, type Copy as FoldCopy } from '../federation/interpreter/fold.ts'
import { foldedUid, rewriteOwnerUids } from '../federation/interpreter/folded-uid.ts'
import { SlabEntry } from '../machinery/cache/slab-entry.ts'
import type { KubeObject } from '../machinery/meta/core.ts'
import { ClusterEntry, ClusterMarks, type Splice } from './cluster-entry.ts'
import { namesNode, nodeSplices } from './node-splices.ts'
import { TEMPLATES } from './template-source.ts'
import type { Combine } from './merged-view.ts'
import { ParsedCopies } from './parsed-copies.ts'
import { FoldedUids, referenceFields, uidSplices, type UidOf } from './uid-splices.ts'
import type { UnionKind } from './union-kinds.ts'

/** What folded uids are made from. */
export interface FleetIdentity { readonly fleetId: string; readonly set: string }

/** `kindOf` finds a kind of the fleet by group and Kind; undefined where no member serves it. */
export function combineFor(kind: UnionKind, options: { readonly byCluster: boolean; readonly identity: FleetIdentity; readonly kindOf: (group: string, kind: string) => UnionKind | undefined; /** The row of an object with a template. Absent: the kind has none. */ readonly template?: (federated: FederatedObject, copies: readonly FoldCopy[]) => KubeObject }): Combine {
  const { byCluster, identity, kindOf, template } = options
  if (byCluster) return identityBound(kind.kind, undefined)
  const uidOf: UidOf = (reference) => {
    const owner = kindOf(reference.group, reference.kind)
    return owner && !owner.identityBound ? foldedUid({ ...identity, ...reference, namespace: owner.namespaced ? reference.namespace : '' }) : undefined
  }
  if (kind.identityBound) return identityBound(kind.kind, uidOf)
  return folded((copies) => {
    const [first, ...others] = copies
    if (template && first?.cluster === TEMPLATES) return rewriteOwnerUids(template(first.object as FederatedObject, others), uidOf)
    const { name = '', namespace = '' } = copies[0]!.object.metadata, uid = foldedUid({ ...identity, group: kind.group, kind: kind.kind, namespace, name })
    const object = fold({ group: kind.group, kind: kind.kind }, copies, { uid, scalable: kind.subresources.includes('scale') })
    return rewriteOwnerUids(object, uidOf)
  })
}

/** One row per member's object: `name@cluster`, and so its node; the host's have no mark. `uidOf` undefined (by-cluster views): every uid stays the member's. */
export function identityBound(kind: string, uidOf: UidOf | undefined): Combine {
  const known = new Map<string, ClusterMarks>(), references = referenceFields(kind), hasNode = namesNode(kind), folded = uidOf && new FoldedUids(uidOf)
  const marksOf = (cluster: string) => {
    let marks = known.get(cluster)
    if (!marks) known.set(cluster, (marks = new ClusterMarks(cluster)))
    return marks
  }
  return {
    oneCopy: true,
    // Joined, it is one string; put together with +, it would be kept as its parts besides.
    rowKey: (memberKey, cluster) => (cluster ? [memberKey, cluster].join('@') : memberKey),
    memberKey: (rowKey, cluster) => (cluster === '' ? (rowKey.includes('@') ? undefined : rowKey) : rowKey.endsWith(`@${cluster}`) ? rowKey.slice(0, -cluster.length - 1) : undefined),
    merge: (key, [copy], position) => {
      const base = copy!.entry as SlabEntry, marks = marksOf(copy!.cluster), uids = folded ? uidSplices(base, references, folded) : NONE, node = hasNode && copy!.cluster ? nodeSplices(base, marks.suffix) : NONE
      // One for each row: what is pushed or spread into has room for seventeen.
      const splices = uids.length > 0 ? uids.concat(node) : node
      return new ClusterEntry({ key, base, marks, position, ...(splices.length > 0 && { splices }) })
    },
  }
}

/** One row for all objects of a namespace and name. `merge` says what the copies amount to; it leaves them as they are. */
export function folded(merge: (copies: readonly FoldCopy[]) => KubeObject): Combine {
  const parsed = new ParsedCopies()
  return {
    oneCopy: false,
    rowKey: (memberKey) => memberKey,
    memberKey: (rowKey) => rowKey,
    merge: (_key, copies, position) => {
      const object = merge(copies.map(({ cluster, entry }) => ({ cluster, object: cluster === TEMPLATES ? entry.parse() : parsed.of(entry) })))
      return SlabEntry.of({ ...object, metadata: { ...object.metadata, resourceVersion: position } })
    },
  }
}

const NONE: readonly Splice[] = []
