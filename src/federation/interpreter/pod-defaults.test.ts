import { expect, test } from 'vitest'
import type { JsonObject } from '../../machinery/meta/json-value.ts'
import { withDefaults } from './defaults.ts'
import { podSpecWithDefaults } from './pod-defaults.ts'

const specOf = (spec: JsonObject) => podSpecWithDefaults({ containers: [], ...spec }), containerOf = (own: JsonObject) => (specOf({ containers: [{ name: 'c', image: 'i:1', ...own }] })['containers'] as JsonObject[])[0]

/** What a kube-apiserver answers where it is given `from`. */
const VOLUMES: Record<string, { from: JsonObject; is: JsonObject }> = {
  'nothing said is an emptyDir': { from: {}, is: { emptyDir: {} } },
  'a Secret': { from: { secret: { secretName: 's' } }, is: { secret: { secretName: 's', defaultMode: 420 } } },
  'a mode that is given stays': { from: { configMap: { name: 'c', defaultMode: 256 } }, is: { configMap: { name: 'c', defaultMode: 256 } } },
  'of the pod itself': { from: { downwardAPI: { items: [{ path: 'l', fieldRef: { fieldPath: 'metadata.labels' } }] } }, is: { downwardAPI: { defaultMode: 420, items: [{ path: 'l', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.labels' } }] } } },
  'projected': {
    from: { projected: { sources: [{ serviceAccountToken: { path: 't' } }, { downwardAPI: { items: [{ path: 'n', fieldRef: { fieldPath: 'metadata.name' } }] } }, { secret: { name: 's' } }] } },
    is: { projected: { defaultMode: 420, sources: [{ serviceAccountToken: { path: 't', expirationSeconds: 3600 } }, { downwardAPI: { items: [{ path: 'n', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } }] } }, { secret: { name: 's' } }] } },
  },
  'a path of the node': { from: { hostPath: { path: '/x' } }, is: { hostPath: { path: '/x', type: '' } } },
  'an image': { from: { image: { reference: 'r/i:latest' } }, is: { image: { reference: 'r/i:latest', pullPolicy: 'Always' } } },
  'a claim of its own': { from: { ephemeral: { volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'] } } } }, is: { ephemeral: { volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'], volumeMode: 'Filesystem' } } } } },
  'another sort': { from: { nfs: { server: 's', path: '/' } }, is: { nfs: { server: 's', path: '/' } } },
}
test.each(Object.entries(VOLUMES))('a volume: %s', (_, { from, is }) => { expect(specOf({ volumes: [{ name: 'v', ...from }] })['volumes']).toEqual([{ name: 'v', ...is }]) })

test('probes, hooks and variables', () => {
  const get = { httpGet: { port: 8080 } }, asked = { httpGet: { port: 8080, path: '/', scheme: 'HTTP' } }
  expect(containerOf({ readinessProbe: { httpGet: { port: 1, path: '/ready', scheme: 'HTTPS' }, periodSeconds: 1, failureThreshold: 30 }, livenessProbe: get, startupProbe: { exec: { command: ['true'] } }, lifecycle: { preStop: get }, env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }, { name: 'B', value: 'b' }] })).toMatchObject({
    readinessProbe: { httpGet: { port: 1, path: '/ready', scheme: 'HTTPS' }, periodSeconds: 1, failureThreshold: 30, timeoutSeconds: 1, successThreshold: 1 },
    livenessProbe: { ...asked, timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 }, startupProbe: { exec: { command: ['true'] }, timeoutSeconds: 1 }, lifecycle: { preStop: asked },
    env: [{ name: 'A', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } }, { name: 'B', value: 'b' }],
  })
})

test('what is not there is not made', () => { expect(Object.keys(specOf({}))).toEqual(['containers', 'restartPolicy', 'terminationGracePeriodSeconds', 'dnsPolicy', 'securityContext', 'schedulerName']) })

test('containers that come first have defaults, too', () => { expect(specOf({ initContainers: [{ name: 'i', image: 'x' }] })['initContainers']).toMatchObject([{ imagePullPolicy: 'Always', terminationMessagePolicy: 'File' }]) })

test.each<[string, JsonObject, JsonObject]>([
  ['DaemonSet', { type: 'RollingUpdate' }, { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } }], ['DaemonSet', { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } }, { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } }],
  ['StatefulSet', {}, { type: 'RollingUpdate', rollingUpdate: { partition: 0 } }], ['StatefulSet', { type: 'OnDelete' }, { type: 'OnDelete' }],
])('the update strategy of a %s that says %j', (kind, updateStrategy, is) => {
  expect(withDefaults(kind, { metadata: {}, spec: { updateStrategy, template: { spec: { containers: [] } } } })['spec']).toMatchObject({ updateStrategy: is })
})
