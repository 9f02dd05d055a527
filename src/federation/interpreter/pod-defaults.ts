/** What a kube-apiserver fills into the spec of a pod template, where OpenAPI does not say. What is written stays first and in its order. Rules as in kubernetes/pkg/apis/core/v1/defaults.go. */
import { isJsonObject, type JsonObject } from '../../machinery/meta/json-value.ts'

const MODE = 0o644, HOUR_SECONDS = 3600

export const podSpecWithDefaults = (spec: JsonObject): JsonObject => ({
  ...spec, restartPolicy: 'Always', terminationGracePeriodSeconds: 30, dnsPolicy: 'ClusterFirst', securityContext: {}, schedulerName: 'default-scheduler', ...spec,
  containers: listed(spec['containers'], container) ?? [], ...optional(spec, 'initContainers', container), ...optional(spec, 'volumes', volume),
})

const part = (value: unknown): JsonObject => (isJsonObject(value) ? value : {})
const listed = (value: unknown, each: (item: JsonObject) => JsonObject): JsonObject[] | undefined => (Array.isArray(value) ? value.map((item) => each(part(item))) : undefined)

/** A list that may be absent. */
function optional(of: JsonObject, field: string, each: (item: JsonObject) => JsonObject): JsonObject {
  const list = listed(of[field], each)
  return list ? { [field]: list } : {}
}

/** A member that may be absent. */
const filled = (of: JsonObject, field: string, fill: (value: JsonObject) => JsonObject): JsonObject => (isJsonObject(of[field]) ? { [field]: fill(of[field]) } : {})
const underneath = (own: JsonObject, defaults: JsonObject): JsonObject => ({ ...own, ...defaults, ...own })

const pullPolicyOf = (image: unknown): string => {
  const text = typeof image === 'string' ? image : '', tag = /:([^/:]+)$/.exec(text)?.[1] ?? 'latest'
  return tag === 'latest' && !text.includes('@') ? 'Always' : 'IfNotPresent'
}

function container(own: JsonObject): JsonObject {
  return {
    ...underneath(own, { resources: {}, terminationMessagePath: '/dev/termination-log', terminationMessagePolicy: 'File', imagePullPolicy: pullPolicyOf(own['image']) }),
    ...optional(own, 'env', (variable) => ({ ...variable, ...filled(variable, 'valueFrom', fieldReference) })),
    ...filled(own, 'livenessProbe', probe), ...filled(own, 'readinessProbe', probe), ...filled(own, 'startupProbe', probe),
    ...filled(own, 'lifecycle', (lifecycle) => ({ ...lifecycle, ...filled(lifecycle, 'postStart', action), ...filled(lifecycle, 'preStop', action) })),
  }
}

const action = (own: JsonObject): JsonObject => ({ ...own, ...filled(own, 'httpGet', (get) => underneath(get, { path: '/', scheme: 'HTTP' })) })
const probe = (own: JsonObject): JsonObject => action(underneath(own, { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 }))
const fieldReference = (own: JsonObject): JsonObject => ({ ...own, ...filled(own, 'fieldRef', (reference) => underneath(reference, { apiVersion: 'v1' })) })

const withMode = (own: JsonObject): JsonObject => underneath(own, { defaultMode: MODE })
const downward = (own: JsonObject): JsonObject => ({ ...own, ...optional(own, 'items', fieldReference) })

function volume(own: JsonObject): JsonObject {
  if (Object.keys(own).every((field) => field === 'name')) return { ...own, emptyDir: {} }
  return {
    ...own, ...filled(own, 'secret', withMode), ...filled(own, 'configMap', withMode), ...filled(own, 'downwardAPI', (source) => downward(withMode(source))),
    ...filled(own, 'projected', (source) => ({ ...withMode(source), ...optional(source, 'sources', projection) })),
    ...filled(own, 'hostPath', (source) => underneath(source, { type: '' })), ...filled(own, 'image', (source) => underneath(source, { pullPolicy: pullPolicyOf(source['reference']) })),
    ...filled(own, 'ephemeral', (source) => ({ ...source, ...filled(source, 'volumeClaimTemplate', (claim) => ({ ...claim, ...filled(claim, 'spec', (spec) => underneath(spec, { volumeMode: 'Filesystem' })) })) })),
  }
}

const projection = (own: JsonObject): JsonObject => ({ ...own, ...filled(own, 'downwardAPI', downward), ...filled(own, 'serviceAccountToken', (token) => underneath(token, { expirationSeconds: HOUR_SECONDS })) })
