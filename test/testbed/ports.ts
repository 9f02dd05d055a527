/** Which port of 127.0.0.1 serves what: everything follows from the first port, so that test beds with distant bases never meet. */

export const DEFAULT_PORT_BASE = 7440
export const MEMBERS_MAX = 80

export interface PortLayout {
  /** The host's kube-apiserver. */
  readonly host: number
  /** One per member, in order: its kube-apiserver and the kubelet that stands for all its nodes. */
  readonly members: readonly { readonly name: string; readonly apiserver: number; readonly kubelet: number }[]
  /** Our server. */
  readonly server: number
  readonly etcd: { readonly client: number; readonly peer: number }
}

/** The ports of a test bed: base … base+99, and base+3001 … base+3080 for kubelets. Throws when the numbers leave no room. */
export function portLayout(base: number, members: number): PortLayout {
  if (!Number.isInteger(members) || members < 0 || members > MEMBERS_MAX) throw new Error(`members must be a whole number from 0 to ${MEMBERS_MAX}, not ${members}`)
  if (!Number.isInteger(base) || base < 1024 || base + KUBELETS + MEMBERS_MAX > 65_535) throw new Error(`port base must be a whole number from 1024 to ${65_535 - KUBELETS - MEMBERS_MAX}, not ${base}`)
  return {
    host: base,
    members: Array.from({ length: members }, (_, at) => ({ name: `member${at + 1}`, apiserver: base + 1 + at, kubelet: base + KUBELETS + 1 + at })),
    server: base + 90,
    etcd: { client: base + 98, peer: base + 99 },
  }
}

/** Every port with the words that name its user, for the check that all are free. */
export function portUses(layout: PortLayout): { port: number; use: string }[] {
  return [
    { port: layout.host, use: "the host's kube-apiserver" },
    ...layout.members.flatMap(({ name, apiserver, kubelet }) => [{ port: apiserver, use: `the kube-apiserver of ${name}` }, { port: kubelet, use: `the kubelet of ${name}` }]),
    { port: layout.server, use: 'federation-apiserver' },
    { port: layout.etcd.client, use: 'etcd' },
    { port: layout.etcd.peer, use: "etcd's peers" },
  ]
}

const KUBELETS = 3000
