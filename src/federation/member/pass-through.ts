import type { ConnectTarget, Connection, Connector, Headers, Request, Response } from '../../machinery/meta/core.ts'
import { StatusError } from '../../machinery/meta/status-error.ts'
import { forwarded, impersonate, returned, safePath } from './impersonate.ts'
import type { Member } from './member.ts'
import type { Members } from './members.ts'

/** Sends a request on to a member as the user who makes it; `path` is the member's. Errors: StatusError ServiceUnavailable where the member cannot be reached or is refused. */
export async function passThrough(member: Member, path: string, request: Request, signal: AbortSignal): Promise<Response> {
  const response = await member.impersonator.handler(asUser(request, path), signal)
  return judged(member, response)
}

/** The same for exec, attach, port-forward and WebSocket watches. */
export async function passThroughUpgrade(member: Member, path: string, request: Request, connection: Connection, signal: AbortSignal): Promise<Response | undefined> {
  const response = await member.impersonator.upgrade(asUser(request, path), connection, signal)
  return response && judged(member, response)
}

/** `clusters/{name}/proxy/…`. */
export function clusterProxy(members: Pick<Members, 'get'>): Connector {
  const find = ({ name }: ConnectTarget): Member => {
    const member = members.get(name)
    if (!member) throw StatusError.notFound({ group: 'cluster.federation', resource: 'clusters' }, name)
    return member
  }
  return {
    verbs: ['create', 'delete', 'get', 'patch', 'update'],
    responseKind: { group: 'cluster.federation', version: 'v1alpha1', kind: 'ClusterProxyOptions' },
    handle: async (target, request, signal) => passThrough(find(target), target.path, request, signal),
    upgrade: async (target, request, connection, signal) => passThroughUpgrade(find(target), target.path, request, connection, signal),
  }
}

function asUser(request: Request, path: string): Request {
  if (!request.user) throw StatusError.internal('no user found for the request')
  const headers: Headers = [...forwarded(request.headers), ...impersonate(request.user)]
  return { method: request.method, path: safePath(path), query: request.query, headers, ...(request.body && { body: request.body }) }
}

/** A redirect would send clients, with their credentials, to an address of the member's choice. A 401 is about our credential, and would make clients throw away theirs. */
function judged({ name }: Member, response: Response): Response {
  const { status, headers, body } = response
  if (status === 401 || (status >= 300 && status < 400 && status !== 304)) {
    if (!(body instanceof Uint8Array)) void drop(body)
    throw status === 401
      ? StatusError.unavailable(`cluster ${name} refused the credential of this server: renew the Secret of its spec.secretRef`)
      : new StatusError('InternalError', `cluster ${name} answered with a redirect (${status}), which is not followed`, { code: 502 })
  }
  return { status, headers: returned(headers), body }
}

async function drop(body: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    for await (const _ of body) break
  } catch { /* The answer is dropped anyway. */ }
}
