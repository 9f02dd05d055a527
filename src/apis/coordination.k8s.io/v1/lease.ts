import type { KubeObject } from '../../../machinery/meta/core.ts'
import { defineKind } from '../../../machinery/meta/define-kind.ts'
import { fieldError } from '../../../machinery/meta/status-error.ts'
import { resolveSchema } from '../../../machinery/schema/resolve-schema.ts'
import { wellFormed } from '../../../machinery/schema/well-formed.ts'
import { coreDefinitions } from '../../core/v1/definitions.ts'
import { ageColumn, nameColumn } from '../../meta/v1/columns.ts'

export interface Lease extends KubeObject {
  spec?: { holderIdentity?: string; leaseDurationSeconds?: number; acquireTime?: string; renewTime?: string; leaseTransitions?: number }
}

const schema = resolveSchema(coreDefinitions, 'io.k8s.api.coordination.v1.Lease')

export const leaseKind = defineKind<Lease>({
  group: 'coordination.k8s.io', version: 'v1', kind: 'Lease', plural: 'leases', scope: 'Namespaced', hasStatus: false,
  schema,
  columns: [nameColumn, { name: 'Holder', type: 'string', description: 'Who holds the lease.', cell: ({ spec }) => spec?.holderIdentity ?? '' }, ageColumn],
  strategy: wellFormed(schema, {
    validate: ({ spec }) => [
      ...((spec?.leaseDurationSeconds ?? 1) > 0 ? [] : [fieldError.invalid('spec.leaseDurationSeconds', spec?.leaseDurationSeconds, 'must be greater than 0')]),
      ...((spec?.leaseTransitions ?? 0) >= 0 ? [] : [fieldError.invalid('spec.leaseTransitions', spec?.leaseTransitions, 'must be greater than or equal to 0')]),
    ],
    allowCreateOnUpdate: true,
  }),
})
