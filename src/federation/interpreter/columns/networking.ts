import { isIPv6 } from 'node:net'
import type { Column, KubeObject } from '../../../machinery/meta/core.ts'
import { age, column, formatLabels, formatSelector, name, text, valueAt } from './column.ts'

const MAX_SHOWN = 3, LOAD_BALANCER = 'status.loadBalancer.ingress'

export const serviceColumns: readonly Column[] = [
  name, text('Type', 'spec.type'), column('Cluster-IP', (service) => specOf(service).clusterIPs?.[0] ?? '<none>', { reads: ['spec.clusterIPs'] }),
  column('External-IP', externalIp, { reads: ['spec.type', 'spec.externalIPs', 'spec.externalName', LOAD_BALANCER] }), column('Port(s)', ports, { reads: ['spec.ports'] }), age,
  column('Selector', ({ spec }) => formatLabels(valueAt(spec, ['selector'])), { wide: true, reads: ['spec.selector'] }),
]

export const ingressColumns: readonly Column[] = [
  name, text('Class', 'spec.ingressClassName', { absent: '<none>' }), column('Hosts', hosts, { reads: ['spec.rules.host'] }), column('Address', loadBalancer, { reads: [LOAD_BALANCER] }),
  column('Ports', ({ spec }) => ((valueAt(spec, ['tls']) as unknown[] | undefined)?.length ? '80, 443' : '80'), { reads: ['spec.tls'] }), age,
]

export const ingressClassColumns: readonly Column[] = [
  column('Name', ({ metadata }) => `${metadata.name ?? ''}${metadata.annotations?.['ingressclass.kubernetes.io/is-default-class'] === 'true' ? ' (default)' : ''}`, { format: 'name', reads: ['metadata.name', ['metadata', 'annotations', 'ingressclass.kubernetes.io/is-default-class']] }),
  text('Controller', 'spec.controller'),
  column('Parameters', ({ spec }) => {
    const parameters = valueAt(spec, ['parameters']) as { apiGroup?: string; kind: string; name: string } | undefined
    return parameters ? `${parameters.kind}${parameters.apiGroup === undefined ? '' : `.${parameters.apiGroup}`}/${parameters.name}` : '<none>'
  }, { reads: ['spec.parameters'] }), age,
]

export const endpointsColumns: readonly Column[] = [name, column('Endpoints', endpoints, { reads: ['subsets'] }), age]

export const endpointSliceColumns: readonly Column[] = [
  name, text('AddressType', 'addressType'),
  column('Ports', ({ ports }) => shorten(((ports ?? []) as { port?: number; name?: string }[]).map(({ port, name }) => String(port ?? name ?? '*')), '<unset>'), { reads: ['ports'] }),
  column('Endpoints', ({ endpoints }) => shorten(((endpoints ?? []) as { addresses?: string[] }[]).flatMap(({ addresses = [] }) => addresses), '<unset>'), { reads: ['endpoints.addresses'] }), age,
]

export const networkPolicyColumns: readonly Column[] = [name, column('Pod-Selector', ({ spec }) => formatSelector(valueAt(spec, ['podSelector'])), { reads: ['spec.podSelector'] }), age]

export const serviceCidrColumns: readonly Column[] = [name, column('CIDRs', ({ spec }) => ((valueAt(spec, ['cidrs']) ?? []) as string[]).join(','), { reads: ['spec.cidrs'] }), age]

/** kube-apiserver gives each row a third cell, the age, without a column for it. */
export const ipAddressColumns: readonly Column[] = [
  name,
  column('ParentRef', ({ spec }) => {
    const parent = valueAt(spec, ['parentRef']) as { group?: string; resource?: string; namespace?: string; name?: string } | undefined
    return parent ? [`${parent.resource ?? ''}${parent.group ? `.${parent.group}` : ''}`.toLowerCase(), ...(parent.namespace ? [parent.namespace] : []), parent.name ?? ''].join('/') : '<none>'
  }, { reads: ['spec.parentRef'] }),
]

interface ServiceSpec { type?: string; clusterIPs?: string[]; externalIPs?: string[]; externalName?: string; ports?: { port: number; protocol?: string; nodePort?: number }[] }
const specOf = (object: KubeObject) => (object['spec'] ?? {}) as ServiceSpec

function externalIp(service: KubeObject): string {
  const { type, externalIPs = [], externalName = '' } = specOf(service)
  switch (type) {
    case 'ClusterIP': case 'NodePort': return externalIPs.join(',') || '<none>'
    case 'LoadBalancer': return [loadBalancer(service), ...externalIPs].filter(Boolean).join(',') || '<pending>'
    case 'ExternalName': return externalName
    default: return '<unknown>'
  }
}

function loadBalancer(object: KubeObject): string {
  const points = (valueAt(object, ['status', 'loadBalancer', 'ingress']) ?? []) as { ip?: string; hostname?: string }[]
  return [...new Set(points.map(({ ip, hostname }) => ip || hostname || '').filter(Boolean))].toSorted().join(',')
}

function ports(service: KubeObject): string {
  return (specOf(service).ports ?? []).map(({ port, protocol = '', nodePort }) => (nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`)).join(',') || '<none>'
}

/** Rules beyond the third host are counted, whether they have a host or not. */
function hosts({ spec }: KubeObject): string {
  const rules = (valueAt(spec, ['rules']) ?? []) as { host?: string }[], shown: string[] = []
  let more = false
  for (const { host } of rules) {
    if (shown.length === MAX_SHOWN) more = true
    if (!more && host) shown.push(host)
  }
  if (shown.length === 0) return '*'
  return more ? `${shown.join(',')} + ${rules.length - MAX_SHOWN} more...` : shown.join(',')
}

function endpoints({ subsets }: KubeObject): string {
  const all = ((subsets ?? []) as { addresses?: { ip: string }[]; ports?: { port: number }[] }[]).flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0 ? addresses.map(({ ip }) => ip) : ports.flatMap(({ port }) => addresses.map(({ ip }) => (isIPv6(ip) ? `[${ip}]:${port}` : `${ip}:${port}`))))
  return subsets && (subsets as unknown[]).length > 0 ? shorten(all, '') : '<none>'
}

const shorten = (items: readonly string[], none: string) => (items.length > MAX_SHOWN ? `${items.slice(0, MAX_SHOWN).join(',')} + ${items.length - MAX_SHOWN} more...` : items.join(',') || none)
