/** What the tests of reads read: one object, at least, of every built-in kind that a member can be given without a cloud around it, with the fields that its columns and selectors are about; and kinds of its own. */

import { createNamespace, eventually, kubectl } from './fleet-bed.ts'

/** In a member, and seen by the fleet. What has no namespace stays there. */
export async function createOneOfEach(member: string, namespace: string): Promise<void> {
  const list = (items: readonly object[]) => ({ input: { apiVersion: 'v1', kind: 'List', items } })
  await kubectl(member, 'apply -f -', list([widgetDefinition, ...clusterScoped]))
  await kubectl(member, 'wait --for=condition=Established crd/widgets.example.com')
  await createNamespace(namespace, [member])
  await eventually(async () => { await kubectl(member, `-n ${namespace} apply -f -`, list(namespaced)) })
  for (const [name, status] of STATUSES) await kubectl(member, ['-n', namespace, 'patch', name, '--subresource=status', '--type=merge', '-p', JSON.stringify({ status })])
  await kubectl(member, `-n ${namespace} rollout status deploy/web --timeout=40s`)
  // A kind that has just come is looked for once in a while.
  await eventually(async () => { await kubectl('fleet-by-cluster', `-n ${namespace} get widgets.example.com first@${member}`) }, 60_000)
}

const pod = { metadata: { labels: { app: 'web' } }, spec: { terminationGracePeriodSeconds: 0, serviceAccountName: 'default', initContainers: [{ name: 'sidecar', image: 'registry.example/sidecar:1', restartPolicy: 'Always' }], containers: [{ name: 'web', image: 'registry.example/web:1' }, { name: 'log', image: 'registry.example/log:2' }] } }
const once = { metadata: { labels: { app: 'once' } }, spec: { restartPolicy: 'Never', containers: [{ name: 'once', image: 'registry.example/once:1' }] } }
const rule = (name: string, number: number) => ({ path: '/', pathType: 'Prefix', backend: { service: { name, port: { number } } } })
const selector = { matchLabels: { app: 'web' } }, service = { name: 'web', namespace: 'default', path: '/x' }
const of = (apiVersion: string, kind: string, name: string, rest: object = {}, metadata: object = {}) => ({ apiVersion, kind, metadata: { name, labels: { made: 'by-e2e' }, ...metadata }, ...rest })

/** `kind/name`, resource and status: what no controller of a test bed would say. */
const STATUSES: readonly (readonly [name: string, status: object])[] = [
  ['service/balanced', { loadBalancer: { ingress: [{ ip: '192.0.2.7' }, { hostname: 'lb.example' }] } }],
  ['ingress/web', { loadBalancer: { ingress: [{ ip: '192.0.2.8' }] } }],
  ['hpa/web', { currentReplicas: 2, desiredReplicas: 3, currentMetrics: [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 41, averageValue: '10m' } } }] }],
  ['widget/first', { phase: 'Ready', ready: 2, since: '2026-01-02T03:04:05Z', parts: [{ name: 'a', size: 1 }, { name: 'b', size: 2 }] }],
]

const namespaced: readonly object[] = [
  of('v1', 'ConfigMap', 'settings', { data: { a: '1', b: '2' }, binaryData: { c: 'AAAA' } }),
  of('v1', 'Secret', 'key', { type: 'kubernetes.io/basic-auth', stringData: { username: 'u', password: 'p' } }),
  of('v1', 'ServiceAccount', 'robot', { automountServiceAccountToken: false }),
  of('v1', 'Service', 'web', { spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }, { name: 'dns', port: 53, protocol: 'UDP' }] } }),
  of('v1', 'Service', 'balanced', { spec: { type: 'LoadBalancer', ports: [{ port: 443, nodePort: 31443 }], externalIPs: ['192.0.2.1'] } }),
  of('v1', 'Service', 'elsewhere', { spec: { type: 'ExternalName', externalName: 'db.example' } }),
  of('v1', 'Service', 'headless', { spec: { clusterIP: 'None', selector: { app: 'web' } } }),
  of('v1', 'PersistentVolumeClaim', 'data', { spec: { accessModes: ['ReadWriteOnce', 'ReadOnlyMany'], storageClassName: 'e2e-slow', resources: { requests: { storage: '1Gi' } } } }),
  of('v1', 'LimitRange', 'limits', { spec: { limits: [{ type: 'Container', default: { cpu: '100m' }, defaultRequest: { cpu: '50m' } }] } }),
  of('v1', 'ResourceQuota', 'quota', { spec: { hard: { pods: '50', 'requests.cpu': '20' } } }),
  of('v1', 'PodTemplate', 'template', { template: pod }),
  of('v1', 'ReplicationController', 'old', { spec: { replicas: 1, selector: { app: 'old' }, template: { metadata: { labels: { app: 'old' } }, spec: pod.spec } } }),
  of('apps/v1', 'Deployment', 'web', { spec: { replicas: 2, selector, template: pod } }),
  of('apps/v1', 'Deployment', 'stopped', { spec: { replicas: 0, selector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['x', 'y'] }] }, template: { ...pod, metadata: { labels: { app: 'x' } } } } }),
  of('apps/v1', 'StatefulSet', 'db', { spec: { replicas: 1, serviceName: 'headless', selector: { matchLabels: { app: 'db' } }, template: { ...pod, metadata: { labels: { app: 'db' } } } } }),
  of('apps/v1', 'DaemonSet', 'agent', { spec: { selector: { matchLabels: { app: 'agent' } }, template: { metadata: { labels: { app: 'agent' } }, spec: { ...pod.spec, nodeSelector: { kind: 'none' } } } } }),
  of('batch/v1', 'Job', 'once', { spec: { completions: 2, parallelism: 2, template: once } }),
  of('batch/v1', 'Job', 'waiting', { spec: { suspend: true, completions: 3, template: once } }),
  of('batch/v1', 'CronJob', 'nightly', { spec: { schedule: '0 3 * * *', timeZone: 'Etc/UTC', suspend: true, jobTemplate: { spec: { template: once } } } }),
  of('networking.k8s.io/v1', 'Ingress', 'web', { spec: { ingressClassName: 'e2e', tls: [{ hosts: ['shop.example'], secretName: 'key' }], rules: [{ host: 'shop.example', http: { paths: [rule('web', 80)] } }, { http: { paths: [rule('web', 80)] } }] } }),
  of('networking.k8s.io/v1', 'NetworkPolicy', 'closed', { spec: { podSelector: selector, policyTypes: ['Ingress'] } }),
  of('autoscaling/v2', 'HorizontalPodAutoscaler', 'web', { spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'missing' }, minReplicas: 1, maxReplicas: 4, metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }, { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '200Mi' } } }] } }),
  of('policy/v1', 'PodDisruptionBudget', 'web', { spec: { minAvailable: '50%', selector } }),
  of('policy/v1', 'PodDisruptionBudget', 'all', { spec: { maxUnavailable: 1, selector: {} } }),
  of('rbac.authorization.k8s.io/v1', 'Role', 'reader', { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] }),
  of('rbac.authorization.k8s.io/v1', 'RoleBinding', 'reader', { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' }, subjects: [{ kind: 'User', name: 'u', apiGroup: 'rbac.authorization.k8s.io' }, { kind: 'Group', name: 'g', apiGroup: 'rbac.authorization.k8s.io' }, { kind: 'ServiceAccount', name: 'robot', namespace: 'default' }] }),
  of('coordination.k8s.io/v1', 'Lease', 'turn', { spec: { holderIdentity: 'me', leaseDurationSeconds: 15 } }),
  of('discovery.k8s.io/v1', 'EndpointSlice', 'given', { addressType: 'IPv4', ports: [{ name: 'http', port: 80 }], endpoints: [{ addresses: ['192.0.2.1'] }, { addresses: ['192.0.2.2'], conditions: { ready: false } }] }),
  of('storage.k8s.io/v1', 'CSIStorageCapacity', 'room', { storageClassName: 'e2e-slow', capacity: '1Gi' }),
  of('example.com/v1', 'Widget', 'first', { spec: { size: 3, ratio: 0.5, on: true, color: 'red', tags: ['x', 'y'], due: '2026-02-03T04:05:06Z' } }),
  of('example.com/v1', 'Widget', 'second', { spec: { color: 'blue' } }),
]

const clusterScoped: readonly object[] = [
  of('storage.k8s.io/v1', 'StorageClass', 'e2e-slow', { provisioner: 'example.com/slow', volumeBindingMode: 'WaitForFirstConsumer', allowVolumeExpansion: true }, { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } }),
  of('storage.k8s.io/v1', 'CSIDriver', 'e2e.example.com', { spec: { attachRequired: false, tokenRequests: [{ audience: 'a' }] } }),
  of('storage.k8s.io/v1', 'VolumeAttachment', 'e2e', { spec: { attacher: 'e2e.example.com', nodeName: 'member1-node-1', source: { persistentVolumeName: 'e2e' } } }),
  of('v1', 'PersistentVolume', 'e2e', { spec: { capacity: { storage: '2Gi' }, accessModes: ['ReadWriteOnce'], persistentVolumeReclaimPolicy: 'Retain', storageClassName: 'e2e-none', hostPath: { path: '/tmp/e2e' } } }),
  of('scheduling.k8s.io/v1', 'PriorityClass', 'e2e', { value: 1000, globalDefault: false, preemptionPolicy: 'Never' }),
  of('node.k8s.io/v1', 'RuntimeClass', 'e2e', { handler: 'fast' }),
  of('networking.k8s.io/v1', 'IngressClass', 'e2e', { spec: { controller: 'example.com/ingress', parameters: { apiGroup: 'example.com', kind: 'Settings', name: 'x' } } }),
  of('rbac.authorization.k8s.io/v1', 'ClusterRole', 'e2e', { rules: [] }),
  of('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', 'e2e', { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'e2e' }, subjects: [{ kind: 'User', name: 'u', apiGroup: 'rbac.authorization.k8s.io' }] }),
  of('certificates.k8s.io/v1', 'CertificateSigningRequest', 'e2e', { spec: { request: 'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlISE1IQUNBUUF3RGpFTU1Bb0dBMVVFQXd3RFpUSmxNRmt3RXdZSEtvWkl6ajBDQVFZSUtvWkl6ajBEQVFjRApRZ0FFbkluYWpweWJkZVRmb3dYQnJ5RElwQ0RxSHhZa2pvQUJ3Vjc0Qk9xSThSRjhtOFVQNUdKWTl3ZC9NT2VJCnZ1MTdMd2w5ci9HVTRhRDVXZHE2Z1diYzg2QUFNQW9HQ0NxR1NNNDlCQU1DQTBjQU1FUUNJQjZydk1EOFQ5ak8KSitLYUEybEdrelFDcHYrbVVYS3o4K0o4cFlReTVxNTRBaUI3dVo2T2N4eWRubDNIU050RlJzOVcwM2krNDQyMQorZXI3aXl5cVYwbm9rdz09Ci0tLS0tRU5EIENFUlRJRklDQVRFIFJFUVVFU1QtLS0tLQo=', signerName: 'example.com/none', usages: ['client auth'], expirationSeconds: 3600 } }),
  of('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration', 'e2e', { webhooks: [{ name: 'a.example.com', clientConfig: { service }, failurePolicy: 'Ignore', sideEffects: 'None', admissionReviewVersions: ['v1'], rules: [], namespaceSelector: { matchLabels: { none: 'none' } } }] }),
  of('admissionregistration.k8s.io/v1', 'MutatingWebhookConfiguration', 'e2e', { webhooks: [] }),
  of('admissionregistration.k8s.io/v1', 'ValidatingAdmissionPolicy', 'e2e', { spec: { failurePolicy: 'Ignore', matchConstraints: { resourceRules: [{ apiGroups: ['none.example.com'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['nones'] }] }, validations: [{ expression: 'true' }] } }),
  of('admissionregistration.k8s.io/v1', 'ValidatingAdmissionPolicyBinding', 'e2e', { spec: { policyName: 'e2e', validationActions: ['Audit'], paramRef: { name: 'p', namespace: 'default', parameterNotFoundAction: 'Allow' } } }),
  of('flowcontrol.apiserver.k8s.io/v1', 'FlowSchema', 'e2e', { spec: { priorityLevelConfiguration: { name: 'e2e' }, matchingPrecedence: 9000, distinguisherMethod: { type: 'ByUser' } } }),
  of('flowcontrol.apiserver.k8s.io/v1', 'PriorityLevelConfiguration', 'e2e', { spec: { type: 'Limited', limited: { nominalConcurrencyShares: 1, limitResponse: { type: 'Queue', queuing: { queues: 2, handSize: 1, queueLengthLimit: 3 } } } } }),
]

const number = { type: 'integer' }, text = { type: 'string' }
/** Columns of every type, for -o wide, of lists and of paths that lead nowhere; fields to select by. */
const widgetDefinition: object = {
  apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com', scope: 'Namespaced', names: { plural: 'widgets', singular: 'widget', kind: 'Widget', shortNames: ['wdg'], categories: ['e2e'] },
    versions: [{
      name: 'v1', served: true, storage: true, subresources: { status: {} },
      schema: { openAPIV3Schema: { type: 'object', properties: {
        spec: { type: 'object', properties: { size: number, ratio: { type: 'number' }, on: { type: 'boolean' }, color: text, tags: { type: 'array', items: text }, due: { ...text, format: 'date-time' } } },
        status: { type: 'object', properties: { phase: text, ready: number, since: { ...text, format: 'date-time' }, parts: { type: 'array', items: { type: 'object', properties: { name: text, size: number } } } } },
      } } },
      selectableFields: [{ jsonPath: '.spec.color' }, { jsonPath: '.spec.size' }, { jsonPath: '.spec.on' }],
      additionalPrinterColumns: [
        { name: 'Size', type: 'integer', jsonPath: '.spec.size', description: 'how big' }, { name: 'Ratio', type: 'number', jsonPath: '.spec.ratio', format: 'double' }, { name: 'On', type: 'boolean', jsonPath: '.spec.on' }, { name: 'Color', type: 'string', jsonPath: '.spec.color' },
        { name: 'Due', type: 'date', jsonPath: '.spec.due' }, { name: 'Since', type: 'date', jsonPath: '.status.since', priority: 1 }, { name: 'First', type: 'string', jsonPath: '.status.parts[0].name' }, { name: 'Names', type: 'string', jsonPath: '.status.parts[*].name' },
        { name: 'Big', type: 'string', jsonPath: '.status.parts[?(@.size>1)].name', priority: 2 }, { name: 'Tags', type: 'string', jsonPath: '.spec.tags' }, { name: 'Wrong', type: 'integer', jsonPath: '.spec.color' }, { name: 'Nowhere', type: 'string', jsonPath: '.spec.nothing.here' }, { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
      ],
    }],
  },
}
