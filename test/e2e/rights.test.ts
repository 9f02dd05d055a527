/** The host's RBAC decides what is seen of the fleet, in the vocabulary of the mirrored groups. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { applyTo, createNamespace, deployment, describeFleet, eventually, FLEET, KUBECTLS, kubectl, raw, rows, tryKubectl } from './fleet-bed.ts'

const NAMESPACE = 'e2e-rights', ELSEWHERE = 'e2e-elsewhere'
const forbidden = (resource: string, group: string, scope: string) => `Error from server (Forbidden): ${resource}${group && `.${group}`} is forbidden: User "alice" cannot list resource "${resource}" in API group "${group}" ${scope}\n`

describeFleet('alice', () => {
  let pod = ''
  beforeAll(async () => {
    for (const name of [NAMESPACE, ELSEWHERE]) {
      await createNamespace(name, ['host', 'member1'])
      await applyTo('member1', name, [deployment('web', 1)])
    }
    await eventually(async () => {
      pod = (await kubectl('fleet', `-n ${NAMESPACE} get pods -o jsonpath={.items[0].metadata.name}`)).trim()
      expect(await kubectl('fleet', `-n ${NAMESPACE} get pod ${pod} -o jsonpath={.status.phase}`)).toBe('Running')
    })
  }, 60_000)
  afterAll(async () => {
    await kubectl('host', `delete ns ${NAMESPACE} ${ELSEWHERE} --wait=false`)
    await kubectl('member1', `-n ${NAMESPACE} delete rolebinding --all`)
  })

  describe.each(KUBECTLS)('without rights (%s)', (version) => {
    test.each([
      [`-n ${NAMESPACE}`, `in the namespace "${NAMESPACE}"`],
      ['-A', 'at the cluster scope'],
    ])('sees 403 in Kubernetes\' words, the same on both ways (%s)', async (where, scope) => {
      const fleet = await tryKubectl('fleet-alice', `get deploy ${where}`, { version }), mirrored = await tryKubectl('host-alice', `get deployments.apps.federation ${where}`, { version })
      expect(fleet).toEqual({ code: 1, stdout: '', stderr: forbidden('deployments', 'apps.federation', scope) })
      expect(mirrored).toEqual(fleet)
    })
  })

  describe('with the view role in one namespace', () => {
    beforeAll(async () => {
      await kubectl('host', `-n ${NAMESPACE} create rolebinding e2e-view --clusterrole=view --user=alice`)
      await eventually(async () => { expect((await tryKubectl('fleet-alice', `-n ${NAMESPACE} get deploy`)).code).toBe(0) })
    }, 60_000)

    describe.each(KUBECTLS)('(%s)', (version) => {
      const ask = (context: string, words: string) => tryKubectl(context, words, { version })
      test('lists Deployments there, both ways', async () => {
        const fleet = await ask('fleet-alice', `-n ${NAMESPACE} get deploy --no-headers`), mirrored = await ask('host-alice', `-n ${NAMESPACE} get deployments.apps.federation --no-headers`)
        for (const { code, stdout } of [fleet, mirrored]) expect([code, rows(stdout).map(([name, ready]) => [name, ready])]).toEqual([0, [['web', '1/1']]])
      })
      test('but no Secrets', async () => {
        expect((await ask('fleet-alice', `-n ${NAMESPACE} get secrets`)).stderr).toBe(forbidden('secrets', 'core.federation', `in the namespace "${NAMESPACE}"`))
      })
      test.each([[`-n ${ELSEWHERE}`, `in the namespace "${ELSEWHERE}"`], ['-A', 'at the cluster scope']])('and nothing with %s, both ways', async (where, scope) => {
        expect((await ask('fleet-alice', `get deploy ${where}`)).stderr).toBe(forbidden('deployments', 'apps.federation', scope))
        expect((await ask('host-alice', `get deployments.apps.federation ${where}`)).stderr).toBe(forbidden('deployments', 'apps.federation', scope))
      })
      test('and what stands for them on the host, but no FederatedSecrets, and nothing is written', async () => {
        expect(await ask('host-alice', `-n ${NAMESPACE} get federateddeployments -o name`)).toEqual({ code: 0, stdout: '', stderr: '' })
        expect((await ask('host-alice', `-n ${NAMESPACE} get federatedsecrets`)).stderr).toBe(forbidden('federatedsecrets', 'types.federation', `in the namespace "${NAMESPACE}"`))
        for (const [context, resource, group] of [['host-alice', 'federateddeployments', 'types.federation'], ['fleet-alice', 'deployments', 'apps']]) {
          expect((await ask(context!, `-n ${NAMESPACE} auth can-i create ${resource}.${group}`)).stdout).toBe('no\n')
        }
      })
      test('can-i answers for the fleet', async () => {
        expect((await ask('fleet-alice', `-n ${NAMESPACE} auth can-i list deployments`)).stdout).toBe('yes\n')
        expect((await ask('fleet-alice', `-n ${NAMESPACE} auth can-i list secrets`)).stdout).toBe('no\n')
        expect((await ask('fleet-alice', `-n ${ELSEWHERE} auth can-i list deployments`)).stdout).toBe('no\n')
      })
    })

    test('the right to read logs is not enough where the member knows nothing of her', async () => {
      expect((await tryKubectl('fleet-alice', `-n ${NAMESPACE} logs ${pod}`)).stderr).toContain('User "alice" cannot get resource "pods')
      await kubectl('member1', `-n ${NAMESPACE} create rolebinding e2e-alice --clusterrole=edit --user=alice`)
      await eventually(async () => { expect(await kubectl('fleet-alice', `-n ${NAMESPACE} logs ${pod}`)).toBe('hello from member1\n') })
    })
    test('exec needs create on pods/exec in the fleet, whatever the member allows', async () => {
      expect((await tryKubectl('fleet-alice', `-n ${NAMESPACE} exec ${pod} -- printenv CLUSTER`)).stderr).toContain('User "alice" cannot create resource "pods/exec" in API group "core.federation"')
      await kubectl('host', `-n ${NAMESPACE} create rolebinding e2e-edit --clusterrole=edit --user=alice`)
      await eventually(async () => { expect(await kubectl('fleet-alice', `-n ${NAMESPACE} exec ${pod} -- printenv CLUSTER`)).toBe('member1\n') })
    })
  })

  test('deletes a pod where fleet and member let her, and lists her rules once the host tells them', async () => {
    await eventually(async () => { expect((await tryKubectl('fleet-alice', `-n ${NAMESPACE} delete pod ${pod}`)).stdout).toContain(`pod "${pod}" deleted`) })
    expect((await tryKubectl('fleet-alice', `-n ${ELSEWHERE} delete pod ${pod}`)).stderr).toContain('pods.core.federation')
    const list = () => tryKubectl('fleet-alice', `-n ${NAMESPACE} auth can-i --list`)
    expect((await list()).stderr).toContain('the list may be incomplete: rules are listed by the host, where this server may not impersonate users')
    try {
      await kubectl('host', 'create clusterrole e2e-impersonate --verb=impersonate --resource=users,groups')
      await kubectl('host', 'create clusterrolebinding e2e-impersonate --clusterrole=e2e-impersonate --serviceaccount=federation-system:federation-apiserver')
      const { stdout, stderr } = await eventually(async () => {
        const seen = await list()
        expect(seen.stdout).toContain('deployments.apps')
        return seen
      })
      expect([stdout, stderr]).toEqual([expect.stringMatching(/^pods\/exec +\[\] +\[\] +\[create\]$/m), ''])
      expect(stdout).not.toMatch(/(?:core|apps|batch)\.federation/)
    } finally {
      await kubectl('host', 'delete --ignore-not-found clusterrolebinding/e2e-impersonate clusterrole/e2e-impersonate')
    }
  })

  test.each([
    ['a dot segment', `${FLEET}/api/v1/../v1/secrets`], ['an encoded slash', `${FLEET}/api/v1/namespaces%2F${ELSEWHERE}/secrets`], ['an encoded dot segment', `${FLEET}/api/v1/%2e%2e/v1/secrets`], ['an empty segment', `${FLEET}//api/v1/secrets`],
    ['another set', FLEET.replace('/default/', '/other/')], ['a member behind by-cluster', `${FLEET}/by-cluster/api/v1/namespaces/${ELSEWHERE}/secrets`],
  ])('finds no way around by %s', async (_, path) => {
    for (const to of ['host', 'server']) {
      const { status, text } = await (await raw('alice', to)).get(path)
      expect([400, 403, 404], `${to}: ${text.slice(0, 200)}`).toContain(status)
    }
  })
})
