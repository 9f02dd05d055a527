/** What is distributed in a simulation. Names are few, so that everything meets. */
export interface SimulatedKind { readonly kind: string; readonly apiVersion: string; readonly plural: string; readonly keys: readonly string[]; readonly body: (variant: number) => Record<string, unknown> }

const podSpec = (variant: number) => ({ containers: [{ name: 'main', image: `app:${variant}` }] })
/** What a workload names, by its variant: nothing, or some of what may be distributed too. */
const podSpecWithNeeds = (variant: number) => ({
  containers: [{ name: 'main', image: `app:${variant}`, ...(variant % 2 === 0 && { envFrom: [{ configMapRef: { name: 'settings' } }] }) }],
  ...(variant % 3 === 0 && { volumes: [{ name: 'token', secret: { secretName: 'token' } }] }),
})
const replicas = (variant: number) => 1 + (variant % 17)

export const KINDS: readonly SimulatedKind[] = [
  { kind: 'ConfigMap', apiVersion: 'v1', plural: 'configmaps', keys: ['shop/settings', 'shop/theme', 'data/settings'], body: (variant) => ({ data: { level: String(variant), ...(variant % 2 === 0 && { even: 'yes' }) } }) },
  { kind: 'Deployment', apiVersion: 'apps/v1', plural: 'deployments', keys: ['shop/web', 'shop/api', 'data/db'], body: (variant) => ({ spec: { replicas: replicas(variant), selector: { matchLabels: { app: 'x' } }, template: { metadata: { labels: { app: 'x' } }, spec: podSpecWithNeeds(variant) } } }) },
  { kind: 'Job', apiVersion: 'batch/v1', plural: 'jobs', keys: ['data/report', 'shop/import'], body: (variant) => ({ spec: { completions: 1, template: { metadata: { labels: { app: 'x' } }, spec: { ...podSpec(variant), restartPolicy: 'Never' } } } }) },
  { kind: 'ClusterRole', apiVersion: 'rbac.authorization.k8s.io/v1', plural: 'clusterroles', keys: ['reader'], body: (variant) => ({ rules: [{ apiGroups: [''], resources: ['pods'], verbs: variant % 2 ? ['get'] : ['get', 'list'] }] }) },
  { kind: 'Secret', apiVersion: 'v1', plural: 'secrets', keys: ['shop/token', 'data/token'], body: (variant) => ({ type: 'Opaque', data: { token: Buffer.from(String(variant)).toString('base64') } }) },
  { kind: 'Gadget', apiVersion: 'example.com/v1', plural: 'gadgets', keys: ['shop/one', 'data/two'], body: (variant) => ({ spec: { size: variant, colour: variant % 2 ? 'red' : 'blue' } }) },
  { kind: 'Namespace', apiVersion: 'v1', plural: 'namespaces', keys: ['data/data'], body: () => ({}) },
]

export const NAMESPACES = ['shop', 'data']

/** Of a template, and of what it is called in members: a FederatedNamespace stands for its own namespace. */
export const copyKey = ({ kind }: Pick<SimulatedKind, 'kind'>, key: string): string => (kind === 'Namespace' ? named(key).name : key)

export function named(key: string): { readonly namespace?: string; readonly name: string } {
  const slash = key.indexOf('/')
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}
