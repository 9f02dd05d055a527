import type { Column, KubeObject } from '../../../machinery/meta/core.ts'
import { age, column, name, text } from './column.ts'

const NODE_ROLE = 'node-role.kubernetes.io/'

export const nodeColumns: readonly Column[] = [
  name, column('Status', status, { reads: ['spec.unschedulable', 'status.conditions.type', 'status.conditions.status'] }), column('Roles', roles, { reads: ['metadata.labels'] }), age, text('Version', 'status.nodeInfo.kubeletVersion'),
  column('Internal-IP', address('InternalIP'), { wide: true, reads: ['status.addresses'] }), column('External-IP', address('ExternalIP'), { wide: true, reads: ['status.addresses'] }),
  text('OS-Image', 'status.nodeInfo.osImage', { absent: '<unknown>', wide: true }),
  column('Kernel-Version', (node) => { const { kernelVersion, architecture } = statusOf(node).nodeInfo ?? {}; return (kernelVersion || '<unknown>') + (architecture ? ` (${architecture})` : '') }, { wide: true, reads: ['status.nodeInfo'] }),
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
