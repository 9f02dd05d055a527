import { getJson, postJson, putJson } from '../machinery/client/json-client.ts'
import type { Handler, KubeObject } from '../machinery/meta/core.ts'
import { isReason } from '../machinery/meta/status-error.ts'
import type { CertificateStore } from './serving-certificate.ts'

interface CertificateSecret extends KubeObject { data?: Record<string, string> }

/** Certificates in a Secret of the host, which replicas agree on by its resourceVersion. */
export function certificateSecret(host: Handler, namespace: string, name: string): CertificateStore {
  const collection = `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets`
  return {
    read: async (signal) => {
      try {
        const { data = {}, metadata } = await getJson<CertificateSecret>(host, `${collection}/${name}`, signal)
        return { data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')])), version: metadata.resourceVersion ?? '' }
      } catch (error) {
        if (isReason(error, 'NotFound')) return undefined
        throw error
      }
    },
    write: async (data, version, signal) => {
      const secret = {
        apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace, ...(version !== undefined && { resourceVersion: version }) }, type: 'Opaque',
        data: Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')])),
      }
      try {
        await (version === undefined ? postJson(host, collection, secret, signal) : putJson(host, `${collection}/${name}`, secret, signal))
        return true
      } catch (error) {
        if (isReason(error, 'Conflict', 'AlreadyExists') || (version !== undefined && isReason(error, 'NotFound'))) return false
        throw error
      }
    },
  }
}
