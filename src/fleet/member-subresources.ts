import { fromFleetName, type FleetName } from '../federation/interpreter/identity-bound.ts'
import { passThrough, passThroughUpgrade } from '../federation/member/pass-through.ts'
import type { Member } from '../federation/member/member.ts'
import type { Members } from '../federation/member/members.ts'
import type { Connector, ConnectTarget, Resource } from '../machinery/meta/core.ts'
import { StatusError } from '../machinery/meta/status-error.ts'
import type { Fleet } from './fleets.ts'
import type { UnionKind } from './union-kinds.ts'

/** What can be connected to, with the verbs that discovery of a kube-apiserver lists and the kind it names. */
const CONNECTING: Readonly<Record<string, { verbs: readonly string[]; kind: string }>> = {
  log: { verbs: ['get'], kind: 'Pod' },
  exec: { verbs: ['create', 'get'], kind: 'PodExecOptions' },
  attach: { verbs: ['create', 'get'], kind: 'PodAttachOptions' },
  portforward: { verbs: ['create', 'get'], kind: 'PodPortForwardOptions' },
}
const PROXY_VERBS = ['create', 'delete', 'get', 'patch', 'update']

/** `pods/web@member1/log`: goes to that member as the user, who needs the right there too. `bound`: objects live in one member each; what is folded cannot be connected to. */
export function memberSubresources(fleet: () => Fleet, served: UnionKind, { bound, members }: { readonly bound: boolean; readonly members: Pick<Members, 'get'> }): Resource['connect'] {
  if (!bound) return served.group === '' && served.plural === 'services' ? { proxy: refused } : undefined
  const { group, version, plural } = served, connecting = { ...CONNECTING, proxy: { verbs: PROXY_VERBS, kind: `${served.kind}ProxyOptions` } }
  const resolve = ({ name, namespace, path }: ConnectTarget, subresource: string): { member: Member; path: string } => {
    const found = subresource === 'proxy' ? proxied(name) : fromFleetName(name), member = found && fleet().merged.member(found.cluster) ? members.get(found.cluster) : undefined
    if (!found || !member) throw StatusError.notFound({ group, resource: plural }, name)
    const root = group ? `/apis/${group}/${version}` : `/api/${version}`
    return { member, path: `${root}${namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`}/${plural}/${encodeURIComponent(found.name)}/${subresource}${path}` }
  }
  const connectors = Object.entries(connecting).filter(([name]) => served.subresources.includes(name)).map(([name, { verbs, kind }]): [string, Connector] => [name, {
    verbs,
    responseKind: { group, version, kind },
    handle: async (target, request, signal) => {
      const { member, path } = resolve(target, name)
      return passThrough(member, path, request, signal)
    },
    upgrade: async (target, request, connection, signal) => {
      const { member, path } = resolve(target, name)
      return passThroughUpgrade(member, path, request, connection, signal)
    },
  }])
  return connectors.length > 0 ? Object.fromEntries(connectors) : undefined
}

/** `https:web@member1:8443` is `https:web:8443` in member1. */
function proxied(name: string): FleetName | undefined {
  const parts = name.split(':'), at = parts.findIndex((part) => part.includes('@')), found = fromFleetName(parts[at] ?? '')
  return found && { cluster: found.cluster, name: parts.with(at, found.name).join(':') }
}

/** Not advertised. */
const refused: Connector = {
  verbs: [], responseKind: { group: '', version: 'v1', kind: 'ServiceProxyOptions' },
  handle: () => Promise.reject(new StatusError('MethodNotAllowed', 'a service of several clusters cannot be connected to: below /by-cluster each has its own, as services/NAME@CLUSTER/proxy', { details: { kind: 'services' } })),
}
