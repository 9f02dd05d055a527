/** Answers of a kube-apiserver v1.36.3 to `PATCH …/review-x?dryRun=All&force=true`, shortened to what is read. */
import { describe, expect, test } from 'vitest'
import { fromStatus } from '../../machinery/client/failure.ts'
import type { KubeObject } from '../../machinery/meta/core.ts'
import type { Status, StatusError } from '../../machinery/meta/status-error.ts'
import { type Reviewed, verdictOn } from './review-verdict.ts'

const DEPLOYMENT = { group: 'apps', version: 'v1', kind: 'Deployment' }, SERVICE = { group: '', version: 'v1', kind: 'Service' }
const reviewed = (more: Partial<Reviewed> = {}): Reviewed => ({ target: DEPLOYMENT, native: { metadata: { namespace: 'shop', name: 'web' } }, old: undefined, name: 'review-x', isStandIn: false, ...more })
const refused = (status: Partial<Status>) => ({ error: fromStatus(status), warnings: [] })
const invalid = (kind: string, causes: readonly (readonly [string | undefined, string])[]) =>
  refused({ code: 422, reason: 'Invalid', message: `${kind} "review-x" is invalid: …`, details: { name: 'review-x', kind, causes: causes.map(([field, message]) => ({ reason: 'FieldValueInvalid', message, ...(field !== undefined && { field }) })) } })
function told(answer: Parameters<typeof verdictOn>[0], of: Partial<Reviewed> = {}) {
  const verdict = verdictOn(answer, reviewed(of))
  return typeof verdict === 'string' ? verdict : { ...(verdict.refusal && { refusal: `${verdict.refusal.reason}: ${verdict.refusal.message}` }), ...(verdict.warnings.length > 0 && { warnings: verdict.warnings }) }
}

describe('is about the object', () => {
  test('what validation says of its fields', () => {
    const answer = invalid('Deployment.apps', [['spec.template.spec.containers[0].imagePullPolicy', 'Unsupported value: "Foo"'], ['spec.template.metadata.labels', 'Invalid value: {"app":"review-x"}: `selector` does not match template `labels`']])
    expect(told(answer)).toEqual({ refusal: 'Invalid: Deployment.apps "web" is invalid: [spec.template.spec.containers[0].imagePullPolicy: Unsupported value: "Foo", spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`]' })
    const { refusal } = verdictOn(answer, reviewed()) as { refusal: StatusError }
    expect(refusal.details).toMatchObject({ name: 'web', group: 'apps', kind: 'Deployment', causes: [{ reason: 'FieldValueInvalid', field: 'spec.template.spec.containers[0].imagePullPolicy' }, {}] })
  })
  test('but not what it says of the name that was made up', () => {
    const name = ['metadata.name', 'Invalid value: "review-x": must be spec.names.plural+"."+spec.group'] as const
    expect(told(invalid('CustomResourceDefinition.apiextensions.k8s.io', [name]))).toEqual({})
    expect(told(invalid('CustomResourceDefinition.apiextensions.k8s.io', [name, ['spec.scope', 'Unsupported value: "Foo"']]), { target: { group: 'apiextensions.k8s.io', version: 'v1', kind: 'CustomResourceDefinition' } }))
      .toEqual({ refusal: 'Invalid: CustomResourceDefinition.apiextensions.k8s.io "web" is invalid: spec.scope: Unsupported value: "Foo"' })
  })
  test.each<[string, string, string]>([
    ['duplicates in a keyed list', 'failed to create typed patch object (/review-x; apps/v1, Kind=Deployment): .spec.template.spec.containers[name="c"].ports: duplicate entries for key [containerPort=80,protocol="TCP"]',
      'Invalid: Deployment.apps "web" is invalid: spec.template.spec.containers[name="c"].ports: Duplicate value: [containerPort=80,protocol="TCP"]'],
    ['values of another type', 'failed to create typed patch object (shop/review-x; /v1, Kind=ConfigMap): errors:\n  .data.a: expected string, got &value.valueUnstructured{Value:1}\n  .data.b: expected string, got &value.valueUnstructured{Value:2}',
      'Invalid: Deployment.apps "web" is invalid: [data.a: Invalid value: "": expected string, got &value.valueUnstructured{Value:1}, data.b: Invalid value: "": expected string, got &value.valueUnstructured{Value:2}]'],
    ['quantities that are none', "failed to convert new object (/review-x; apps/v1, Kind=Deployment) to proper version: unable to convert unstructured object to apps/v1, Kind=Deployment: quantities must match the regular expression '^x$'",
      "BadRequest: Deployment in version \"v1\" cannot be handled as a Deployment: quantities must match the regular expression '^x$'"],
  ])('%s', (_, message, refusal) => { expect(told(refused({ code: 500, message }))).toEqual({ refusal }) })
  test('a request that cannot be read', () => { expect(told(refused({ code: 400, reason: 'BadRequest', message: 'review-x is bad' }))).toEqual({ refusal: 'BadRequest: web is bad' }) })
})

describe('is the member\'s own affair', () => {
  test.each<[string, Partial<Status>]>([
    ['quota', { code: 403, reason: 'Forbidden', message: 'pods "review-x" is forbidden: exceeded quota: small' }],
    ['a webhook that refuses', { code: 400, message: 'admission webhook "a.b" denied the request: review-x' }],
    ['a webhook that refuses as if it were validation', { code: 422, reason: 'Invalid', message: 'admission webhook "a.b" denied the request: no', details: { causes: [{ field: 'spec', message: 'no' }] } }],
    ['a webhook that is down', { code: 500, reason: 'InternalError', message: 'Internal error occurred: failed calling webhook "a.b": refused' }],
    ['a policy that refuses', { code: 422, reason: 'Invalid', message: 'deployments.apps "review-x" is forbidden: ValidatingAdmissionPolicy \'p\' denied request: no', details: { causes: [{ message: 'no' }] } }],
    ['a field that it does not know', { code: 500, message: 'failed to create typed patch object (/review-x; apps/v1, Kind=Deployment): .spec.new: field not declared in schema' }],
    ['whatever else goes wrong there', { code: 500, message: 'etcdserver: no space' }],
  ])('%s', (_, status) => {
    expect(told(refused(status))).toEqual({ warnings: [`it would be refused: ${status.message!.replaceAll('review-x', 'web')}`] })
    // Of the namespace that it was asked about instead this says nothing.
    expect(told(refused(status), { isStandIn: true })).toEqual({})
  })
  test('warnings, with the real name', () => {
    expect(told({ warnings: ['would violate PodSecurity "restricted:latest": review-x'] })).toEqual({ warnings: ['would violate PodSecurity "restricted:latest": web'] })
    expect(told({ warnings: ['would violate'] }, { isStandIn: true })).toEqual({})
  })
  test('addresses and ports of a Service that are taken, unless it has them already', () => {
    const taken = ['spec.ports[0].nodePort', 'Invalid value: 30080: provided port is already allocated'] as const, service = (nodePort: number): KubeObject => ({ metadata: { name: 'web' }, spec: { ports: [{ port: 80, nodePort }] } })
    const of = { target: SERVICE, native: service(30_080) }, warnings = ['it would be refused: spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated']
    expect(told(invalid('Service', [taken]), of)).toEqual({ warnings })
    expect(told(invalid('Service', [taken]), { ...of, old: service(30_081) })).toEqual({ warnings })
    expect(told(invalid('Service', [taken]), { ...of, old: service(30_080) })).toEqual({})
    expect(told(invalid('Service', [taken, ['spec.ports[0].name', 'Required value']]), of)).toEqual({ refusal: 'Invalid: Service "web" is invalid: spec.ports[0].name: Required value', warnings })
    expect(told(invalid('Service', [['spec.ports[0].nodePort', "Forbidden: may not be used when `type` is 'ClusterIP'"]]), of)).toMatchObject({ refusal: expect.stringContaining('may not be used') as string })
  })
})

test.each<[string, Partial<Status>, string]>([
  ['a namespace that is missing', { code: 404, reason: 'NotFound', message: 'namespaces "shop" not found', details: { name: 'shop', kind: 'namespaces' } }, 'no namespace'],
  ['a kind that is not served', { code: 404, reason: 'NotFound', message: 'the server could not find the requested resource', details: {} }, 'unknown'],
  ['a member that is overloaded', { code: 429, reason: 'TooManyRequests', message: 'later' }, 'unknown'],
  ['a webhook that may not be asked', { code: 400, reason: 'BadRequest', message: 'admission webhook "a.b" does not support dry run' }, 'unknown'],
])('says nothing: %s', (_, status, verdict) => { expect(told(refused(status))).toBe(verdict) })
