/**
 * Leases and Events that name no cluster live on the host, so that leader election and event recorders work through a fleet as they do anywhere. They are written as this server, after the mirrored review,
 * and carry a label: what else the host has of these kinds is no fleet's business, neither to read nor to change.
 */
import { DEFAULT_CLUSTER_SET } from '../apis/cluster.federation/v1alpha1/cluster-set.ts'
import { FLEET_LABEL } from '../federation/template/marks.ts'
import type { KubeObject } from '../machinery/meta/core.ts'
import { isJsonObject, type JsonObject } from '../machinery/meta/json-value.ts'
import { stringifyJson } from '../machinery/meta/json.ts'
import { StatusError, type ResourceName } from '../machinery/meta/status-error.ts'
import type { FleetMember } from './fleet-member.ts'
import { isOfHost } from './host-namespaces.ts'
import { readable, type Body } from './member-body.ts'

/** One kind's home on the host. */
export interface HostObjects {
  readonly member: FleetMember
  /** Throws StatusError Forbidden where nothing is written through a fleet. */
  check(namespace: string, name: string): void
}

export const hostObjects = ({ member, ownNamespace, of }: { readonly member: FleetMember; readonly ownNamespace: string; readonly of: ResourceName }): HostObjects => ({
  member,
  check: (namespace, name) => { if (isOfHost(namespace, ownNamespace)) throw StatusError.forbidden(of, name, `namespace ${namespace} belongs to the host, and is not changed through a fleet`) },
})

/** Whether what the host has is shown by fleets. */
export const isOfFleet = ({ labels }: KubeObject['metadata']): boolean => labels !== undefined && Object.hasOwn(labels, FLEET_LABEL)

/**
 * What is written to the host. `uid`: of the object that is there, which is what the write is about, should another take its place meanwhile; absent: one that is to be created.
 * Whole objects keep the label whether they mention it or not; a patch that removes it gives the object to the host.
 */
export function ofHost(body: Body, method: string, uid?: string): Body {
  const given = readable(body.bytes, body.type), { type } = body, isWhole = method === 'POST' || method === 'PUT' || type === APPLY_TYPE
  const json = (value: unknown, as = type): Body => ({ bytes: Buffer.from(stringifyJson(value)), type: as })
  if (method === 'DELETE') return body.bytes.length === 0 ? json({ kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid } }, 'application/json') : isJsonObject(given) ? json(pinned(given, 'preconditions', uid)) : body
  if (Array.isArray(given)) return json([{ op: 'test', path: '/metadata/uid', value: uid }, ...(given as unknown[])])
  if (!isJsonObject(given)) return body
  const object = uid === undefined ? given : pinned(given, 'metadata', uid)
  return json(isWhole ? labelled(object) : object)
}

const APPLY_TYPE = 'application/apply-patch+yaml'

const fields = (holder: JsonObject, name: string) => (isJsonObject(holder[name]) ? holder[name] : {})

function pinned(holder: JsonObject, place: string, uid: string | undefined): JsonObject {
  const { uid: given, ...others } = fields(holder, place)
  return { ...holder, [place]: { ...others, uid: given || uid } }
}

function labelled(object: JsonObject): JsonObject {
  const metadata = fields(object, 'metadata')
  return { ...object, metadata: { ...metadata, labels: { ...fields(metadata, 'labels'), [FLEET_LABEL]: DEFAULT_CLUSTER_SET } } }
}
