import type { KubeObject } from '../../../machinery/meta/core.ts'
import { defineKind } from '../../../machinery/meta/define-kind.ts'
import { dns1123Label } from '../../../machinery/meta/names.ts'
import { resolveSchema } from '../../../machinery/schema/resolve-schema.ts'
import { wellFormed } from '../../../machinery/schema/well-formed.ts'
import { ageColumn, nameColumn } from '../../meta/v1/columns.ts'
import { coreDefinitions } from './definitions.ts'

export interface Namespace extends KubeObject {
  spec?: { finalizers?: string[] }
  status?: { phase?: 'Active' | 'Terminating' }
}

/** Label that lets selectors name a namespace. */
const NAME_LABEL = 'kubernetes.io/metadata.name'
const labelled = (namespace: Namespace): Namespace => ({ ...namespace, metadata: { ...namespace.metadata, labels: { ...namespace.metadata.labels, [NAME_LABEL]: namespace.metadata.name ?? '' } } })

const schema = resolveSchema(coreDefinitions, 'io.k8s.api.core.v1.Namespace')

export const namespaceKind = defineKind<Namespace>({
  group: '', version: 'v1', kind: 'Namespace', plural: 'namespaces', shortNames: ['ns'], scope: 'Cluster',
  schema,
  columns: [
    nameColumn,
    { name: 'Status', type: 'string', description: 'Active, or Terminating while what it holds is removed.', cell: ({ metadata, status }) => (metadata.deletionTimestamp ? 'Terminating' : status?.phase ?? 'Active') },
    ageColumn,
  ],
  fields: { 'status.phase': ({ status }) => status?.phase ?? '' },
  strategy: wellFormed(schema, {
    validateName: dns1123Label,
    prepareForCreate: (namespace) => ({ ...labelled(namespace), status: { phase: 'Active' } }),
    prepareForUpdate: labelled,
    allowUnconditionalUpdate: true,
  }),
})
