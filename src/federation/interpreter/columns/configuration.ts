import type { Column } from '../../../machinery/meta/core.ts'
import { age, boolean, column, count, formatSelector, name, size, text, valueAt } from './column.ts'

export const configMapColumns: readonly Column[] = [name, column('Data', ({ data, binaryData }) => Object.keys(data ?? {}).length + Object.keys(binaryData ?? {}).length, { reads: ['data', 'binaryData'] }), age]
export const secretColumns: readonly Column[] = [name, text('Type', 'type'), size('Data', 'data', { type: 'string' }), age]
export const namespaceColumns: readonly Column[] = [name, text('Status', 'status.phase'), age]
export const leaseColumns: readonly Column[] = [name, text('Holder', 'spec.holderIdentity'), age]
export const runtimeClassColumns: readonly Column[] = [name, text('Handler', 'handler'), age]
export const priorityClassColumns: readonly Column[] = [name, count('Value', 'value'), boolean('Global-Default', 'globalDefault'), age, text('PreemptionPolicy', 'preemptionPolicy')]

interface HealthCondition { type?: string; status?: string; message?: string; error?: string }
/** The first condition of that type speaks. */
const health = (name: string, of: (condition: HealthCondition | undefined) => string | undefined) =>
  column(name, ({ conditions }) => of((conditions as HealthCondition[] | undefined)?.find(({ type }) => type === 'Healthy')) ?? '', { reads: ['conditions'] })
export const componentStatusColumns: readonly Column[] = [name, health('Status', (condition) => (condition ? (condition.status === 'True' ? 'Healthy' : 'Unhealthy') : 'Unknown')), health('Message', (condition) => condition?.message), health('Error', (condition) => condition?.error)]

/** Used of hard, by name; names that begin with `limits.` have a column of their own. */
const quota = (wantsLimits: boolean) => ({ status }: { [field: string]: unknown }) => {
  const { hard = {}, used = {} } = (status ?? {}) as { hard?: Record<string, string>; used?: Record<string, string> }
  return Object.keys(hard).toSorted().filter((resource) => resource.startsWith('limits.') === wantsLimits).map((resource) => `${resource}: ${used[resource] ?? '0'}/${hard[resource]!}`).join(', ')
}
const quotaReads = ['status.hard', 'status.used']
export const resourceQuotaColumns: readonly Column[] = [name, column('Request', quota(false), { reads: quotaReads }), column('Limit', quota(true), { reads: quotaReads }), age]

export const webhookConfigurationColumns: readonly Column[] = [name, size('Webhooks', 'webhooks'), age]

const paramKind = column('ParamKind', ({ spec }) => { const kind = valueAt(spec, ['paramKind']) as { apiVersion?: string; kind?: string } | undefined; return kind ? `${kind.apiVersion ?? ''}/${kind.kind ?? ''}` : '<unset>' }, { reads: ['spec.paramKind'] })
export const validatingAdmissionPolicyColumns: readonly Column[] = [name, size('Validations', 'spec.validations'), paramKind, age]
export const mutatingAdmissionPolicyColumns: readonly Column[] = [name, size('Mutations', 'spec.mutations'), paramKind, age]

/** The bindings of both. */
export const admissionPolicyBindingColumns: readonly Column[] = [
  name, text('PolicyName', 'spec.policyName'),
  column('ParamRef', ({ spec }) => {
    const reference = valueAt(spec, ['paramRef']) as { namespace?: string; name?: string; selector?: object } | undefined
    if (!reference) return '<unset>'
    return reference.name ? `${reference.namespace || '*'}/${reference.name}` : formatSelector(reference.selector, '<unset>')
  }, { reads: ['spec.paramRef'] }), age,
]

export const resourceClaimColumns: readonly Column[] = [
  name,
  column('State', ({ metadata, status }) => {
    const isAllocated = valueAt(status, ['allocation']) !== undefined, isReserved = ((valueAt(status, ['reservedFor']) ?? []) as unknown[]).length > 0, isDeleted = metadata.deletionTimestamp !== undefined
    return [...(isDeleted ? ['deleted'] : []), ...(isAllocated ? ['allocated', ...(isReserved ? ['reserved'] : [])] : isDeleted ? [] : ['pending'])].join(',')
  }, { reads: ['metadata.deletionTimestamp', 'status.allocation', 'status.reservedFor'] }), age,
]
export const resourceSliceColumns: readonly Column[] = [name, text('Node', 'spec.nodeName'), text('Driver', 'spec.driver'), text('Pool', 'spec.pool.name'), age]

export const apiServiceColumns: readonly Column[] = [
  name, column('Service', ({ spec }) => { const service = valueAt(spec, ['service']) as { namespace: string; name: string } | undefined; return service ? `${service.namespace}/${service.name}` : 'Local' }, { reads: ['spec.service'] }),
  column('Available', ({ status }) => {
    const condition = ((valueAt(status, ['conditions']) ?? []) as { type: string; status: string; reason?: string }[]).find(({ type }) => type === 'Available')
    if (!condition) return 'Unknown'
    return condition.status !== 'True' && condition.reason ? `${condition.status} (${condition.reason})` : condition.status
  }, { reads: ['status.conditions'] }), age,
]

export const flowSchemaColumns: readonly Column[] = [
  name, text('PriorityLevel', 'spec.priorityLevelConfiguration.name'), count('MatchingPrecedence', 'spec.matchingPrecedence', { type: 'string' }), text('DistinguisherMethod', 'spec.distinguisherMethod.type', { absent: '<none>' }), age,
  column('MissingPL', ({ status }) => ((valueAt(status, ['conditions']) ?? []) as { type: string; status: string }[]).find(({ type }) => type === 'Dangling')?.status ?? '?', { reads: ['status.conditions'] }),
]

/** Limits of a level that has none are not numbers. */
const limit = (columnName: string, ...path: string[]) => column(columnName, ({ spec }) => (valueAt(spec, ['limited', ...path]) as number | undefined) ?? '<none>', { reads: [['spec', 'limited', ...path]] })
export const priorityLevelColumns: readonly Column[] = [
  name, text('Type', 'spec.type'), limit('NominalConcurrencyShares', 'nominalConcurrencyShares'), limit('Queues', 'limitResponse', 'queuing', 'queues'), limit('HandSize', 'limitResponse', 'queuing', 'handSize'),
  limit('QueueLengthLimit', 'limitResponse', 'queuing', 'queueLengthLimit'), age,
]
