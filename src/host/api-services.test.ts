import { expect, test } from 'vitest'
import { systemClock } from '../lib/clock.ts'
import { silentLogger } from '../lib/logger.ts'
import type { Handler, KubeObject } from '../machinery/meta/core.ts'
import { keepApiServices } from './api-services.ts'

const SERVICE = { namespace: 'federation-system', name: 'federation-apiserver' }, MODEL: KubeObject = { metadata: { name: 'v1alpha1.cluster.federation' }, spec: { group: 'cluster.federation', version: 'v1alpha1', service: { ...SERVICE, port: 8443 }, caBundle: 'Y2E=' } }

test('groups of custom kinds are registered as the administrator registered the first one, and only what was registered here is removed', async () => {
  const held = new Map<string, KubeObject>([MODEL, { metadata: { name: 'v1.types.other.io.federation' }, spec: { service: SERVICE } }].map((item) => [item.metadata.name!, item])), stop = new AbortController()
  const host: Handler = async ({ method, path, body }) => {
    const name = path.split('/')[5], chunks: Uint8Array[] = []
    for await (const chunk of body ?? []) chunks.push(chunk)
    const given = chunks.length > 0 ? JSON.parse(Buffer.concat(chunks).toString()) as KubeObject : undefined
    if (method === 'POST') held.set(given!.metadata.name!, given!)
    if (method === 'DELETE') held.delete(name!)
    return { status: 200, headers: [], body: Buffer.from(JSON.stringify(method === 'GET' ? { items: [...held.values()] } : {})) }
  }
  let wanted = [{ group: 'types.example.com.federation', version: 'v1' }], tell = () => undefined as void
  const running = keepApiServices({ host, service: SERVICE, wanted: () => wanted, changed: (signal) => new Promise((resolve) => { tell = resolve; signal.addEventListener('abort', () => resolve()) }), clock: systemClock, logger: silentLogger }, stop.signal)
  await expect.poll(() => held.get('v1.types.example.com.federation')).toEqual({
    apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService', metadata: { name: 'v1.types.example.com.federation', labels: { 'cluster.federation/made-by': 'federation-apiserver' } },
    spec: { group: 'types.example.com.federation', version: 'v1', service: { ...SERVICE, port: 8443 }, groupPriorityMinimum: 1000, versionPriority: 15, caBundle: 'Y2E=' },
  })
  wanted = []
  tell()
  await expect.poll(() => [...held.keys()]).toEqual(['v1alpha1.cluster.federation', 'v1.types.other.io.federation'])
  stop.abort()
  await running
})
