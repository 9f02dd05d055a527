import type { KubeObject } from '../machinery/meta/core.ts'
import { hash32 } from './seeded-random.ts'

/** What a cluster has before anybody uses it: namespaces, nodes, and the Service of its own API. */
export function memberSeed({ name, nodes, version }: { readonly name: string; readonly nodes: number; readonly version: string }): readonly KubeObject[] {
  return [
    ...['default', 'kube-node-lease', 'kube-public', 'kube-system'].map((namespace): KubeObject => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })),
    ...Array.from({ length: nodes }, (_, index) => node(name, index + 1, version)),
    { apiVersion: 'v1', kind: 'Service', metadata: { namespace: 'default', name: 'kubernetes', labels: { component: 'apiserver', provider: 'kubernetes' } }, spec: { clusterIP: '10.96.0.1', ports: [{ name: 'https', port: 443, targetPort: 6443 }] } },
  ]
}

function node(member: string, number: number, version: string): KubeObject {
  const name = `${member}-node-${number}`, capacity = { cpu: '16', memory: '64Gi', 'ephemeral-storage': '100Gi', pods: '250' }
  return {
    apiVersion: 'v1', kind: 'Node',
    metadata: {
      name,
      labels: {
        'kubernetes.io/arch': 'amd64', 'kubernetes.io/os': 'linux', 'kubernetes.io/hostname': name, 'node.kubernetes.io/instance-type': 'simulated', 'topology.kubernetes.io/region': `region-${member}`,
        'topology.kubernetes.io/zone': `region-${member}-${'abc'[(number - 1) % 3]!}`,
      },
    },
    spec: { podCIDR: `10.244.${number}.0/24`, providerID: `simulated://${name}` },
    status: {
      capacity, allocatable: capacity,
      conditions: [
        { type: 'MemoryPressure', status: 'False', reason: 'KubeletHasSufficientMemory', message: 'kubelet has sufficient memory available' },
        { type: 'DiskPressure', status: 'False', reason: 'KubeletHasNoDiskPressure', message: 'kubelet has no disk pressure' },
        { type: 'PIDPressure', status: 'False', reason: 'KubeletHasSufficientPID', message: 'kubelet has sufficient PID available' },
        { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' },
      ],
      addresses: [{ type: 'InternalIP', address: `10.${hash32(member) % 250}.0.${number}` }, { type: 'Hostname', address: name }],
      nodeInfo: {
        architecture: 'amd64', operatingSystem: 'linux', kubeletVersion: version, kubeProxyVersion: '', containerRuntimeVersion: 'simulated://1.0.0', kernelVersion: 'simulated', osImage: 'Simulated Linux', bootID: name, machineID: name, systemUUID: name,
      },
    },
  }
}
