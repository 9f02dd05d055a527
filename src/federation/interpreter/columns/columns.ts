/** Columns of Kubernetes' own kinds, as its kubectl shows them, and those that a fleet adds. */
import type { Cell, Column, Kind } from '../../../machinery/meta/core.ts'
import { CLUSTER_LABEL } from '../identity-bound.ts'
import { CLUSTERS_ANNOTATION, TARGETS_ANNOTATION } from '../marks.ts'
import { certificateSigningRequestColumns, roleBindingColumns } from './access.ts'
import { horizontalPodAutoscalerColumns, podDisruptionBudgetColumns } from './autoscaling.ts'
import { age, column, createdAt, name } from './column.ts'
import * as configuration from './configuration.ts'
import { eventColumns } from './event.ts'
import * as networking from './networking.ts'
import { nodeColumns } from './node.ts'
import { podColumns, podRowConditions } from './pod.ts'
import * as storage from './storage.ts'
import * as workloads from './workloads.ts'

/** For kinds without rules. */
export const defaultColumns: readonly Column[] = [name, age]
const unprinted: readonly Column[] = [name, createdAt]

const COLUMNS: ReadonlyMap<string, readonly Column[]> = new Map([
  ['/ComponentStatus', configuration.componentStatusColumns],
  ['/ConfigMap', configuration.configMapColumns],
  ['/Endpoints', networking.endpointsColumns],
  ['/Event', eventColumns],
  ['/LimitRange', unprinted],
  ['/Namespace', configuration.namespaceColumns],
  ['/Node', nodeColumns],
  ['/PersistentVolume', storage.persistentVolumeColumns],
  ['/PersistentVolumeClaim', storage.persistentVolumeClaimColumns],
  ['/Pod', podColumns],
  ['/PodTemplate', workloads.podTemplateColumns],
  ['/ReplicationController', workloads.replicationControllerColumns],
  ['/ResourceQuota', configuration.resourceQuotaColumns],
  ['/Secret', configuration.secretColumns],
  ['/Service', networking.serviceColumns],
  ['/ServiceAccount', defaultColumns],
  ['admissionregistration.k8s.io/MutatingAdmissionPolicy', configuration.mutatingAdmissionPolicyColumns],
  ['admissionregistration.k8s.io/MutatingAdmissionPolicyBinding', configuration.admissionPolicyBindingColumns],
  ['admissionregistration.k8s.io/MutatingWebhookConfiguration', configuration.webhookConfigurationColumns],
  ['admissionregistration.k8s.io/ValidatingAdmissionPolicy', configuration.validatingAdmissionPolicyColumns],
  ['admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding', configuration.admissionPolicyBindingColumns],
  ['admissionregistration.k8s.io/ValidatingWebhookConfiguration', configuration.webhookConfigurationColumns],
  ['apiextensions.k8s.io/CustomResourceDefinition', unprinted],
  ['apiregistration.k8s.io/APIService', configuration.apiServiceColumns],
  ['apps/ControllerRevision', workloads.controllerRevisionColumns],
  ['apps/DaemonSet', workloads.daemonSetColumns],
  ['apps/Deployment', workloads.deploymentColumns],
  ['apps/ReplicaSet', workloads.replicaSetColumns],
  ['apps/StatefulSet', workloads.statefulSetColumns],
  ['autoscaling/HorizontalPodAutoscaler', horizontalPodAutoscalerColumns],
  ['batch/CronJob', workloads.cronJobColumns],
  ['batch/Job', workloads.jobColumns],
  ['certificates.k8s.io/CertificateSigningRequest', certificateSigningRequestColumns],
  ['coordination.k8s.io/Lease', configuration.leaseColumns],
  ['discovery.k8s.io/EndpointSlice', networking.endpointSliceColumns],
  ['events.k8s.io/Event', eventColumns],
  ['flowcontrol.apiserver.k8s.io/FlowSchema', configuration.flowSchemaColumns],
  ['flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration', configuration.priorityLevelColumns],
  ['networking.k8s.io/IPAddress', networking.ipAddressColumns],
  ['networking.k8s.io/Ingress', networking.ingressColumns],
  ['networking.k8s.io/IngressClass', networking.ingressClassColumns],
  ['networking.k8s.io/NetworkPolicy', networking.networkPolicyColumns],
  ['networking.k8s.io/ServiceCIDR', networking.serviceCidrColumns],
  ['node.k8s.io/RuntimeClass', configuration.runtimeClassColumns],
  ['policy/PodDisruptionBudget', podDisruptionBudgetColumns],
  ['rbac.authorization.k8s.io/ClusterRole', unprinted],
  ['rbac.authorization.k8s.io/ClusterRoleBinding', roleBindingColumns],
  ['rbac.authorization.k8s.io/Role', unprinted],
  ['rbac.authorization.k8s.io/RoleBinding', roleBindingColumns],
  ['resource.k8s.io/DeviceClass', defaultColumns],
  ['resource.k8s.io/ResourceClaim', configuration.resourceClaimColumns],
  ['resource.k8s.io/ResourceClaimTemplate', defaultColumns],
  ['resource.k8s.io/ResourceSlice', configuration.resourceSliceColumns],
  ['scheduling.k8s.io/PriorityClass', configuration.priorityClassColumns],
  ['storage.k8s.io/CSIDriver', storage.csiDriverColumns],
  ['storage.k8s.io/CSINode', storage.csiNodeColumns],
  ['storage.k8s.io/CSIStorageCapacity', unprinted],
  ['storage.k8s.io/StorageClass', storage.storageClassColumns],
  ['storage.k8s.io/VolumeAttachment', storage.volumeAttachmentColumns],
  ['storage.k8s.io/VolumeAttributesClass', storage.volumeAttributesClassColumns],
])

/** Undefined: a kind that is not Kubernetes' own, or that has no rules here. */
export const columnsFor = (group: string, kind: string): readonly Column[] | undefined => COLUMNS.get(`${group}/${kind}`)

/** What Kubernetes' Tables say of whole rows of a kind. */
export const rowConditionsFor = (group: string, kind: string): Kind['rowConditions'] => (group === '' && kind === 'Pod' ? podRowConditions : undefined)

/**
 * Of folded kinds: how many clusters with a copy are reporting, of those that were to have one (template) or do (none), `2/3`.
 * Most rows of a list have the same clusters: at one time all of them are told the same.
 */
export function clustersColumn(isReporting: (cluster: string) => boolean): Column {
  const cells = new Map<string, Cell>()
  return column('Clusters', ({ metadata: { annotations = {} } }) => {
    const clusters = annotations[CLUSTERS_ANNOTATION] ?? '', targets = annotations[TARGETS_ANNOTATION] ?? clusters, key = `${clusters};${targets}`
    let cell = cells.get(key)
    if (cell === undefined) {
      if (cells.size >= CELLS_MAX) cells.clear()
      cells.set(key, (cell = reporting(names(clusters), names(targets), isReporting)))
    }
    return cell
  }, { reads: [CLUSTERS_ANNOTATION, TARGETS_ANNOTATION].map((annotation) => ['metadata', 'annotations', annotation]) })
}
const CELLS_MAX = 1_000
const names = (list: string) => list.split(',').filter(Boolean)

function reporting(clusters: readonly string[], targets: readonly string[], isReporting: (cluster: string) => boolean): Cell {
  const wanted = clusters.filter((cluster) => targets.includes(cluster))
  let told = '', toldAt = Number.NaN
  return {
    live: (now) => {
      if (now !== toldAt) { told = `${wanted.filter(isReporting).length}/${targets.length}`; toldAt = now }
      return told
    },
  }
}

/** Of identity-bound kinds: where the object lives. */
export const clusterColumn: Column = column('Cluster', ({ metadata }) => metadata.labels?.[CLUSTER_LABEL] ?? '<none>', { wide: true, reads: [['metadata', 'labels', CLUSTER_LABEL]] })
