/** The fields a kube-apiserver selects by, per kind, where the fleet's names of other objects (`node@cluster`) stand in for the members'. */
import { groupOf } from '../federation/interpreter/folded-uid.ts'
import { plain as text } from '../federation/interpreter/columns/column.ts'
import { CLUSTER_LABEL, toFleetName } from '../federation/interpreter/identity-bound.ts'
import type { KubeObject } from '../machinery/meta/core.ts'

type Fields = Readonly<Record<string, (object: KubeObject) => string>>

export function selectableFields(group: string, kind: string, isBound: (group: string, kind: string) => boolean): Fields {
  return (group === '' || group === 'events.k8s.io') && kind === 'Event' ? eventFields(isBound) : (FIELDS[`${group}/${kind}`] ?? {})
}

const at = (path: string) => {
  const parts = path.split('.')
  return (object: KubeObject): string => {
    let value: unknown = object
    for (const part of parts) value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[part] : undefined
    return value === undefined || value === null ? '' : text(value)
  }
}
const clusterOf = (object: KubeObject) => object.metadata.labels?.[CLUSTER_LABEL]

/** The value names an object that lives in one cluster only. */
const boundName = (path: string) => {
  const read = at(path)
  return (object: KubeObject): string => {
    const name = read(object), cluster = clusterOf(object)
    return name === '' || cluster === undefined ? name : toFleetName(name, cluster)
  }
}
const plain = (...paths: readonly string[]): Fields => Object.fromEntries(paths.map((path) => [path, at(path)]))
/** Of Go's booleans and numbers, which JSON leaves out where they are false or 0. */
const or = (absent: string, path: string) => {
  const read = at(path)
  return (object: KubeObject): string => read(object) || absent
}

const FIELDS: Readonly<Record<string, Fields>> = {
  '/Pod': { ...plain('spec.restartPolicy', 'spec.schedulerName', 'spec.serviceAccountName', 'status.phase', 'status.podIP', 'status.nominatedNodeName'), 'spec.hostNetwork': or('false', 'spec.hostNetwork'), 'spec.nodeName': boundName('spec.nodeName') },
  '/Node': { 'spec.unschedulable': or('false', 'spec.unschedulable') },
  '/Namespace': plain('status.phase'),
  '/Secret': plain('type'),
  '/Service': plain('spec.clusterIP', 'spec.type'),
  '/ReplicationController': { 'status.replicas': or('0', 'status.replicas') },
  'apps/ReplicaSet': { 'status.replicas': or('0', 'status.replicas') },
  'batch/Job': { 'status.successful': or('0', 'status.succeeded') },
  'certificates.k8s.io/CertificateSigningRequest': plain('spec.signerName'),
}

function eventFields(isBound: (group: string, kind: string) => boolean): Fields {
  const object = (path: string) => (event: KubeObject): string => at(`involvedObject.${path}`)(event) || at(`regarding.${path}`)(event)
  const name = (event: KubeObject): string => {
    const cluster = clusterOf(event), about = object('name')(event)
    return cluster !== undefined && about !== '' && isBound(groupOf(object('apiVersion')(event)), object('kind')(event)) ? toFleetName(about, cluster) : about
  }
  const rest = ['kind', 'namespace', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath']
  return {
    ...Object.fromEntries(['involvedObject', 'regarding'].flatMap((root) => [...rest.map((path) => [`${root}.${path}`, object(path)] as const), [`${root}.name`, name] as const])),
    ...plain('reason', 'reportingController', 'type'),
    reportingComponent: at('reportingComponent'),
    source: (event) => at('source.component')(event) || at('reportingComponent')(event) || at('reportingController')(event),
  }
}
