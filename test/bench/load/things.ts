/** The kind that both servers serve, and its objects: a workload as people write it, with lists that are maps, so that ownership costs what it usually costs. */

export const GROUP = 'bench.example.com', COLLECTION = `/apis/${GROUP}/v1/things`
export const things = (namespace: string): string => `/apis/${GROUP}/v1/namespaces/${namespace}/things`

const text = { type: 'string' }, texts = { type: 'object', additionalProperties: text }
const keyed = (properties: object) => ({ type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'], items: { type: 'object', required: ['name'], properties: { name: text, ...properties } } })
const container = {
  image: text, command: { type: 'array', items: text }, env: keyed({ value: text }), ports: keyed({ containerPort: { type: 'integer', minimum: 1, maximum: 65_535 }, protocol: { type: 'string', default: 'TCP', enum: ['TCP', 'UDP'] } }),
  resources: { type: 'object', properties: { requests: texts, limits: texts } }, imagePullPolicy: { type: 'string', default: 'IfNotPresent' },
}

export const definition = {
  apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: `things.${GROUP}` },
  spec: {
    group: GROUP, scope: 'Namespaced', names: { plural: 'things', singular: 'thing', kind: 'Thing', listKind: 'ThingList' },
    versions: [{
      name: 'v1', served: true, storage: true, subresources: { status: {} },
      additionalPrinterColumns: [{ name: 'Replicas', type: 'integer', jsonPath: '.spec.replicas' }, { name: 'Tier', type: 'string', jsonPath: '.spec.selector.matchLabels.tier' }, { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }],
      schema: { openAPIV3Schema: { type: 'object', properties: {
        spec: { type: 'object', required: ['replicas'], properties: { replicas: { type: 'integer', minimum: 0 }, counter: { type: 'integer' }, note: { type: 'string', maxLength: 8192 }, selector: { type: 'object', properties: { matchLabels: texts } }, containers: keyed(container) } },
        status: { type: 'object', properties: { replicas: { type: 'integer' } } },
      } } },
    }],
  },
}

/** JSON of about 0.5 to 3.5 KB as it is served, managedFields included, with placeholders of the load generator. `note` counts words. */
export function thing(size: 'tiny' | 'small' | 'medium' | 'large', { namespace, name, version, counter = '{n}' }: { namespace: string; name: string; version?: string; counter?: string }): string {
  const { containers, variables, note } = SIZES[size]
  const object = {
    apiVersion: `${GROUP}/v1`, kind: 'Thing', metadata: { name, namespace, ...(version && { resourceVersion: version }), ...(containers > 0 && { labels: { app: 'web', tier: 'backend' } }) },
    spec: {
      replicas: 3, counter: COUNTER, note: Array.from({ length: note }, () => '{word}').join(' '),
      ...(containers > 0 && {
        selector: { matchLabels: { app: 'web', tier: 'backend' } },
        containers: Array.from({ length: containers }, (_, c) => ({
          name: `container-${c}`, image: 'registry.example/team/web:1.27.3', env: Array.from({ length: variables }, (_, v) => ({ name: `SETTING_${v}`, value: `value-${v}-{word}` })),
          ports: [{ name: 'http', containerPort: 8080 }], resources: { requests: { cpu: '100m', memory: '64Mi' } },
        })),
      }),
    },
  }
  return JSON.stringify(object).replace(JSON.stringify(COUNTER), counter)
}

const COUNTER = '\u0001'
const SIZES = { tiny: { containers: 0, variables: 0, note: 7 }, small: { containers: 1, variables: 1, note: 10 }, medium: { containers: 1, variables: 4, note: 60 }, large: { containers: 2, variables: 4, note: 110 } }
