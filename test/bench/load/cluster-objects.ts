/** What the clusters of the fleet bench hold: pods of 3 to 4 KB as they are served, with status and managedFields, and Deployments. Texts with the load generator's placeholders. */

export const NAMESPACES = 20
/** `series` tells the thirds of one large cluster apart; always as long, so that bytes of one series can be made into those of another. */
export const namespaceOf = (number: number, series: 1 | 2 | 3 = 1): string => `shop-${series}-${String(number).padStart(2, '0')}`

const SETTINGS = Array.from({ length: 5 }, (_, n) => ({ name: `SETTING_${n}`, value: `value-${n}-{word}` }))
const container = { name: 'web', image: 'registry.example/team/web:1.27.3', env: SETTINGS, ports: [{ name: 'http', containerPort: 8080 }], resources: { requests: { cpu: '100m', memory: '64Mi' } } }

/** `node` exists, or the pod would wait for one. */
export const pod = (name: string, node: string): string => JSON.stringify({
  apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { app: 'web', tier: 't{i}', 'pod-template-hash': '{word}' }, annotations: { note: '{word} {word} {word} {word}' } },
  spec: { nodeName: node, containers: [container] },
})

const SINCE = '2026-01-01T00:00:00Z', CONDITIONS = ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({ type, status: 'True', lastProbeTime: null, lastTransitionTime: SINCE }))
export const podStatus: string = JSON.stringify({ status: {
  phase: 'Running', conditions: CONDITIONS, hostIP: '10.0.0.1', podIP: '10.99.0.1', podIPs: [{ ip: '10.99.0.1' }], startTime: SINCE, qosClass: 'Burstable',
  containerStatuses: [{ name: 'web', ready: true, started: true, restartCount: 0, image: container.image, imageID: 'registry.example/team/web@sha256:{word}{word}{word}{word}', containerID: 'containerd://{word}{word}{word}{word}', lastState: {}, state: { running: { startedAt: SINCE } } }],
} })

export const deployment = (name: string): string => JSON.stringify({
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, labels: { app: 'web', tier: 't{i}' }, annotations: { note: '{word} {word} {word} {word}' } },
  spec: { replicas: 3, selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: { containers: [container] } } },
})
export const deploymentStatus: string = JSON.stringify({ status: {
  observedGeneration: 1, replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3,
  conditions: ['Available', 'Progressing'].map((type) => ({ type, status: 'True', reason: 'Bench', message: 'as it should be', lastUpdateTime: SINCE, lastTransitionTime: SINCE })),
} })

/** Letters and figures that differ from object to object, so that nothing compresses to nothing. */
const filled = (template: string, i: number) => template.replaceAll('{word}', () => Math.floor(Math.random() * 2 ** 41).toString(36).padStart(8, '0').slice(0, 8)).replaceAll('{i}', String(i % 7)).replaceAll('{n}', String(i))

const managed = (i: number) => [{ manager: 'kubelet', operation: 'Update', apiVersion: 'v1', time: SINCE, fieldsType: 'FieldsV1', fieldsV1: Object.fromEntries(Array.from({ length: 34 }, (_, n) => [`f:field-${n}-${i % 10}`, { '.': {}, 'f:value': {} }])) }]
/** In the three weeks before. */
const createdAt = (i: number) => new Date(Date.parse(SINCE) - ((i * 7_919) % (21 * 86_400)) * 1000).toISOString().replace('.000', '')
/** What an API server adds to the metadata of the i-th object. */
export const servedMetadata = (i: number) => ({ uid: `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`, creationTimestamp: createdAt(i), managedFields: managed(i) })

interface Written { readonly metadata: object; readonly spec: object; readonly apiVersion: string; readonly kind: string }

/** The i-th of a cluster's pods as a list holds it, without apiVersion and kind. */
export function servedPod(i: number): { metadata: object; spec: object; status?: object } {
  const { metadata, spec } = JSON.parse(filled(pod(`web-${Math.floor(i / NAMESPACES)}`, `node-${i % 100}`), i)) as Written
  return { metadata: { namespace: namespaceOf(i % NAMESPACES), ...metadata, ...servedMetadata(i) }, spec, ...(JSON.parse(filled(podStatus, i)) as { status: object }) }
}

/** The i-th of a cluster's Deployments, likewise. */
export function servedDeployment(i: number): { metadata: object; spec: object; status?: object } {
  const { metadata, spec } = JSON.parse(filled(deployment(`web-${Math.floor(i / NAMESPACES)}`), i)) as Written
  return { metadata: { namespace: namespaceOf(i % NAMESPACES), ...metadata, ...servedMetadata(i) }, spec, ...(JSON.parse(filled(deploymentStatus, i)) as { status: object }) }
}
