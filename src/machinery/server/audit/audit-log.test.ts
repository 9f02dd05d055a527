import { expect, test } from 'vitest'
import { systemClock } from '../../../lib/clock.ts'
import { silentLogger } from '../../../lib/logger.ts'
import { requestInfo } from '../../auth/request-info.ts'
import type { Handler, Headers, Request, User } from '../../meta/core.ts'
import { StatusError } from '../../meta/status-error.ts'
import { serverFilters } from '../chain.ts'
import { compose } from '../filter.ts'
import { AuditLog } from './audit-log.ts'
import { decide, parseAuditPolicy } from './policy.ts'

const policyOf = (rules: readonly object[], more = {}) => parseAuditPolicy(JSON.stringify({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules, ...more }))
const alice: User = { name: 'alice', groups: ['system:authenticated', 'dev'], extra: {} }, SECRETS = '/api/v1/namespaces/n/secrets', signal = new AbortController().signal

test.each([
  [{ level: 'Metadata', users: ['bob'] }, 'GET', SECRETS, 'None'],
  [{ level: 'Metadata', userGroups: ['dev'] }, 'GET', SECRETS, 'Metadata'],
  [{ level: 'Request', verbs: ['list'] }, 'GET', SECRETS, 'Request'],
  [{ level: 'Request', verbs: ['list'] }, 'GET', `${SECRETS}/a`, 'None'],
  [{ level: 'Metadata', resources: [{ group: '', resources: ['secrets'] }] }, 'GET', `${SECRETS}/a`, 'Metadata'],
  [{ level: 'Metadata', resources: [{ group: '', resources: ['secrets'] }] }, 'GET', `${SECRETS}/a/status`, 'None'],
  [{ level: 'Metadata', resources: [{ group: '', resources: ['secrets/*'] }] }, 'GET', `${SECRETS}/a/status`, 'Metadata'],
  [{ level: 'Metadata', resources: [{ group: '', resources: ['*/status'] }] }, 'GET', `${SECRETS}/a/status`, 'Metadata'],
  [{ level: 'Metadata', resources: [{ group: '', resources: ['secrets'], resourceNames: ['b'] }] }, 'GET', `${SECRETS}/a`, 'None'],
  [{ level: 'Metadata', resources: [{ group: 'apps' }] }, 'GET', SECRETS, 'None'],
  [{ level: 'Metadata', namespaces: ['m'] }, 'GET', SECRETS, 'None'],
  [{ level: 'Metadata', nonResourceURLs: ['/healthz*'] }, 'GET', '/healthz/ping', 'Metadata'],
  [{ level: 'Metadata', nonResourceURLs: ['/healthz'] }, 'GET', SECRETS, 'None'],
])('rule %j, %s %s: %s', (rule, method, path, level) => { expect(decide(policyOf([rule]), alice, requestInfo(method, path, new URLSearchParams())).level).toBe(level) })

test.each([
  ['kind: Policy', 'no Policy of audit.k8s.io/v1'], ['{apiVersion: audit.k8s.io/v1, kind: Policy}', 'no rules'], ['{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: All}]}', 'rules[0].level must be one of'],
  ['{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: None, omitStages: [Later]}]}', '"Later" is none of'], ['{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: None, users: alice}]}', 'rules[0].users is no list of texts'],
])('policy %s is refused', (text, message) => { expect(() => parseAuditPolicy(text)).toThrow(message) })

async function* body(text: string): AsyncGenerator<Uint8Array> { yield Buffer.from(text) }
interface Event { stage: string; verb: string; user: { username?: string }; impersonatedUser?: { username: string }; sourceIPs: string[]; objectRef: object; responseStatus: { code: number; reason?: string }; requestObject?: object; responseObject?: object; annotations?: Record<string, string> }

async function recorded(request: Partial<Request>, { rules = [{ level: 'RequestResponse' }], more = {} }: { rules?: object[]; more?: object } = {}, answer?: Handler): Promise<Event[]> {
  const lines: string[] = [], audit = new AuditLog({ policy: policyOf(rules, more), clock: systemClock, write: (line) => { lines.push(line) } })
  const authenticate = ({ headers }: { headers: Headers }) => (headers.some(([name]) => name === 'bad') ? Promise.reject(StatusError.unauthorized()) : Promise.resolve(alice))
  const filters = serverFilters({ clock: systemClock, logger: silentLogger, randomUuid: () => 'id', authenticator: { authenticate }, authorizer: { authorize: ({ path }) => Promise.resolve({ allowed: !path.includes('/forbidden/'), reason: 'because' }) }, frontProxy: () => undefined, isReady: () => true, audit })
  const echo: Handler = async ({ body: sent }) => {
    if (sent) for await (const chunk of sent) void chunk
    return { status: 200, headers: [['content-type', 'application/json']], body: body('{"metadata":{"name":"a","managedFields":[1]}}') }
  }
  const response = await compose(filters, answer ?? echo)({ method: 'GET', path: `${SECRETS}/a`, query: new URLSearchParams(), headers: [], ...request }, signal)
  if (!(response.body instanceof Uint8Array)) for await (const chunk of response.body) void chunk
  return lines.map((line) => JSON.parse(line) as Event)
}

test('a write with both bodies, its decision and where it came from', async () => {
  const events = await recorded({ method: 'PUT', body: body('{"metadata":{"name":"a","uid":"u"}}'), headers: [['x-forwarded-for', '10.0.0.1, nonsense'], ['user-agent', 'test']], peer: { address: '10.9.9.9', certificates: [] } })
  expect(events.map(({ stage }) => stage)).toEqual(['RequestReceived', 'ResponseComplete'])
  expect(events[1]).toMatchObject({
    kind: 'Event', apiVersion: 'audit.k8s.io/v1', level: 'RequestResponse', auditID: 'id', verb: 'update', requestURI: `${SECRETS}/a`, user: { username: 'alice', groups: ['system:authenticated', 'dev'] }, sourceIPs: ['10.0.0.1', '10.9.9.9'], userAgent: 'test',
    objectRef: { resource: 'secrets', namespace: 'n', name: 'a', uid: 'u', apiVersion: 'v1' }, responseStatus: { code: 200 }, requestObject: { metadata: { name: 'a' } }, responseObject: { metadata: { managedFields: [1] } },
    annotations: { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': 'because' },
  })
})
test('Metadata records no body, and managed fields are left out where the policy says so', async () => {
  const plain = await recorded({ method: 'PUT', body: body('{}') }, { rules: [{ level: 'Metadata' }] }), lean = await recorded({}, { more: { omitManagedFields: true, omitStages: ['RequestReceived'] } })
  expect(plain.every((event) => event.requestObject === undefined && event.responseObject === undefined)).toBe(true)
  expect(lean.map(({ responseObject }) => responseObject)).toEqual([{ metadata: { name: 'a' } }])
})
test('refusals: not known, not allowed, failed', async () => {
  const unknown = await recorded({ headers: [['bad', '1']] }), forbidden = await recorded({ path: `${SECRETS}/a/forbidden/x` }), broken = await recorded({}, {}, () => Promise.reject(new Error('bug')))
  expect(unknown.map(({ stage, responseStatus, user }) => [stage, responseStatus.code, user])).toEqual([['ResponseStarted', 401, {}]])
  expect(forbidden[1]).toMatchObject({ stage: 'ResponseComplete', responseStatus: { code: 403, reason: 'Forbidden' }, responseObject: { kind: 'Status' }, annotations: { 'authorization.k8s.io/decision': 'forbid' } })
  expect(broken.map(({ stage }) => stage)).toEqual(['RequestReceived', 'Panic'])
})
test('a watch begins and ends, impersonation names both, nothing large is held', async () => {
  const watch = await recorded({ path: SECRETS, query: new URLSearchParams('watch=1') }), acting = await recorded({ headers: [['impersonate-user', 'bob']] }), large = await recorded({}, {}, () => Promise.resolve({ status: 200, headers: [['content-type', 'application/json']], body: body(`"${'x'.repeat(2 << 20)}"`) }))
  expect(watch.map(({ stage, verb, responseObject }) => [stage, verb, responseObject])).toEqual([['RequestReceived', 'watch', undefined], ['ResponseStarted', 'watch', undefined], ['ResponseComplete', 'watch', undefined]])
  expect(acting[1]).toMatchObject({ user: { username: 'alice' }, impersonatedUser: { username: 'bob' } })
  expect([large[1]!.responseObject, large[1]!.annotations!['audit.federation/response-object']]).toEqual([undefined, expect.stringContaining('omitted')])
})
