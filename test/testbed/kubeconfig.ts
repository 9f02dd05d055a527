/** Text of kubeconfig files, with certificates inline, so that a file can be moved. */
import { dump } from 'js-yaml'
import type { KeyPair } from './certificates.ts'
import type { PortLayout } from './ports.ts'

export interface KubeconfigContext {
  readonly name: string
  readonly server: string
  readonly user: string
}

export const urlOf = (port: number): string => `https://127.0.0.1:${port}`

/** A kubeconfig whose first context is current. `users` must hold every user that a context names. */
export function kubeconfigText(authority: string, users: Readonly<Record<string, KeyPair>>, contexts: readonly KubeconfigContext[]): string {
  const named = [...new Set(contexts.map(({ user }) => user))]
  // A server is named for the first context that uses it.
  const servers = new Map<string, string>()
  for (const { name, server } of contexts) if (!servers.has(server)) servers.set(server, name)
  return dump({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': contexts[0]?.name ?? '',
    clusters: [...servers].map(([server, name]) => ({ name, cluster: { server, 'certificate-authority-data': base64(authority) } })),
    users: named.map((name) => {
      const pair = users[name]
      if (!pair) throw new Error(`no certificate for user ${name}`)
      return { name, user: { 'client-certificate-data': base64(pair.certificate), 'client-key-data': base64(pair.key) } }
    }),
    contexts: contexts.map(({ name, server, user }) => ({ name, context: { cluster: servers.get(server), user } })),
  }, { lineWidth: -1 })
}

/** The contexts of the one file that `up` writes: the administrator's for every endpoint, and those of alice, who starts without rights. */
export function testbedContexts(layout: PortLayout): KubeconfigContext[] {
  const host = urlOf(layout.host), fleet = `${host}/apis/cluster.federation/v1alpha1/clustersets/default/proxy`
  return [
    { name: 'host', server: host, user: 'admin' },
    { name: 'fleet', server: fleet, user: 'admin' },
    { name: 'fleet-by-cluster', server: `${fleet}/by-cluster`, user: 'admin' },
    ...layout.members.map(({ name, apiserver }) => ({ name, server: urlOf(apiserver), user: 'admin' })),
    { name: 'host-alice', server: host, user: 'alice' },
    { name: 'fleet-alice', server: fleet, user: 'alice' },
  ]
}

const base64 = (text: string) => Buffer.from(text).toString('base64')
