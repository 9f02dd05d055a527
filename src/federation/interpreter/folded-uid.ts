import { uuidV5 } from '../../lib/uuid.ts'
import type { KubeObject } from '../../machinery/meta/core.ts'
import type { JsonObject } from '../../machinery/meta/json-value.ts'
import { isJsonObject } from '../../machinery/meta/json-value.ts'

/** An object as references name it. `namespace` is '' where cluster-scoped. */
export interface Reference { readonly group: string; readonly kind: string; readonly namespace: string; readonly name: string }

/** The uid of a folded object: made from its name alone, so that every replica says the same, and the arrival of a template changes nothing. */
export const foldedUid = ({ fleetId, set, group, kind, namespace, name }: Reference & { readonly fleetId: string; readonly set: string }): string =>
  uuidV5(fleetId, `${set}/${group ? `${kind}.${group}` : kind}/${namespace}/${name}`)

/**
 * The object with the uids of its owners, of what an Event is about and of a volume's claim replaced by those that the fleet shows.
 * `uidOf` is asked with the uid that stands there, and answers undefined for what is not folded; an owner's namespace is the object's own, even if the owner turns out to be cluster-scoped.
 * Answers the object itself where nothing changes.
 */
export function rewriteOwnerUids(object: KubeObject, uidOf: (reference: Reference, uid: string) => string | undefined): KubeObject {
  const { metadata } = object, { ownerReferences: owners, namespace = '' } = metadata
  const rewrite = <T extends object>(reference: T, namespace: string): T => {
    const { apiVersion = '', kind = '', name = '', uid } = reference as { apiVersion?: string; kind?: string; name?: string; uid?: string }
    const folded = uid === undefined ? undefined : uidOf({ group: groupOf(apiVersion), kind, namespace, name }, uid)
    return folded === undefined || folded === uid ? reference : { ...reference, uid: folded }
  }
  let result = object
  if (owners) {
    const rewritten = owners.map((owner) => rewrite(owner, namespace))
    if (rewritten.some((owner, i) => owner !== owners[i])) result = { ...result, metadata: { ...metadata, ownerReferences: rewritten } }
  }
  for (const field of ['involvedObject', 'regarding', 'related']) {
    const before = result[field], after = isJsonObject(before) ? rewrite(before, text(before['namespace'])) : before
    if (after !== before) result = { ...result, [field]: after }
  }
  const { spec } = result, claim = isJsonObject(spec) ? spec['claimRef'] : undefined
  if (!isJsonObject(claim)) return result
  const after = rewrite<JsonObject>({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', ...claim }, text(claim['namespace']))
  return after['uid'] === claim['uid'] ? result : { ...result, spec: { ...(spec as JsonObject), claimRef: { ...claim, uid: after['uid'] } } }
}

const text = (value: unknown) => (typeof value === 'string' ? value : '')
/** `apps` of `apps/v1`; '' for the core group. */
export const groupOf = (apiVersion: string) => (apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '')
