/** The fields a kube-apiserver selects by, per kind, where the fleet's names of other objects (`node@cluster`) stand in for the members'. */
import { groupOf } from '../federation/interpreter/folded-uid.ts'
import { plain as text } from '../federation/interpreter/columns/column.ts'
import { CLUSTER_LABEL, fromFleetName, toFleetName } from '../federation/interpreter/identity-bound.ts'
import type { KubeObject } from '../machinery/meta/core.ts'

type Fields = Readonly<Record<string, (object: KubeObject) => string>>

export function selectableFields(group: string, kind: string, isBound: (group: string, kind: string) => boolean): Fields {
  return kind === 'Event' && group === '' ? coreEventFields(isBound) : kind === 'Event' && group === 'events.k8s.io' ? eventFields(isBound) : (FIELDS[`${group}/${kind}`] ?? {})
}

/** `absent`: what a field that is left out counts as, where Kubernetes' type is no text. */
const at = (path: string, absent = '') => {
  const parts = path.split('.')
  return (object: KubeObject): string => {
    let value: unknown = object
    for (const part of parts) value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[part] : undefined
    return value === undefined || value === null ? absent : text(value)
  }
}
const clusterOf = (object: KubeObject) => object.metadata.labels?.[CLUSTER_LABEL]

/** The value names an object that lives in one cluster only. */
const boundName = (path: string) => {
  const read = at(path)
  return (object: KubeObject): string => {
    const name = read(object), cluster = clusterOf(object)
    return name === '' || cluster === undefined || fromFleetName(name)?.cluster === cluster ? name : toFleetName(name, cluster)
  }
}
const plain = (...paths: readonly string[]): Fields => Object.fromEntries(paths.map((path) => [path, at(path)]))

const FIELDS: Readonly<Record<string, Fields>> = {
  '/Pod': { ...plain('spec.restartPolicy', 'spec.schedulerName', 'spec.serviceAccountName', 'status.phase', 'status.podIP', 'status.nominatedNodeName'), 'spec.hostNetwork': at('spec.hostNetwork', 'false'), 'spec.nodeName': boundName('spec.nodeName'), 'spec.host': boundName('spec.nodeName'), 'status.podIPs': () => '' },
  '/Node': { 'spec.unschedulable': at('spec.unschedulable', 'false') },
  '/Namespace': plain('status.phase'),
  '/Secret': plain('type'),
  '/Service': plain('spec.clusterIP', 'spec.type'),
  '/ReplicationController': { 'status.replicas': at('status.replicas', '0') },
  'batch/Job': { 'status.successful': at('status.succeeded', '0') },
  'certificates.k8s.io/CertificateSigningRequest': plain('spec.signerName'),
  'resource.k8s.io/ResourceSlice': { ...plain('spec.driver'), 'spec.nodeName': boundName('spec.nodeName') },
}

const coreEventFields = (isBound: (group: string, kind: string) => boolean): Fields => ({
  ...about('involvedObject', isBound), ...plain('reason', 'reportingComponent', 'type'), source: (event) => at('source.component')(event) || at('reportingComponent')(event),
})
const eventFields = (isBound: (group: string, kind: string) => boolean): Fields => ({ ...about('regarding', isBound), ...plain('reason', 'reportingController', 'type') })

/** What an Event is about, by the names of the fleet. */
function about(root: 'involvedObject' | 'regarding', isBound: (group: string, kind: string) => boolean): Fields {
  const object = (path: string) => at(`${root}.${path}`), [apiVersion, kind, own] = [object('apiVersion'), object('kind'), object('name')]
  const name = (event: KubeObject): string => {
    const cluster = clusterOf(event), named = own(event)
    return cluster !== undefined && named !== '' && isBound(groupOf(apiVersion(event)), kind(event)) ? toFleetName(named, cluster) : named
  }
  return { ...plain(...['kind', 'namespace', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].map((path) => `${root}.${path}`)), [`${root}.name`]: name }
}
