import { expect, test } from 'vitest'
import { rulesOfUser } from '../host/rules-of-user.ts'
import { bytesOf } from '../machinery/client/failure.ts'
import { once } from '../machinery/client/json-client.ts'
import type { Headers, Request, User } from '../machinery/meta/core.ts'
import { selfRulesReview } from './self-rules.ts'

const { signal } = new AbortController(), zoe: User = { name: 'zoë', groups: ['dev', 'system:authenticated'], uid: '7', extra: { 'example.org/a': ['x'] } }, ALWAYS = { verbs: ['create'], apiGroups: ['authorization.k8s.io'], resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'] }
const about = (resources: string[], ...apiGroups: string[]) => ({ verbs: ['get'], apiGroups, resources }), rule = (...apiGroups: string[]) => about(['things'], ...apiGroups)

async function review({ answer, status = 201, isAdministrator = false, namespace = 'shop' }: { answer?: object; status?: number; isAdministrator?: boolean; namespace?: string }) {
  const asked: Headers[] = [], body = Buffer.from(JSON.stringify({ spec: { namespace } })), request: Request = { method: 'POST', path: '', query: new URLSearchParams(), headers: [['content-type', 'application/json']], body: once(body), user: zoe }
  const rulesOf = rulesOfUser(({ headers }) => { asked.push(headers); return Promise.resolve({ status, headers: [], body: Buffer.from(JSON.stringify(answer)) }) })
  const response = await selfRulesReview(request, { authorizer: { authorize: () => Promise.resolve({ allowed: isAdministrator, reason: '' }) }, rulesOf, own: new Map([['policy.federation', new Set(['propagationpolicies'])], ['cluster.federation', new Set(['clusters'])]]) }, signal)
  return { asked, status: (JSON.parse(Buffer.from(await bytesOf(response)).toString()) as { status: object }).status }
}

test('rules of the host about mirrored groups and ours are a fleet\'s, and no others', async () => {
  const answer = { status: { incomplete: false, resourceRules: [rule('apps.federation', 'apps', 'core.federation'), about(['clusters/proxy'], 'cluster.federation'), about(['propagationpolicies/status', 'poddisruptionbudgets'], 'policy.federation'), about(['*'], 'policy.federation'), rule('*'), rule(''), { ...rule('batch'), verbs: ['*'] }] } }, { asked, status } = await review({ answer })
  expect(status).toEqual({ incomplete: false, nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }], resourceRules: [
    ALWAYS, rule('apps'), rule(''), about(['clusters/proxy'], 'cluster.federation'), about(['propagationpolicies/status'], 'policy.federation'), about(['poddisruptionbudgets'], 'policy'), about(['*'], 'policy.federation'), about(['*'], 'policy'), rule('*'),
  ] })
  expect(asked[0]!.filter(([name]) => name.startsWith('impersonate-'))).toEqual([
    ['impersonate-user', Buffer.from('zoë').toString('latin1')], ['impersonate-group', 'dev'], ['impersonate-group', 'system:authenticated'],
  ])
})

test('what is not complete says so', async () => {
  expect((await review({ answer: { status: { incomplete: true, evaluationError: 'webhook', resourceRules: [] } } })).status).toMatchObject({ incomplete: true, evaluationError: 'webhook' })
  const refused = await review({ status: 403, answer: { kind: 'Status', reason: 'Forbidden', message: 'cannot impersonate' } })
  expect(refused.status).toMatchObject({ incomplete: true, resourceRules: [ALWAYS], evaluationError: 'rules are listed by the host, where this server may not impersonate users: ask about one verb and resource instead' })
  await expect(review({ status: 503, answer: { kind: 'Status', reason: 'ServiceUnavailable', message: 'later' } })).rejects.toMatchObject({ code: 503 })
})

test('whoever may do everything needs no list', async () => {
  const { asked, status } = await review({ isAdministrator: true })
  expect(status).toMatchObject({ incomplete: false, resourceRules: [ALWAYS, { verbs: ['*'], apiGroups: ['*'], resources: ['*'] }] })
  expect(asked).toEqual([])
})

test('a review without a namespace is refused, as by a kube-apiserver', async () => {
  await expect(review({ namespace: '' })).rejects.toMatchObject({ code: 400, message: 'no namespace on request' })
})
