import { fromFleetName } from '../federation/interpreter/identity-bound.ts'
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

/** `pods/web@member1/log`: goes to that member as the user, who needs the right there too. */
export function memberSubresources(fleet: () => Fleet, served: UnionKind, members: Pick<Members, 'get'>): Resource['connect'] {
  const { group, version, plural } = served
  const resolve = ({ name, namespace, path }: ConnectTarget, subresource: string): { member: Member; path: string } => {
    const found = fromFleetName(name), member = found && fleet().merged.member(found.cluster) ? members.get(found.cluster) : undefined
    if (!found || !member) throw StatusError.notFound({ group, resource: plural }, name)
    const root = group ? `/apis/${group}/${version}` : `/api/${version}`
    return { member, path: `${root}${namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`}/${plural}/${encodeURIComponent(found.name)}/${subresource}${path}` }
  }
  const connectors = Object.entries(CONNECTING).filter(([name]) => served.subresources.includes(name)).map(([name, { verbs, kind }]): [string, Connector] => [name, {
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
