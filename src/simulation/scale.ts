import { isJsonObject, type JsonObject } from '../machinery/meta/json-value.ts'
import type { Connector, KubeObject, Resource, Response } from '../machinery/meta/core.ts'
import { StatusError } from '../machinery/meta/status-error.ts'
import { applyMergePatch } from '../machinery/patch/merge-patch.ts'
import { decode, mediaType, readBody, unsupported } from '../machinery/server/body.ts'
import { asSimulation } from './control-loop.ts'
import type { Deployment } from './workload.ts'

/** The `scale` subresource of a workload: `kubectl scale` reads it and sends a merge patch. */
export function scaleOf({ kind, reader, writer }: Resource): Connector {
  const of = { group: kind.group, resource: kind.plural }
  return {
    verbs: ['get', 'patch', 'update'], responseKind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
    handle: async ({ namespace, name }, request, signal) => {
      const [entry] = (await reader.list({ name, namespace: namespace! }, signal)).entries
      if (!entry) throw StatusError.notFound(of, name)
      const now = scale(entry.parse())
      if (request.method === 'GET') return json(now)
      const replicas = wanted(decode(await readBody(request), 'json'), now, request.method === 'PUT' ? 'put' : mediaType(request))
      const change = (current: KubeObject | undefined): KubeObject => {
        if (!current) throw StatusError.notFound(of, name)
        return { ...current, spec: { ...(current as Deployment).spec, replicas } }
      }
      return json(scale((await writer!.update(entry.key, change, asSimulation, signal)).entry.parse()))
    },
  }
}

function scale(object: KubeObject): JsonObject {
  const { metadata: { name, namespace, uid, resourceVersion, creationTimestamp }, spec: { replicas = 1, selector }, status } = object as Deployment
  const labels = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`).sort().join(',')
  return { kind: 'Scale', apiVersion: 'autoscaling/v1', metadata: { name, namespace, uid, resourceVersion, creationTimestamp }, spec: { replicas }, status: { replicas: status?.['replicas'] ?? 0, selector: labels } }
}

function wanted(body: unknown, now: JsonObject, how: string): number {
  if (how !== 'put' && how !== 'application/merge-patch+json') throw unsupported('application/merge-patch+json')
  const { spec } = how === 'put' && isJsonObject(body) ? body : applyMergePatch(now, body), replicas = isJsonObject(spec) ? spec['replicas'] : undefined
  if (typeof replicas !== 'number' || !Number.isInteger(replicas) || replicas < 0) throw StatusError.badRequest('spec.replicas: must be greater than or equal to 0')
  return replicas
}

const json = (value: unknown): Response => ({ status: 200, headers: [['content-type', 'application/json']], body: Buffer.from(`${JSON.stringify(value)}\n`) })
