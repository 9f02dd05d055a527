import type { KubeObject } from '../machinery/meta/core.ts'
import type { SimulatedCluster } from './simulated-cluster.ts'

/**
 * Something to look at: in namespace `default` a Deployment `web` in every member and an `api` in the first two; in namespace `data` a database,
 * a backup and a report that cannot start. Numbers differ between members, so that a sum shows.
 */
export async function seedDemo(members: readonly Pick<SimulatedCluster, 'create'>[]): Promise<void> {
  await Promise.all(members.map((member, index) => member.create(
    ...application('web', 'nginx:1.29', 2 + index, 80),
    ...(index < 2 ? application('api', 'registry.example/api:2.4', 3 - index, 8080) : []),
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'data', labels: { team: 'data' } } },
    workload('apps/v1', 'DaemonSet', 'kube-system', 'node-agent', 'registry.example/node-agent:1.8', {}),
    ...(index === 0 ? [workload('apps/v1', 'StatefulSet', 'data', 'database', 'postgres:18', { serviceName: 'database', replicas: 3 })] : []),
    ...(index < 2 ? [job('backup', 'registry.example/backup:1.0')] : []),
    ...(index === members.length - 1 ? [stuck(workload('apps/v1', 'Deployment', 'data', 'reports', 'registry.example/reports:missing', { replicas: 1 }))] : []),
  )))
}

const application = (name: string, image: string, replicas: number, port: number): readonly KubeObject[] => [
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'default', name, labels: { app: name } }, data: { LOG_LEVEL: 'info' } },
  { apiVersion: 'v1', kind: 'Service', metadata: { namespace: 'default', name, labels: { app: name } }, spec: { selector: { app: name }, ports: [{ name: 'http', port: 80, targetPort: port }] } },
  workload('apps/v1', 'Deployment', 'default', name, image, { replicas }),
]

const workload = (apiVersion: string, kind: string, namespace: string, name: string, image: string, spec: object): KubeObject => ({
  apiVersion, kind, metadata: { namespace, name, labels: { app: name } },
  spec: { selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: { containers: [{ name, image }] } }, ...spec },
})

const job = (name: string, image: string): KubeObject => ({
  apiVersion: 'batch/v1', kind: 'Job', metadata: { namespace: 'data', name, labels: { app: name } },
  spec: { completions: 2, template: { metadata: { labels: { app: name } }, spec: { restartPolicy: 'Never', containers: [{ name, image }] } } },
})

function stuck(object: KubeObject): KubeObject {
  const spec = object['spec'] as { template: { metadata: object } }
  return { ...object, spec: { ...spec, template: { ...spec.template, metadata: { ...spec.template.metadata, annotations: { 'simulation.federation/waiting': 'ImagePullBackOff' } } } } }
}
