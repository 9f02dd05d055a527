import { age as formatAge } from '../../../machinery/server/age.ts'
import type { Column, KubeObject } from '../../../machinery/meta/core.ts'
import { age, column, name, text, valueAt } from './column.ts'

interface Subject { kind: string; namespace?: string; name: string }

/** RoleBinding and ClusterRoleBinding. */
export const roleBindingColumns: readonly Column[] = [
  name, column('Role', ({ roleRef }) => { const { kind = '', name = '' } = (roleRef ?? {}) as Partial<Subject>; return `${kind}/${name}` }, { reads: ['roleRef'] }), age,
  column('Users', subjects('User', ({ name }) => name), { wide: true, reads: ['subjects'] }), column('Groups', subjects('Group', ({ name }) => name), { wide: true, reads: ['subjects'] }),
  column('ServiceAccounts', subjects('ServiceAccount', ({ namespace = '', name }) => `${namespace}/${name}`), { wide: true, reads: ['subjects'] }),
]

function subjects(wanted: string, print: (subject: Subject) => string) {
  return (binding: KubeObject) => ((binding['subjects'] ?? []) as Subject[]).filter(({ kind }) => kind === wanted).map(print).join(', ')
}

export const certificateSigningRequestColumns: readonly Column[] = [
  name, age, text('SignerName', 'spec.signerName', { absent: '<none>' }), text('Requestor', 'spec.username'),
  column('RequestedDuration', ({ spec }) => { const seconds = valueAt(spec, ['expirationSeconds']); return typeof seconds === 'number' ? formatAge(seconds * 1_000) : '<none>' }, { reads: ['spec.expirationSeconds'] }),
  column('Condition', ({ status }) => {
    const types = ((valueAt(status, ['conditions']) ?? []) as { type: string }[]).map(({ type }) => type)
    return [types.includes('Denied') ? 'Denied' : types.includes('Approved') ? 'Approved' : 'Pending', ...(types.includes('Failed') ? ['Failed'] : []), ...(valueAt(status, ['certificate']) ? ['Issued'] : [])].join(',')
  }, { reads: ['status.conditions.type', 'status.certificate'] }),
]
