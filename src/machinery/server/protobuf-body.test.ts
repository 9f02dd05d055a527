import { afterAll, expect, test } from 'vitest'
import { systemClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/logger.ts'
import type { JsonSchema } from '../meta/json-schema.ts'
import { defineKind } from '../meta/define-kind.ts'
import { createStoredResource } from '../registry/stored-resource.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import { recordable, Copy } from './audit/bodies.ts'
import { resourceHandler } from './resource-handler.ts'

const controller = new AbortController(), { signal } = controller
afterAll(() => { controller.abort() })

const dependencies = { clock: systemClock, logger: silentLogger, randomUuid: () => crypto.randomUUID(), randomSuffix: () => 'abcde' }, schema: JsonSchema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
const stored = (group: string, kind: string, plural: string) => createStoredResource({
  ...defineKind({ group, version: 'v1', kind, plural, scope: 'Namespaced', schema, columns: [], strategy: { allowUnconditionalUpdate: true } }), scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
}, new MemoryStorage(), dependencies, signal)
const groups = [{ name: '', versions: [{ version: 'v1', resources: [stored('', 'ConfigMap', 'configmaps')] }] }, { name: 'apps', versions: [{ version: 'v1', resources: [stored('apps', 'Deployment', 'deployments')] }] }, { name: 'example.com', versions: [{ version: 'v1', resources: [stored('example.com', 'Thing', 'things')] }] }]
const handle = resourceHandler({ groups: () => groups }, { clock: systemClock, random: () => 0, authorizer: { authorize: () => Promise.resolve({ allowed: true, reason: '' }) } })

const PROTOBUF = 'application/vnd.kubernetes.protobuf', CONFIG_MAPS = '/api/v1/namespaces/n/configmaps', DEPLOYMENTS = '/apis/apps/v1/namespaces/n/deployments', THINGS = '/apis/example.com/v1/namespaces/n/things'
const field = (number: number, ...parts: readonly (Buffer | string)[]) => { const value = Buffer.concat(parts.map((part) => Buffer.from(part))); return Buffer.concat([Buffer.from([number << 3 | 2, value.length]), value]) }
const envelope = (apiVersion: string, kind: string, ...message: readonly Buffer[]) => Buffer.concat([Buffer.from('k8s\0'), field(1, field(1, apiVersion), field(2, kind)), field(2, ...message), field(3, ''), field(4, '')])
const named = (name: string, namespace = '') => field(1, field(1, name), field(2, ''), field(3, namespace)), data = field(2, field(1, 'a'), field(2, '1'))

/** Code and message of a refusal, or the object. */
async function ask(method: string, path: string, body: Buffer | string, type = PROTOBUF): Promise<unknown> {
  const [plain = '', query] = path.split('?')
  const answer = await handle({ method, path: plain, query: new URLSearchParams(query), headers: [['content-type', type]], user: { name: 'admin', groups: ['system:masters'], extra: {} }, body: (async function* sent() { yield Buffer.from(body) })() }, signal).catch((error: unknown) => error)
  if (answer instanceof Error) return `${(answer as { code?: number }).code ?? 500} ${answer.message}`
  const chunks: Uint8Array[] = [], { body: answered } = answer as { body: Uint8Array | AsyncIterable<Uint8Array> }
  if (answered instanceof Uint8Array) chunks.push(answered)
  else for await (const chunk of answered) chunks.push(Buffer.from(chunk))
  return JSON.parse(Buffer.concat(chunks).toString())
}

test('an object is created, changed, scaled and deleted', async () => {
  expect(await ask('POST', `${CONFIG_MAPS}?fieldValidation=Strict`, envelope('v1', 'ConfigMap', named('a'), data))).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'a', namespace: 'n' }, data: { a: '1' } })
  expect(await ask('PUT', `${CONFIG_MAPS}/a`, envelope('', '', named('', 'n')))).not.toHaveProperty('data')
  expect(await ask('POST', DEPLOYMENTS, envelope('apps/v1', 'Deployment'))).toMatch(/^422 .*name or generateName is required/)
  expect(await ask('POST', DEPLOYMENTS, envelope('apps/v1', 'Deployment', named('web'), field(2, Buffer.from([8, 3]))))).toMatchObject({ spec: { replicas: 3, strategy: {}, template: { metadata: {} } } })
  expect(await ask('PUT', `${DEPLOYMENTS}/web/scale`, envelope('autoscaling/v1', 'Scale', named('web'), field(2, Buffer.from([8, 0]))))).toMatchObject({ kind: 'Scale', spec: {} })
  expect(await ask('DELETE', `${DEPLOYMENTS}/web`, envelope('apps/v1', 'DeleteOptions', field(2, field(1, 'another'))))).toMatch(/^409 .*UID in the precondition \(another\)/)
  expect(await ask('DELETE', `${DEPLOYMENTS}/web`, envelope('apps/v1', 'DeleteOptions', field(4, 'Background')))).toMatchObject({ status: 'Success' })
})

const ACCEPTED = '415 the body of the request was in an unknown format - accepted media types include: application/json, application/yaml'

test.each<[string, string, Buffer, string]>([
  ['what is no message', CONFIG_MAPS, Buffer.alloc(3), '400 the object provided is unrecognized (must be of type ConfigMap): provided data does not appear to be a protobuf message, expected prefix [107 56 115 0] (000000)'],
  ['nothing', CONFIG_MAPS, Buffer.alloc(0), '400 the object provided is unrecognized (must be of type ConfigMap): empty data (<empty>)'],
  ['an empty envelope', CONFIG_MAPS, Buffer.from('k8s\0'), '400 the object provided is unrecognized (must be of type ConfigMap): empty body (6b387300)'],
  ['an envelope cut short', CONFIG_MAPS, Buffer.from('k8s\0\n'), '400 the object provided is unrecognized (must be of type ConfigMap): unexpected EOF (6b3873000a)'],
  ['a wrong envelope', CONFIG_MAPS, Buffer.from('k8s\0\b\x01'), '400 the object provided is unrecognized (must be of type ConfigMap): proto: wrong wireType = 0 for field TypeMeta (6b3873000801)'],
  ['an object cut short', CONFIG_MAPS, envelope('v1', 'ConfigMap', Buffer.from('\n\x05')), '400 ConfigMap in version "v1" cannot be handled as a ConfigMap: unexpected EOF'],
  ['another kind', CONFIG_MAPS, envelope('v1', 'Secret', named('a')), '400 Secret in version "v1" cannot be handled as a ConfigMap: converting (v1.Secret) to (v1.ConfigMap): unknown conversion'],
  ['another version', CONFIG_MAPS, envelope('v2', 'ConfigMap', named('a')), '400 the API version in the data (v2) does not match the expected API version (v1)'],
  ['another namespace', CONFIG_MAPS, envelope('v1', 'ConfigMap', named('a', 'm')), '400 the namespace of the provided object does not match the namespace sent on the request'],
  ['a custom kind', THINGS, envelope('example.com/v1', 'Thing', named('a')), ACCEPTED],
])('%s is refused in the words of a kube-apiserver', async (_, path, body, refusal) => { expect(await ask('POST', path, body)).toBe(refusal) })

test('where protobuf is accepted, it is named among what is', async () => {
  expect([await ask('POST', CONFIG_MAPS, 'x', 'text/plain'), await ask('POST', THINGS, 'x', 'text/plain'), await ask('PATCH', `${CONFIG_MAPS}/a`, 'x', PROTOBUF)]).toEqual([`${ACCEPTED}, ${PROTOBUF}`, ACCEPTED, expect.stringMatching(/^415 (?!.*protobuf)/)])
})

test('options of a deletion may be damaged, or something else', async () => {
  await ask('POST', THINGS, '{"metadata":{"name":"t"}}', 'application/json')
  const remove = (body: Buffer | string, type?: string) => ask('DELETE', `${THINGS}/t`, body, type)
  expect([await remove(Buffer.alloc(3)), await remove(envelope('v1', 'DeleteOptions', Buffer.from('\n\0'))), await remove(envelope('v1', 'Secret')), await remove('x', 'text/plain')]).toEqual([
    '400 provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]', '400 proto: wrong wireType = 2 for field GracePeriodSeconds',
    '400 no kind "Secret" is registered for version "v1" in scheme "pkg/runtime/scheme.go:111"', `${ACCEPTED}, ${PROTOBUF}`,
  ])
  // Of any kind.
  expect(await remove(envelope('example.com/v1', 'DeleteOptions'))).toMatchObject({ status: 'Success' })
})

test('what is audited is the object', () => {
  const seen = (bytes: Buffer) => { const copy = new Copy(); copy.add(bytes); return recordable([['content-type', PROTOBUF]], copy, false) }
  expect([seen(envelope('v1', 'ConfigMap', named('a'), data)), seen(envelope('example.com/v1', 'Thing')), seen(Buffer.from('k8s\0\n'))]).toEqual([{ kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'a' }, data: { a: '1' } }, 'omitted', 'omitted'])
})
