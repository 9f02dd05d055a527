import { X509Certificate } from 'node:crypto'
import type { WriteOptions } from '../../../machinery/meta/core.ts'
import { defineKind } from '../../../machinery/meta/define-kind.ts'
import { equalJson } from '../../../machinery/meta/json-value.ts'
import { dns1123Label, dns1123Subdomain, labelValue } from '../../../machinery/meta/names.ts'
import { type FieldError, fieldError } from '../../../machinery/meta/status-error.ts'
import type { StoredKind } from '../../../machinery/meta/strategy.ts'
import { resolveSchema } from '../../../machinery/schema/resolve-schema.ts'
import { wellFormed } from '../../../machinery/schema/well-formed.ts'
import { ageColumn, nameColumn } from '../../meta/v1/columns.ts'
import { conditionStatus } from '../../meta/v1/condition.ts'
import type { Cluster, ClusterSpec, SecretReference } from './cluster.ts'
import { clusterDefinitions } from './definitions.ts'
import { validateApiEndpoint, validateProxyUrl } from './endpoint.ts'
import { defaultResourceModels, validateResourceModels } from './resource-model.ts'
import { stampTaints, validateTaint } from './taint.ts'

interface ClusterOptions {
  /** Members on the server's own machine or link may be joined. */
  readonly allowLoopback: boolean
  /** Where Secrets of members lie. */
  readonly secretNamespace: string
}

/** A member with another identity than the one kept is accepted once this annotation names it. */
export const ACCEPT_UID = 'cluster.federation/accept-uid'
const MAX_NAME_LENGTH = 48
/** Fields that say nothing about where requests and credentials go. */
const FREE_FIELDS: ReadonlySet<string> = new Set(['provider', 'region', 'zones', 'taints', 'resourceModels'])

export function clusterKind(options: ClusterOptions): StoredKind<Cluster> {
  const schema = resolveSchema(clusterDefinitions, 'federation.cluster.v1alpha1.Cluster')
  return defineKind<Cluster>({
    group: 'cluster.federation', version: 'v1alpha1', kind: 'Cluster', plural: 'clusters', shortNames: ['cl'], categories: ['federation'], scope: 'Cluster',
    schema, describesItems: true,
    columns: [
      nameColumn,
      { name: 'Version', type: 'string', description: "Version of the cluster's API server.", cell: ({ status }) => status?.kubernetesVersion ?? '' },
      { name: 'Mode', type: 'string', description: 'Push or Pull.', cell: ({ spec }) => spec.syncMode },
      { name: 'Ready', type: 'string', description: 'Whether the API of the cluster answers.', cell: ({ status }) => conditionStatus(status?.conditions, 'Ready') },
      ageColumn,
      { name: 'APIEndpoint', type: 'string', priority: 1, description: 'Where the cluster is reached.', cell: ({ spec }) => spec.apiEndpoint ?? '' },
      { name: 'Provider', type: 'string', priority: 1, description: 'Who runs the machines.', cell: ({ spec }) => spec.provider ?? '' },
      { name: 'Region', type: 'string', priority: 1, description: 'Where they are.', cell: ({ spec }) => spec.region ?? '' },
      { name: 'Zones', type: 'string', priority: 1, description: 'Zones of the region.', cell: ({ spec }) => (spec.zones ?? []).join(',') },
    ],
    fields: { 'spec.syncMode': ({ spec }) => spec.syncMode, 'spec.provider': ({ spec }) => spec.provider ?? '', 'spec.region': ({ spec }) => spec.region ?? '' },
    strategy: wellFormed(schema, {
      validateName: (name) => [...dns1123Label(name), ...(name.length > MAX_NAME_LENGTH ? [`must be no more than ${MAX_NAME_LENGTH} characters`] : [])],
      prepareForCreate: (cluster, now) => prepare(cluster, undefined, now, options),
      prepareForUpdate: (cluster, old, now) => prepare(cluster, old, now, options),
      validate: ({ spec }) => validateSpec(spec, options),
      authorize,
    }),
  })
}

function prepare(cluster: Cluster, old: Cluster | undefined, now: number, { secretNamespace }: ClusterOptions): Cluster {
  const { spec } = cluster, placed = (reference: SecretReference) => ({ ...reference, namespace: reference.namespace || secretNamespace })
  return {
    ...cluster,
    spec: {
      ...spec,
      ...(spec.secretRef && { secretRef: placed(spec.secretRef) }),
      ...(spec.impersonatorSecretRef && { impersonatorSecretRef: placed(spec.impersonatorSecretRef) }),
      ...(spec.taints && { taints: stampTaints(spec.taints, old?.spec.taints ?? [], now) }),
      resourceModels: spec.resourceModels ?? defaultResourceModels(),
    },
  }
}

/** Whoever may set the endpoint or the credential can have the credential sent elsewhere. The accepted identity decides the same. */
async function authorize(cluster: Cluster | undefined, old: Cluster | undefined, { authorize: ask }: WriteOptions): Promise<void> {
  if (!cluster) return
  const bound = ({ spec, metadata }: Cluster) => ({ ...Object.fromEntries(Object.entries(spec).filter(([field]) => !FREE_FIELDS.has(field))), [ACCEPT_UID]: metadata.annotations?.[ACCEPT_UID] })
  if (old && equalJson(bound(cluster), bound(old))) return
  await ask('join', { group: 'cluster.federation', resource: 'clusters', ...(cluster.metadata.name !== undefined && { name: cluster.metadata.name }) })
}

function validateSpec(spec: ClusterSpec, options: ClusterOptions): FieldError[] {
  const labelLike = (value: string | undefined, path: string) => (value === undefined ? [] : labelValue(value).map((text) => fieldError.invalid(path, value, text)))
  return [
    ...(spec.syncMode === 'Pull' ? [fieldError.forbidden('spec.syncMode', 'Pull needs an agent in the cluster, which this version does not have yet; use Push')] : []),
    ...(spec.syncMode === 'Push' && !spec.apiEndpoint ? [fieldError.required('spec.apiEndpoint', 'Push needs the URL of the cluster, e.g. https://10.0.0.1:6443')] : []),
    ...(spec.apiEndpoint ? validateApiEndpoint(spec.apiEndpoint, 'spec.apiEndpoint', options) : []),
    ...(spec.caBundle ? validateCaBundle(spec.caBundle) : []),
    ...validateSecretReference(spec.secretRef, 'spec.secretRef', options),
    ...validateSecretReference(spec.impersonatorSecretRef, 'spec.impersonatorSecretRef', options),
    ...((spec.disabledTLSValidations?.length ?? 0) > 1 && spec.disabledTLSValidations!.includes('*') ? [fieldError.invalid('spec.disabledTLSValidations', spec.disabledTLSValidations, '"*" must stand alone')] : []),
    ...(spec.proxyURL ? validateProxyUrl(spec.proxyURL, 'spec.proxyURL') : []),
    ...Object.entries(spec.proxyHeader ?? {}).flatMap(([name, value]) => validateHeader(name, value)),
    ...labelLike(spec.provider, 'spec.provider'),
    ...labelLike(spec.region, 'spec.region'),
    ...(spec.zones ?? []).flatMap((zone, index) => labelLike(zone, `spec.zones[${index}]`)),
    ...(spec.taints ?? []).flatMap((taint, index) => validateTaint(taint, `spec.taints[${index}]`)),
    ...validateResourceModels(spec.resourceModels ?? [], 'spec.resourceModels'),
  ]
}

function validateSecretReference(reference: SecretReference | undefined, path: string, { secretNamespace }: ClusterOptions): FieldError[] {
  if (!reference) return []
  const { name, namespace } = reference
  return [
    ...(namespace && namespace !== secretNamespace ? [fieldError.invalid(`${path}.namespace`, namespace, `Secrets are read only in the server's own namespace, ${secretNamespace}`)] : []),
    ...dns1123Subdomain(name).map((text) => fieldError.invalid(`${path}.name`, name, text)),
  ]
}

function validateHeader(name: string, value: string): FieldError[] {
  const path = `spec.proxyHeader[${name}]`
  return [
    ...(/^[-!#$%&'*+.^_`|~0-9A-Za-z]+$/.test(name) ? [] : [fieldError.invalid(path, name, 'must be the name of an HTTP header')]),
    // oxlint-disable-next-line no-control-regex
    ...(/[\u0000-\u0008\u000a-\u001f\u007f]/.test(value) ? [fieldError.invalid(path, value, 'must not contain control characters')] : []),
  ]
}

/** `format: byte` has checked the base64 already. */
function validateCaBundle(bundle: string): FieldError[] {
  // The value is long and tells nobody anything.
  const invalid = (detail: string) => [fieldError.invalid('spec.caBundle', '...', detail)]
  const certificates = Buffer.from(bundle, 'base64').toString('latin1').match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g)
  if (!certificates) return invalid('must be PEM certificates in base64')
  for (const [index, certificate] of certificates.entries()) {
    try { void new X509Certificate(certificate).subject } catch (error) { return invalid(`certificate ${index + 1} cannot be read: ${(error as Error).message}`) }
  }
  return []
}
