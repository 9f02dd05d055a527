import { isJsonObject, type JsonObject } from '../../machinery/meta/json-value.ts'
import { formatQuantity } from '../../machinery/meta/quantity.ts'
import { listAt, objectAt, type Path, textAt, valueAt, valuesAt } from './fields.ts'
import { type Amounts, podRequests } from './pod-requests.ts'

/** What a cluster needs to have for one replica. */
export interface Requirements {
  readonly nodeClaim?: NodeClaim
  /** Quantities in canonical form, by resource. */
  readonly resourceRequest?: Readonly<Record<string, string>>
  readonly priorityClassName?: string
  /** Whose quotas the replicas count against. */
  readonly namespace?: string
}

/** What a node must be like; preferences do not count. */
export interface NodeClaim { readonly nodeSelector?: JsonObject; readonly tolerations?: readonly unknown[]; readonly hardNodeAffinity?: JsonObject }

/** Undefined where any node will do. `spec` is a pod's, or any with the fields of one. */
export function requirementsOf(spec: unknown, namespace: string | undefined, amounts: Amounts = podRequests(isJsonObject(spec) ? spec : {})): Requirements | undefined {
  const nodeClaim = nodeClaimOf(spec), priorityClassName = textAt(spec, 'priorityClassName')
  if (!nodeClaim && amounts.size === 0) return undefined
  return { ...(nodeClaim && { nodeClaim }), ...(amounts.size > 0 && { resourceRequest: written(amounts) }), ...(priorityClassName !== undefined && { priorityClassName }), ...(namespace !== undefined && { namespace }) }
}

function nodeClaimOf(spec: unknown): NodeClaim | undefined {
  const nodeSelector = objectAt(spec, 'nodeSelector'), tolerations = listAt(spec, 'tolerations'), hardNodeAffinity = objectAt(spec, 'affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution')
  if (!nodeSelector && tolerations.length === 0 && !hardNodeAffinity) return undefined
  return { ...(nodeSelector && { nodeSelector }), ...(tolerations.length > 0 && { tolerations }), ...(hardNodeAffinity && { hardNodeAffinity }) }
}

const written = (amounts: Amounts) => Object.fromEntries([...amounts].map(([name, amount]) => [name, formatQuantity(amount)]).toSorted(([a], [b]) => (a! < b! ? -1 : 1))) as Record<string, string>

/** An object that must be there for another one to work. Without a namespace it is cluster-scoped; by name, or all that the labels select. */
export interface Reference { readonly apiVersion: string; readonly kind: string; readonly namespace?: string; readonly name?: string; readonly labelSelector?: JsonObject }

const CONTAINERS = ['containers', 'initContainers', 'ephemeralContainers']
const inContainers = (...paths: readonly string[]) => CONTAINERS.flatMap((list) => paths.map((path) => `${list}.*.${path}`))

/** Where a pod's spec names what it needs. Optional references count: whoever named them wants them where they exist. */
const NAMED: Readonly<Record<string, readonly Path[]>> = {
  ConfigMap: [...inContainers('env.*.valueFrom.configMapKeyRef.name', 'envFrom.*.configMapRef.name'), 'volumes.*.configMap.name', 'volumes.*.projected.sources.*.configMap.name'],
  Secret: [
    'imagePullSecrets.*.name', ...inContainers('env.*.valueFrom.secretKeyRef.name', 'envFrom.*.secretRef.name'), 'volumes.*.secret.secretName', 'volumes.*.projected.sources.*.secret.name', 'volumes.*.azureFile.secretName',
    ...['cephfs', 'cinder', 'flexVolume', 'iscsi', 'rbd', 'scaleIO', 'storageos'].map((driver) => `volumes.*.${driver}.secretRef.name`), 'volumes.*.csi.nodePublishSecretRef.name',
  ],
  PersistentVolumeClaim: ['volumes.*.persistentVolumeClaim.claimName'],
  ServiceAccount: ['serviceAccountName'],
}

/** ConfigMaps, Secrets, claims and the service account that a pod's spec names. The account `default` is in every namespace. */
export function podReferences(spec: unknown): Reference[] {
  return Object.entries(NAMED).flatMap(([kind, paths]) => namedAt(spec, kind, paths)).filter(({ kind, name }) => kind !== 'ServiceAccount' || name !== 'default')
}

/** References by name to a core kind, in the namespace of the one that refers. */
export const namedAt = (object: unknown, kind: string, paths: readonly Path[]): Reference[] =>
  paths.flatMap((path) => valuesAt(object, path)).flatMap((name) => (typeof name === 'string' && name !== '' ? [{ apiVersion: 'v1', kind, name }] : []))

/** The pod specs of the templates at these paths. */
export const podSpecsAt = (object: unknown, templates: readonly Path[]): unknown[] => templates.flatMap((path) => valuesAt(object, path)).flatMap((template) => valueAt(template, 'spec') ?? [])
