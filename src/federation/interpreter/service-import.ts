import type { Interpretation } from './interpretation.ts'

/** An imported Service is one of another name, with the endpoints that belong to it. */
export const serviceImport: Interpretation = {
  references({ metadata: { name = '' } }) {
    const derived = `derived-${name}`
    return [{ apiVersion: 'v1', kind: 'Service', name: derived }, { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', labelSelector: { matchLabels: { 'kubernetes.io/service-name': derived } } }]
  },
}
