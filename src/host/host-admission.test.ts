import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../lib/clock.ts'
import { silentLogger } from '../lib/logger.ts'
import { CelEvaluator } from '../machinery/admission/cel/cel-evaluator.ts'
import type { DeleteOptions, Handler, KubeObject, Resource } from '../machinery/meta/core.ts'
import { defineKind } from '../machinery/meta/define-kind.ts'
import { nameSuffix } from '../machinery/meta/generate-name.ts'
import { StatusError } from '../machinery/meta/status-error.ts'
import { createStoredResource } from '../machinery/registry/stored-resource.ts'
import { resourceHandler } from '../machinery/server/resource-handler.ts'
import { MemoryStorage } from '../machinery/storage/memory-storage.ts'
import { HostAdmission } from './host-admission.ts'

const controller = new AbortController(), { signal } = controller, expressions = new CelEvaluator()
const OPEN = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } as const
const dependencies = { clock: systemClock, randomUuid: () => crypto.randomUUID(), randomSuffix: () => nameSuffix(Math.random), logger: silentLogger }
const kind = (group: string, version: string, name: string, scope: 'Namespaced' | 'Cluster' = 'Cluster') => defineKind({ group, version, kind: name, plural: `${name.toLowerCase()}${name.endsWith('Policy') ? '' : 's'}`.replace(/policy$/, 'policies'), scope, schema: OPEN, columns: [], hasStatus: false })

/** A host that has what admission reads, and nothing else. */
class FakeHost {
  readonly #resources: Record<string, Resource>
  readonly handler: Handler
  constructor() {
    const storage = new MemoryStorage(), of = (it: ReturnType<typeof kind>) => createStoredResource(it, storage, dependencies, signal), registration = (name: string) => of(kind('admissionregistration.k8s.io', 'v1', name))
    this.#resources = {
      mutating: registration('MutatingWebhookConfiguration'), validating: registration('ValidatingWebhookConfiguration'), policy: registration('ValidatingAdmissionPolicy'), binding: registration('ValidatingAdmissionPolicyBinding'),
      namespace: of(kind('', 'v1', 'Namespace')), limit: of(kind('limits.example.com', 'v1', 'Limit', 'Namespaced')),
    }
    const { namespace, limit, ...registrations } = this.#resources
    const groups = [{ name: '', versions: [{ version: 'v1', resources: [namespace!] }] }, { name: 'admissionregistration.k8s.io', versions: [{ version: 'v1', resources: Object.values(registrations) }] }, { name: 'limits.example.com', versions: [{ version: 'v1', resources: [limit!] }] }]
    const resources = resourceHandler({ groups: () => groups }, { clock: systemClock, random: Math.random, authorizer: { authorize: () => Promise.resolve({ allowed: true, reason: '' }) } })
    this.handler = (request, inner) => (request.path === '/apis/limits.example.com/v1'
      ? Promise.resolve({ status: 200, headers: [], body: Buffer.from(JSON.stringify({ resources: [{ name: 'limits', kind: 'Limit', namespaced: true }] })) })
      : resources({ ...request, user: ADMIN }, inner))
  }
  put(resource: string, object: KubeObject): Promise<unknown> { return this.#resources[resource]!.writer!.create(object, options(), signal) }
}

const ADMIN = { name: 'alice', groups: ['devs'], extra: {} }, warnings: string[] = []
const options = (more: Partial<DeleteOptions> = {}): DeleteOptions => ({ user: ADMIN, manager: 'test', authorize: () => Promise.resolve(), warn: (text) => { warnings.push(text) }, ...more })

interface Review { request: Record<string, unknown> & { uid: string; object: KubeObject | null; oldObject: KubeObject | null } }
type Answer = Record<string, unknown> | ((review: Review) => Record<string, unknown>)
const calls: (Review['request'] & { path: string })[] = []
let answers: Record<string, Answer> = {}
const server = createServer((request, response) => {
  const path = request.url!.split('?')[0]!, chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
    const review = JSON.parse(Buffer.concat(chunks).toString()) as Review, answer = answers[path] ?? {}
    calls.push({ ...review.request, path })
    if (path === '/slow') return
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid: review.request.uid, allowed: true, ...(typeof answer === 'function' ? answer(review) : answer) } }))
  })
}).listen(0, '127.0.0.1')
await once(server, 'listening')
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
afterAll(async () => { controller.abort(); server.closeAllConnections(); server.close(); await expressions.close() })
beforeEach(() => { calls.length = 0; warnings.length = 0; answers = {} })

const RULE = { operations: ['*'], apiGroups: ['test.federation'], apiVersions: ['*'], resources: ['counters'] }
const webhook = (path: string, more: Record<string, unknown> = {}) => ({ name: `${path.slice(1)}.example.com`, clientConfig: { url: origin + path }, rules: [RULE], sideEffects: 'None', admissionReviewVersions: ['v1'], timeoutSeconds: 1, ...more })
const hooks = (name: string, ...webhooks: unknown[]) => ({ metadata: { name }, webhooks })
const patch = (...operations: unknown[]) => ({ patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(operations)).toString('base64') })
const counter = (name: string, spec: Record<string, unknown> = {}, labels: Record<string, string> = {}): KubeObject => ({ metadata: { name, namespace: 'shop', labels }, spec })

type Held = readonly [resource: string, object: KubeObject]
async function ours(...objects: readonly Held[]): Promise<NonNullable<Resource['writer']>> {
  const host = new FakeHost()
  await host.put('namespace', { metadata: { name: 'shop', labels: { env: 'prod' } } })
  for (const [resource, object] of objects) await host.put(resource, object)
  const admission = new HostAdmission({ handler: host.handler, expressions, clock: systemClock, random: Math.random, randomUuid: () => crypto.randomUUID() }, signal)
  const Counter = defineKind({ group: 'test.federation', version: 'v1alpha1', kind: 'Counter', plural: 'counters', scope: 'Namespaced', columns: [], schema: { type: 'object', properties: { spec: { type: 'object', properties: { count: { type: 'integer', default: 1 }, color: { type: 'string' } } } } } })
  return createStoredResource(Counter, new MemoryStorage(), { ...dependencies, admission }, signal).writer
}
const refusal = (promise: Promise<unknown>) => promise.then(() => 'accepted', (error: unknown) => (error instanceof StatusError ? `${error.code} ${error.reason} ${error.message}` : String(error)))

describe('webhooks', () => {
  test('what a mutating one is told, and what it changes', async () => {
    answers = { '/m': { ...patch({ op: 'add', path: '/spec/color', value: 'red' }), warnings: ['painted'] } }
    const writer = await ours(['mutating', hooks('a', webhook('/m'))]), entry = await writer.create(counter('x'), options(), signal)
    expect(entry.parse()['spec']).toEqual({ count: 1, color: 'red' })
    expect(warnings).toEqual(['painted'])
    expect(calls[0]).toMatchObject({
      operation: 'CREATE', kind: { group: 'test.federation', version: 'v1alpha1', kind: 'Counter' }, resource: { group: 'test.federation', version: 'v1alpha1', resource: 'counters' }, name: 'x', namespace: 'shop', dryRun: false,
      userInfo: { username: 'alice', groups: ['devs'] }, oldObject: null, object: { apiVersion: 'test.federation/v1alpha1', kind: 'Counter', spec: { count: 1 }, metadata: { name: 'x', uid: entry.parse().metadata.uid } }, options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1', fieldManager: 'test' },
    })
  })

  test.each<[string, Answer, string]>([
    ['its message', { allowed: false, status: { message: 'no', code: 403 } }, '403  admission webhook "v.example.com" denied the request: no'],
    ['codes below 400 are raised', { allowed: false, status: { reason: 'Because', code: 200 } }, '400 Because admission webhook "v.example.com" denied the request: Because'],
    ['nothing said', { allowed: false }, '400  admission webhook "v.example.com" denied the request without explanation'],
    ['another uid', { uid: 'other' }, '500 InternalError Internal error occurred: failed calling webhook "v.example.com": expected response.uid='],
  ])('a validating one refuses: %s', async (_, answer, text) => {
    answers = { '/v': answer }
    expect(await refusal((await ours(['validating', hooks('a', webhook('/v'))])).create(counter('x'), options(), signal))).toContain(text)
  })

  test('of update and delete it sees both states; its refusal leaves the object', async () => {
    answers = { '/v': ({ request }) => ({ allowed: request['operation'] !== 'DELETE' }) }
    const writer = await ours(['validating', hooks('a', webhook('/v'))])
    await writer.create(counter('x', { count: 1 }), options(), signal)
    await writer.update('shop/x', (current) => ({ ...current!, spec: { count: 2 } }), options(), signal)
    expect(calls.at(-1)).toMatchObject({ operation: 'UPDATE', object: { spec: { count: 2 } }, oldObject: { spec: { count: 1 } } })
    expect(await refusal(writer.delete('shop/x', options(), signal))).toContain('denied the request')
    expect(calls.at(-1)).toMatchObject({ operation: 'DELETE', object: null, oldObject: { spec: { count: 2 } }, options: { kind: 'DeleteOptions' } })
  })

  test.each<[string, Record<string, unknown>, boolean]>([
    ['another resource', { rules: [{ ...RULE, resources: ['others'] }] }, false], ['a subresource', { rules: [{ ...RULE, resources: ['counters/status'] }] }, false], ['everything', { rules: [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] }] }, true],
    ['another operation', { rules: [{ ...RULE, operations: ['DELETE'] }] }, false], ['cluster scope', { rules: [{ ...RULE, scope: 'Cluster' }] }, false], ['the namespace by label', { namespaceSelector: { matchLabels: { env: 'prod' } } }, true], ['another namespace', { namespaceSelector: { matchLabels: { env: 'dev' } } }, false],
    ['the object by label', { objectSelector: { matchLabels: { app: 'x' } } }, true], ['another object', { objectSelector: { matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] } }, false],
    ['a condition', { matchConditions: [{ name: 'c', expression: "request.userInfo.username == 'alice' && object.spec.count == 1" }] }, true], ['a false condition', { matchConditions: [{ name: 'c', expression: "'admins' in request.userInfo.groups" }] }, false],
    ['a broken condition, ignored', { failurePolicy: 'Ignore', matchConditions: [{ name: 'c', expression: 'object.nothing' }] }, false],
  ])('matches: %s', async (_, more, isCalled) => {
    await (await ours(['validating', hooks('a', webhook('/v', more))])).create(counter('x', {}, { app: 'x' }), options(), signal)
    expect(calls.length).toBe(isCalled ? 1 : 0)
  })

  test('failures: of conditions, of calls, of dry run', async () => {
    const create = async (more: Record<string, unknown>, path = '/v', given = options()) => refusal((await ours(['validating', hooks('a', webhook(path, more))])).create(counter('x'), given, signal))
    expect(await create({ matchConditions: [{ name: 'c', expression: 'object.nothing' }] })).toBe(`403 Forbidden counters.test.federation "x" is forbidden: expression 'object.nothing' resulted in error: no such key: nothing`)
    expect(await create({}, '/slow')).toBe(`500 InternalError Internal error occurred: failed calling webhook "slow.example.com": failed to call webhook: Post "${origin}/slow?timeout=1s": context deadline exceeded`)
    expect(await create({ clientConfig: { url: 'http://127.0.0.1:1/x' } })).toContain('failed calling webhook "v.example.com": failed to call webhook: Post "http://127.0.0.1:1/x?timeout=1s": ')
    expect(await create({ failurePolicy: 'Ignore' }, '/slow')).toBe('accepted')
    expect(await create({ sideEffects: 'Some' }, '/v', options({ dryRun: true }))).toBe('400 BadRequest admission webhook "v.example.com" does not support dry run')
    expect(await create({}, '/v', options({ dryRun: true }))).toBe('accepted')
  })

  test('in order of names; one that asks for it sees later changes', async () => {
    answers = { '/one': patch({ op: 'add', path: '/metadata/labels/one', value: 'x' }), '/two': patch({ op: 'add', path: '/metadata/labels/two', value: 'x' }) }
    const writer = await ours(['mutating', hooks('b', webhook('/two'))], ['mutating', hooks('a', webhook('/one', { reinvocationPolicy: 'IfNeeded' }))])
    expect((await writer.create(counter('x', {}, { app: 'x' }), options(), signal)).parse().metadata.labels).toEqual({ app: 'x', one: 'x', two: 'x' })
    expect(calls.map(({ path }) => path)).toEqual(['/one', '/two', '/one'])
  })
})

test('while nothing is known nothing is written, and the reason is told', async () => {
  const forbidden: Handler = () => Promise.reject(StatusError.forbidden({ group: 'admissionregistration.k8s.io', resource: 'mutatingwebhookconfigurations' }, '', 'no'))
  const admission = new HostAdmission({ handler: forbidden, expressions, clock: { ...systemClock, sleep: (ms, inner) => systemClock.sleep(Math.min(ms, 20), inner) }, random: Math.random, randomUuid: () => crypto.randomUUID() }, signal)
  const Counter = defineKind({ group: 'test.federation', version: 'v1alpha1', kind: 'Counter', plural: 'counters', scope: 'Namespaced', columns: [], schema: OPEN })
  expect(await refusal(createStoredResource(Counter, new MemoryStorage(), { ...dependencies, admission }, signal).writer.create(counter('x'), options(), signal)))
    .toBe('403 Forbidden counters.test.federation "x" is forbidden: not yet ready to handle request: mutatingwebhookconfigurations.admissionregistration.k8s.io is forbidden: no')
})

describe('policies', () => {
  const policy = (spec: Record<string, unknown>) => ['policy', { metadata: { name: 'p' }, spec: { matchConstraints: { resourceRules: [RULE] }, ...spec } }] as const
  const binding = (spec: Record<string, unknown> = {}) => ['binding', { metadata: { name: 'b' }, spec: { policyName: 'p', validationActions: ['Deny'], ...spec } }] as const
  const create = async (...objects: readonly Held[]) => refusal((await ours(...objects)).create(counter('x', { count: 9 }), options(), signal))
  const FEW = { validations: [{ expression: 'object.spec.count <= 5', messageExpression: "'at most 5, not ' + string(object.spec.count)" }] }, DENIED = `counters.test.federation "x" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: `

  test.each<[string, readonly Held[], string]>([
    ['deny', [policy(FEW), binding()], `422 Invalid ${DENIED}at most 5, not 9`], ['no binding', [policy(FEW)], 'accepted'],
    ['a reason', [policy({ validations: [{ expression: 'false', reason: 'Forbidden' }] }), binding()], `403 Forbidden ${DENIED}failed expression: false`],
    ['variables', [policy({ variables: [{ name: 'n', expression: 'object.spec.count' }], validations: [{ expression: 'variables.n < 5', message: 'too many' }] }), binding()], `422 Invalid ${DENIED}too many`],
    ['an error', [policy({ validations: [{ expression: 'object.nothing > 1' }] }), binding()], `422 Invalid ${DENIED}expression 'object.nothing > 1' resulted in error: no such key: nothing`],
    ['an error, ignored', [policy({ failurePolicy: 'Ignore', validations: [{ expression: 'object.nothing > 1' }] }), binding()], 'accepted'],
    ['a binding for others', [policy(FEW), binding({ matchResources: { namespaceSelector: { matchLabels: { env: 'dev' } } } })], 'accepted'], ['a condition', [policy({ ...FEW, matchConditions: [{ name: 'c', expression: "request.operation == 'DELETE'" }] }), binding()], 'accepted'],
    ['excluded', [policy({ ...FEW, matchConstraints: { resourceRules: [RULE], excludeResourceRules: [{ ...RULE, resourceNames: ['x'] }] } }), binding()], 'accepted'],
    ['the namespace', [policy({ validations: [{ expression: "namespaceObject.metadata.labels.env == 'dev'", message: 'not here' }] }), binding()], `422 Invalid ${DENIED}not here`],
  ])('%s', async (_, objects, text) => { expect(await create(...objects)).toBe(text) })

  test('warn', async () => {
    expect(await create(policy(FEW), binding({ validationActions: ['Warn'] }))).toBe('accepted')
    expect(warnings).toEqual(["Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': at most 5, not 9"])
  })

  test('parameters', async () => {
    const limited = policy({ paramKind: { apiVersion: 'limits.example.com/v1', kind: 'Limit' }, validations: [{ expression: 'object.spec.count <= params.max', message: 'above the limit' }] }), limit = (max: number) => ['limit', { metadata: { name: 'l', namespace: 'shop' }, max }] as const
    expect(await create(limited, binding({ paramRef: { name: 'l' } }), limit(5))).toBe(`422 Invalid ${DENIED}above the limit`)
    expect(await create(limited, binding({ paramRef: { selector: {} } }), limit(10))).toBe('accepted')
    expect(await create(limited, binding({ paramRef: { name: 'l', parameterNotFoundAction: 'Allow' } }))).toBe('accepted')
    expect(await create(limited, binding({ paramRef: { name: 'l', parameterNotFoundAction: 'Deny' } }))).toContain('no params found for policy binding with `Deny` parameterNotFoundAction')
    expect(await create(limited, binding())).toContain('paramKind is set, but the binding has no paramRef')
  })
})
