import type { Column, KubeObject } from '../../../machinery/meta/core.ts'
import { age, column, name, text } from './column.ts'

const NODE_ROLE = 'node-role.kubernetes.io/'

export const nodeColumns: readonly Column[] = [
  name, column('Status', status), column('Roles', roles), age, text('Version', 'status.nodeInfo.kubeletVersion'),
  column('Internal-IP', address('InternalIP'), { wide: true }), column('External-IP', address('ExternalIP'), { wide: true }),
  text('OS-Image', 'status.nodeInfo.osImage', { absent: '<unknown>', wide: true }),
  column('Kernel-Version', (node) => { const { kernelVersion, architecture } = statusOf(node).nodeInfo ?? {}; return (kernelVersion || '<unknown>') + (architecture ? ` (${architecture})` : '') }, { wide: true }),
  text('Container-Runtime', 'status.nodeInfo.containerRuntimeVersion', { absent: '<unknown>', wide: true }),
]

interface NodeStatus { conditions?: { type: string; status: string }[]; addresses?: { type: string; address: string }[]; nodeInfo?: { kernelVersion?: string; architecture?: string } }
const statusOf = (node: KubeObject) => (node['status'] ?? {}) as NodeStatus

function status(node: KubeObject): string {
  const ready = statusOf(node).conditions?.findLast(({ type }) => type === 'Ready'), isUnschedulable = (node['spec'] as { unschedulable?: boolean } | undefined)?.unschedulable
  return (ready ? (ready.status === 'True' ? 'Ready' : 'NotReady') : 'Unknown') + (isUnschedulable ? ',SchedulingDisabled' : '')
}

function roles({ metadata: { labels = {} } }: KubeObject): string {
  const roles = Object.entries(labels).map(([key, value]) => (key.startsWith(NODE_ROLE) ? key.slice(NODE_ROLE.length) : key === 'kubernetes.io/role' ? value : ''))
  return [...new Set(roles.filter(Boolean))].toSorted().join(',') || '<none>'
}

function address(wanted: string) { return (node: KubeObject) => statusOf(node).addresses?.find(({ type }) => type === wanted)?.address ?? '<none>' }
