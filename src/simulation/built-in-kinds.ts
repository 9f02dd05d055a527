import { columnsFor, defaultColumns } from '../federation/interpreter/columns/columns.ts'
import { defineKind } from '../machinery/meta/define-kind.ts'
import type { KubeObject } from '../machinery/meta/core.ts'
import type { StoredKind } from '../machinery/meta/strategy.ts'
import { resolveSchema, type Definitions } from '../machinery/schema/resolve-schema.ts'
import { strategyOf } from './defaults.ts'

interface Described { kind: string; plural: string; namespaced: boolean; schema: string; verbs: string[]; shortNames?: string[]; categories?: string[]; subresources?: Record<string, unknown> }

/** Served by machinery that a simulated member has not got, or another face of what is served already (Events of events.k8s.io are those of the core group). */
const LEFT_OUT = new Set(['apiextensions.k8s.io', 'apiregistration.k8s.io', 'events.k8s.io'])

/** Kubernetes' own kinds, each in the newest stable version of its group. */
export async function builtInKinds(): Promise<readonly StoredKind[]> {
  const [resources, shapes] = await Promise.all([import('../../openapi/kubernetes/resources.json', { with: { type: 'json' } }), builtInDefinitions()])
  return newest(resources.default as unknown as Readonly<Record<string, readonly Described[]>>).flatMap(({ group, version, kinds }) =>
    kinds.filter(({ verbs }) => verbs.includes('create') && verbs.includes('watch')).map(({ kind, plural, namespaced, schema, shortNames = [], categories = [], subresources = {} }) =>
      defineKind({
        group, version, kind, plural, shortNames, categories, scope: namespaced ? 'Namespaced' : 'Cluster', schema: resolveSchema(shapes, schema), columns: columnsFor(group, kind) ?? defaultColumns, fields: FIELDS[kind] ?? {},
        hasStatus: 'status' in subresources, strategy: strategyOf(kind),
      })))
}

/** Their shapes, by name. Loaded when first asked for: a server without simulated members does without. */
export const builtInDefinitions = async (): Promise<Definitions> => (await import('../../openapi/kubernetes/definitions.json', { with: { type: 'json' } })).default as unknown as Definitions

function newest(resources: Readonly<Record<string, readonly Described[]>>) {
  const groups = new Map<string, { group: string; version: string; kinds: readonly Described[] }>()
  for (const [groupVersion, kinds] of Object.entries(resources)) {
    const [group, version] = groupVersion.includes('/') ? (groupVersion.split('/') as [string, string]) : ['', groupVersion], known = groups.get(group)
    if (LEFT_OUT.has(group) || !/^v\d+$/.test(version) || (known && Number(known.version.slice(1)) > Number(version.slice(1)))) continue
    groups.set(group, { group, version, kinds })
  }
  return [...groups.values()]
}

/** Selectable fields, by the path that selectors write. */
const at = (...path: readonly string[]) => (object: KubeObject): string => {
  let value: unknown = object
  for (const step of path) value = (value as Record<string, unknown> | undefined)?.[step]
  return typeof value === 'string' ? value : value === undefined || value === null ? '' : JSON.stringify(value)
}
const fields = (...paths: readonly string[]) => Object.fromEntries(paths.map((path) => [path, at(...path.split('.'))]))

const FIELDS: Readonly<Record<string, Readonly<Record<string, (object: KubeObject) => string>>>> = {
  Pod: fields('spec.nodeName', 'spec.restartPolicy', 'spec.schedulerName', 'spec.serviceAccountName', 'spec.hostNetwork', 'status.phase', 'status.podIP', 'status.nominatedNodeName'),
  Event: { ...fields('involvedObject.kind', 'involvedObject.namespace', 'involvedObject.name', 'involvedObject.uid', 'involvedObject.apiVersion', 'involvedObject.resourceVersion', 'involvedObject.fieldPath', 'reason', 'reportingComponent', 'type'), source: at('source', 'component') },
  Secret: fields('type'), Namespace: fields('status.phase'), Node: fields('spec.unschedulable'), ReplicaSet: fields('status.replicas'), ReplicationController: fields('status.replicas'), Job: fields('status.successful'),
  CertificateSigningRequest: fields('spec.signerName'), Service: fields('spec.clusterIP', 'spec.type'),
}
