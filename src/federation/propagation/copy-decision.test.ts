import { describe, expect, test } from 'vitest'
import type { FederatedObject } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import type { KubeObject } from '../../machinery/meta/core.ts'
import { MANAGED_LABEL, REVISION_ANNOTATION, TEMPLATE_ANNOTATION } from '../template/marks.ts'
import { type CopyInput, type CopyRecord, decideCopy, decisiveOf, type Observed } from './copy-decision.ts'
import { fingerprintOf, ownershipOf } from './fingerprint.ts'

/** Generation 3 of a template, decided about for the fifth time. */
const federated = ({ spec = {}, metadata = {}, observedGeneration = 3 }: { readonly spec?: object; readonly metadata?: object; readonly observedGeneration?: number } = {}): FederatedObject => ({
  metadata: { namespace: 'shop', name: 'web', uid: 'template', generation: 3, ...metadata }, spec: { template: {}, ...spec }, status: { schedule: { observedGeneration, decision: 5, targets: [{ cluster: 'member1', replicas: 2 }] } },
})
const wanted = (replicas = 2): KubeObject => ({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { namespace: 'shop', name: 'web', labels: { [MANAGED_LABEL]: 'fleet' }, annotations: { [TEMPLATE_ANNOTATION]: 'template', [REVISION_ANNOTATION]: '3.5' } }, spec: { replicas } })
const owning = (...fields: readonly string[]) => ({ manager: 'federation', operation: 'Apply', time: '2030-01-01T00:00:00Z', fieldsV1: { 'f:spec': Object.fromEntries(fields.map((field) => [`f:${field}`, {}])) } })
/** As the member has it. */
const copy = ({ uid = 'copy', annotations = {}, managedFields = [owning('replicas')] as unknown[], ...metadata }: { readonly uid?: string; readonly annotations?: Record<string, string>; readonly managedFields?: unknown[]; readonly deletionTimestamp?: string } = {}): KubeObject => ({
  ...wanted(), metadata: { ...wanted().metadata, uid, managedFields, annotations: { ...wanted().metadata.annotations, ...annotations }, ...metadata },
})
const record = (more: Partial<CopyRecord> = {}): CopyRecord => ({ state: 'OK', uid: 'copy', appliedGeneration: 3, applied: `${fingerprintOf(wanted())}:${ownershipOf(copy())}`, ...more })
const seen = (object: KubeObject | undefined, behind = false): Observed => ({ known: true, copy: object, behind })
const unknown = (starting: boolean): Observed => ({ known: false, reason: 'the cluster is unreachable', starting })

const decide = (input: Partial<CopyInput>) => decideCopy({ federated: federated(), wanted: { object: wanted(), whole: wanted() }, observed: seen(copy()), record: record(), orphan: false, retained: undefined, finished: false, stays: undefined, suspended: undefined, storeIsRight: false, ...input })

describe('a copy is wanted', () => {
  test.each<[string, Partial<CopyInput>, object]>([
    ['none is there, and none was known', { observed: seen(undefined), record: undefined }, { do: 'create', object: wanted() }],
    ['it is made whole, though its replicas will be the member\'s', { observed: seen(undefined), record: undefined, wanted: { object: wanted(0), whole: wanted(2) } }, { do: 'create', object: wanted(2) }],
    ['the watch shows none, though one was known: that is no proof', { observed: seen(undefined) }, { do: 'verify', object: wanted(), finished: false }],
    ['a Job that ran to its end is looked for, but not made again', { observed: seen(undefined), finished: true }, { do: 'verify', object: wanted(), finished: true }],
    ['one that ran for an earlier generation is', { observed: seen(undefined), finished: true, record: record({ appliedGeneration: 2 }) }, { do: 'verify', object: wanted(), finished: false }],
    ['it is as it was sent', {}, { do: 'report', outcome: record() }],
    ['another generation comes to the same', { federated: federated({ metadata: { generation: 4 }, observedGeneration: 4 }) }, { do: 'report', outcome: record({ appliedGeneration: 4 }) }],
    ['something else is wanted', { wanted: { object: wanted(4), whole: wanted(4) } }, { do: 'apply', object: wanted(4), uid: 'copy' }],
    ['nothing is remembered of it', { record: undefined }, { do: 'apply', object: wanted(), uid: 'copy' }],
    ['it is another object than the one remembered', { observed: seen(copy({ uid: 'other' })) }, { do: 'apply', object: wanted(), uid: 'other' }],
    ['it was made from a template of the same name', { observed: seen(copy({ annotations: { [TEMPLATE_ANNOTATION]: 'old' } })) }, { do: 'apply', object: wanted(), uid: 'copy' }],
    ['somebody took a field', { observed: seen(copy({ managedFields: [owning('paused'), { manager: 'kubectl-edit', operation: 'Update', fieldsV1: { 'f:spec': { 'f:replicas': {} } } }] })) }, { do: 'apply', object: wanted(), uid: 'copy', drift: ['kubectl-edit'] }],
    ['somebody removed a field', { observed: seen(copy({ managedFields: [owning()] })) }, { do: 'apply', object: wanted(), uid: 'copy', drift: [] }],
    ['it is back from a backup, with the fields of now and the values of then', { observed: seen(copy({ managedFields: [{ ...owning('replicas'), time: '2029-12-31T00:00:00Z' }] })) }, { do: 'apply', object: wanted(), uid: 'copy', drift: [] }],
    ['a write of an earlier decision arrived late, in the same second', { observed: seen(copy({ annotations: { [REVISION_ANNOTATION]: '3.4' } })) }, { do: 'apply', object: wanted(), uid: 'copy', drift: [] }],
    ['drift is only to be told of', { federated: federated({ spec: { drift: 'Report' } }), observed: seen(copy({ managedFields: [] })) }, { do: 'report', outcome: record({ state: 'Drifted', message: 'fields of it were removed' }) }],
    ['it is being deleted', { observed: seen(copy({ deletionTimestamp: '2030-01-01T00:00:00Z' })) }, { do: 'report', outcome: record({ state: 'Pending', message: 'the copy there is being deleted; it is made again once it is gone' }) }],
    ['the watch has not come to what was written last', { observed: seen(undefined, true) }, { do: 'report', outcome: record(), soon: true }],
    ['nor to that, and now something else is wanted', { observed: seen(copy(), true), wanted: { object: wanted(4), whole: wanted(4) } }, { do: 'apply', object: wanted(4), uid: 'copy' }],
    ['what is there cannot be known', { observed: unknown(false) }, { do: 'report', outcome: record({ state: 'ClusterNotReady', message: 'the cluster is unreachable' }) }],
    ['what is there will be known in a moment', { observed: unknown(true) }, { do: 'wait' }],
    ['nothing is to be sent', { suspended: 'suspended', observed: seen(undefined) }, { do: 'report', outcome: record({ state: 'Suspended', message: 'suspended' }) }],
    ['it cannot be made', { wanted: { problem: { state: 'ApplyOverridesFailed', message: 'no such path' } } }, { do: 'report', outcome: record({ state: 'ApplyOverridesFailed', message: 'no such path' }) }],
    ['this generation was not decided about', { federated: federated({ observedGeneration: 2 }), wanted: { object: wanted(4), whole: wanted(4) } }, { do: 'wait' }],
    ['nor was it when the copy was made', { federated: federated({ observedGeneration: 2 }), observed: seen(copy({ annotations: { [REVISION_ANNOTATION]: '2.5' } })), wanted: { object: wanted(4), whole: wanted(4) } }, { do: 'wait' }],
    ['the copy was made from a later decision', { observed: seen(copy({ annotations: { [REVISION_ANNOTATION]: '3.6' } })), wanted: { object: wanted(4), whole: wanted(4) } }, { do: 'wait' }],
    ['or from a later generation', { observed: seen(copy({ annotations: { [REVISION_ANNOTATION]: '4.5' } })), wanted: { object: wanted(4), whole: wanted(4) } }, { do: 'wait' }],
    ['and an administrator said that the store is right', { observed: seen(copy({ annotations: { [REVISION_ANNOTATION]: '4.5' } })), wanted: { object: wanted(4), whole: wanted(4) }, storeIsRight: true }, { do: 'apply', object: wanted(4), uid: 'copy' }],
    ['of a template of the same name nothing follows', { observed: seen(copy({ annotations: { [TEMPLATE_ANNOTATION]: 'old', [REVISION_ANNOTATION]: '9.9' } })) }, { do: 'apply', object: wanted(), uid: 'copy' }],
    ['its replicas are the member\'s from now on', { retained: ['spec', 'replicas'], wanted: { object: wanted(0), whole: wanted() } }, { do: 'apply', object: wanted(0), uid: 'copy', handOver: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: 'shop', uid: 'copy' }, spec: { replicas: 2 } } }],
    ['they were before', { retained: ['spec', 'replicas'], wanted: { object: wanted(0), whole: wanted() }, observed: seen(copy({ managedFields: [owning('paused')] })) }, { do: 'apply', object: wanted(0), uid: 'copy' }],
  ])('%s', (_name, input, step) => expect(decide(input)).toEqual(step))
})

describe('no copy is wanted', () => {
  const waiting = (message?: string) => record({ state: 'WaitingForRemoval', ...(message !== undefined && { message }) })
  test.each<[string, Partial<CopyInput>, object]>([
    ['it is deleted by its uid', {}, { do: 'delete', uid: 'copy' }],
    ['it is known by the template that it names, where nothing is remembered', { record: undefined }, { do: 'delete', uid: 'copy' }],
    ['it is another object, of another template', { observed: seen(copy({ uid: 'other', annotations: { [TEMPLATE_ANNOTATION]: 'other' } })) }, { do: 'forget' }],
    ['it was made from nothing that is known', { record: undefined, observed: seen(copy({ annotations: { [TEMPLATE_ANNOTATION]: 'old' } })) }, { do: 'forget' }],
    ['there is none, and none was known', { observed: seen(undefined), record: undefined }, { do: 'forget' }],
    ['the watch shows none, though one was known', { observed: seen(undefined) }, { do: 'verify', finished: false }],
    ['the answer to its creation may have been lost', { observed: seen(undefined), record: { state: 'ApplyFailed' } }, { do: 'verify', finished: false }],
    ['it is left, without our marks', { orphan: true }, { do: 'release', copy: copy() }],
    ['it is being deleted', { observed: seen(copy({ deletionTimestamp: '2030-01-01T00:00:00Z' })) }, { do: 'report', outcome: waiting('the member is deleting it') }],
    ['what is there cannot be known', { observed: unknown(false) }, { do: 'report', outcome: waiting('the cluster is unreachable') }],
    ['what is there will be known in a moment', { observed: unknown(true) }, { do: 'wait' }],
    ['the watch has not come to what was written last', { observed: seen(copy(), true) }, { do: 'report', outcome: waiting(), soon: true }],
    ['others cannot do without it', { stays: 'it stays until member2 can do without it' }, { do: 'report', outcome: waiting('it stays until member2 can do without it') }],
    ['nothing is to be sent', { suspended: 'suspended' }, { do: 'report', outcome: waiting('suspended') }],
    ['the template itself goes, suspended or not', { suspended: 'suspended', federated: federated({ metadata: { deletionTimestamp: '2030-01-01T00:00:00Z' } }) }, { do: 'delete', uid: 'copy' }],
    ['the copy was made from a later decision', { observed: seen(copy({ annotations: { [REVISION_ANNOTATION]: '3.6' } })) }, { do: 'wait' }],
  ])('%s', (_name, input, step) => expect(decide({ wanted: undefined, ...input })).toEqual(step))
})

describe('a copy that changed', () => {
  const status = { manager: 'kube-controller-manager', operation: 'Update', subresource: 'status', fieldsV1: { 'f:status': {} } }

  test.each<[string, KubeObject]>([
    ['in its status', { ...copy({ managedFields: [owning('replicas'), status] }), status: { readyReplicas: 2 } }],
    ['in an annotation of the member', copy({ annotations: { 'deployment.kubernetes.io/revision': '2' } })],
  ])('%s is not decided about anew', (_what, changed) => { expect(decisiveOf(changed)).toBe(decisiveOf(copy())) })

  test.each<[string, KubeObject]>([
    ['replaced', copy({ uid: 'other' })],
    ['being deleted', copy({ deletionTimestamp: '2030-01-01T00:00:00Z' })],
    ['without our label', { ...copy(), metadata: { ...copy().metadata, labels: {} } }],
    ['of another template', copy({ annotations: { [TEMPLATE_ANNOTATION]: 'old' } })],
    ['of another decision', copy({ annotations: { [REVISION_ANNOTATION]: '3.6' } })],
    ['with a field taken', copy({ managedFields: [owning()] })],
    ['from a backup', copy({ managedFields: [{ ...owning('replicas'), time: '2029-12-31T00:00:00Z' }] })],
    ['by somebody else', copy({ managedFields: [owning('replicas'), { manager: 'kubectl-edit', operation: 'Update', fieldsV1: {} }] })],
    ['in its replicas', { ...copy(), spec: { replicas: 5 } }],
  ])('%s is', (_what, changed) => { expect(decisiveOf(changed)).not.toBe(decisiveOf(copy())) })
})
