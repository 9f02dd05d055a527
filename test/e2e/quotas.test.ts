/** A FederatedResourceQuota as kubectl's users meet it. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { apply, condition, createHostNamespace, deploymentPolicy, placedIn, removeNamespace, weighted } from './distribution-bed.ts'
import { deployment, describeFleet, eventually, kubectl, MEMBERS, tryKubectl } from './fleet-bed.ts'

const NAMESPACE = 'e2e-quotas'
const asking = (name: string, replicas: number) => {
  const made = deployment(name, replicas) as { spec: { template: { spec: { containers: object[] } } } }, { spec: { template } } = made
  return { ...made, spec: { ...made.spec, template: { ...template, spec: { ...template.spec, containers: template.spec.containers.map((container) => ({ ...container, resources: { requests: { cpu: '100m' } } })) } } } }
}
const quota = (spec: object) => ({ apiVersion: 'policy.federation/v1alpha1', kind: 'FederatedResourceQuota', metadata: { name: 'team' }, spec })
const inMember = async (member: string) => (await tryKubectl(member, ['-n', NAMESPACE, 'get', 'resourcequota', 'team', '-o', 'jsonpath={.spec.hard}'])).stdout

describeFleet('quotas', () => {
  beforeAll(async () => { await createHostNamespace(NAMESPACE) }, 60_000)
  afterAll(async () => { await removeNamespace(NAMESPACE) }, 90_000)

  test('what is beyond one is refused in the words of a kube-apiserver, and clusters get what is assigned to them', { timeout: 180_000 }, async () => {
    await apply('host', NAMESPACE, [quota({ overall: { 'requests.cpu': '500m', configmaps: '20' }, staticAssignments: [{ clusterName: 'member1', hard: { configmaps: '5' } }, { clusterName: 'member2', hard: { configmaps: '15' } }] })])
    await eventually(async () => { expect(await Promise.all(MEMBERS.map(inMember))).toEqual(['{"configmaps":"5"}', '{"configmaps":"15"}', '']) }, 60_000)
    await apply('fleet', NAMESPACE, [deploymentPolicy('web', weighted({ member1: 1, member2: 1 })), deploymentPolicy('other', placedIn('member1')), asking('web', 4)])
    await kubectl('fleet', `-n ${NAMESPACE} rollout status deploy/web --timeout=60s`)
    const refused = await tryKubectl('fleet', `-n ${NAMESPACE} apply -f -`, { input: asking('other', 2) })
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('Error from server (Forbidden): error when creating "STDIN": deployments.apps "other" is forbidden: exceeded quota: team, requested: requests.cpu=200m, used: requests.cpu=400m, limited: requests.cpu=500m')])
    expect((await tryKubectl('fleet', `-n ${NAMESPACE} scale deploy/web --replicas=6`)).stderr).toContain('exceeded quota: team, requested: requests.cpu=200m, used: requests.cpu=400m, limited: requests.cpu=500m')
    await kubectl('fleet', `-n ${NAMESPACE} scale deploy/web --replicas=5`)
    await eventually(async () => { expect(JSON.parse(await kubectl('host', ['-n', NAMESPACE, 'get', 'frq', 'team', '-o', 'jsonpath={.status.overallUsed}']))).toMatchObject({ 'requests.cpu': '500m' }) })
    expect(await condition(NAMESPACE, 'fdeploy', 'web', 'Scheduled')).toContain('True Success')
    await kubectl('host', `-n ${NAMESPACE} delete frq team`)
    await eventually(async () => { expect(await Promise.all(MEMBERS.map(inMember))).toEqual(['', '', '']) }, 60_000)
    await apply('fleet', NAMESPACE, [asking('other', 2)])
  })
})
