/** Our own kinds on the host: registered, listed, explained, written, and refused with the field's path. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CLUSTERS, describeFleet, eventually, KUBECTLS, kubectl, MEMBERS, raw, rows, tryKubectl } from './fleet-bed.ts'
import type { RawAnswer } from './raw-client.ts'

const cluster = (spec: object, name = 'e2e-new') => ({ apiVersion: 'cluster.federation/v1alpha1', kind: 'Cluster', metadata: { name }, spec: { syncMode: 'Push', apiEndpoint: 'https://127.0.0.1:1', taints: [{ key: 'cluster.federation/not-ready', effect: 'NoSchedule' }], ...spec } })
const clusterSet = (name: string, { metadata = {}, ...rest }: { metadata?: object; spec?: object } = {}) => ({ apiVersion: 'cluster.federation/v1alpha1', kind: 'ClusterSet', metadata: { name, ...metadata }, spec: {}, ...rest })
const causes = ({ body }: RawAnswer) => (body.details?.causes ?? []).map(({ field, reason, message }) => `${field} ${reason}: ${message}`)

describeFleet('on the host', () => {
  describe.each(KUBECTLS)('with kubectl (%s)', (version) => {
    test('our APIServices are Available', async () => {
      const { items } = JSON.parse(await kubectl('host', 'get apiservices -o json', { version })) as { items: { metadata: { name: string }; spec: { service?: { name: string } }; status: { conditions: { type: string; status: string }[] } }[] }
      const ours = items.filter(({ spec }) => spec.service?.name === 'federation-apiserver')
      expect(ours.map(({ metadata, status }) => [metadata.name, status.conditions.find(({ type }) => type === 'Available')?.status])).toEqual([
        ['v1.apps.federation', 'True'], ['v1.batch.federation', 'True'], ['v1alpha1.cluster.federation', 'True'], ['v1alpha1.policy.federation', 'True'], ['v1alpha1.types.federation', 'True'],
      ])
    })
    test('clusters are Ready and tell their version', async () => {
      const [header, ...members] = rows(await kubectl('host', 'get clusters', { version }))
      expect(header).toEqual(['NAME', 'VERSION', 'MODE', 'READY', 'AGE'])
      expect(members.map((cells) => cells.slice(0, 4))).toEqual(MEMBERS.map((name) => [name, expect.stringMatching(/^v1\.\d+\.\d+$/), 'Push', 'True']))
    })
    test('the default set has them all', async () => {
      expect(rows(await kubectl('host', 'get clset', { version }))).toEqual([['NAME', 'CLUSTERS', 'READY', 'AGE'], ['default', '3', 'True', expect.any(String)]])
    })
    test('explain knows the fields', async () => {
      const spec = await kubectl('host', 'explain cluster.spec', { version }), one = await kubectl('host', 'explain clusters.spec.secretRef.name', { version })
      expect(spec).toMatch(/apiEndpoint\s+<string>/)
      expect(spec).toMatch(/disabledTLSValidations\s+<\[\]string>/)
      expect(one).toContain('Name of the Secret')
    })
    test('apply takes off a list what the file no longer has, and leaves what somebody else put there', async () => {
      const name = `e2e-applied-${version}`, apply = async (...clusterNames: string[]) => kubectl('host', 'apply -f -', { version, input: clusterSet(name, { spec: { clusterAffinity: { clusterNames } } }) }), merged = async (patch: object) => kubectl('host', ['patch', 'clusterset', name, '-p', JSON.stringify(patch)], { version })
      try {
        await apply('one', 'two')
        await merged({ spec: { clusterAffinity: { clusterNames: ['somebody'] } } })
        await apply('three', 'two')
        expect(await kubectl('host', `get clusterset ${name} -o jsonpath={.spec.clusterAffinity.clusterNames}`, { version })).toBe('["three","somebody","two"]')
        await merged({ spec: { clusterAffinity: { '$deleteFromPrimitiveList/clusterNames': ['somebody'] } } })
        expect(await kubectl('host', `get clusterset ${name} -o jsonpath={.spec.clusterAffinity.clusterNames}`, { version })).toBe('["three","two"]')
      } finally { await tryKubectl('host', `delete clusterset ${name}`, { version }) }
    })
    test('a bad Cluster is refused with the path of each field', async () => {
      const { code, stderr } = await tryKubectl('host', 'create --validate=false -f -', { version, input: cluster({ apiEndpoint: 'http://10.0.0.1', zones: ['a b'], secretRef: { namespace: 'default', name: 'x' } }) })
      expect(code).toBe(1)
      expect(stderr).toContain('The Cluster "e2e-new" is invalid: \n* spec.apiEndpoint: Invalid value: "http://10.0.0.1": must begin with https://')
      expect(stderr).toContain('* spec.zones[0]: Invalid value: "a b": ')
      expect(stderr).toContain(`* spec.secretRef.namespace: Invalid value: "default": Secrets are read only in the server's own namespace, federation-system`)
    })
  })

  test('the garbage collector takes an owner that is gone out of its dependents', async () => {
    await kubectl('host', 'create -f -', { input: clusterSet('e2e-owner') })
    const uid = await kubectl('host', 'get clusterset e2e-owner -o jsonpath={.metadata.uid}'), owners = async () => kubectl('host', 'get clusterset e2e-dependent -o jsonpath={.metadata.ownerReferences}')
    await kubectl('host', 'create -f -', { input: clusterSet('e2e-dependent', { metadata: { ownerReferences: [{ apiVersion: 'cluster.federation/v1alpha1', kind: 'ClusterSet', name: 'e2e-owner', uid }] } }) })
    try {
      expect(await owners()).toContain(uid)
      // The collector has to have seen the kind: it looks for new ones every half minute.
      await kubectl('host', 'delete clusterset e2e-owner --cascade=orphan --timeout=100s', { timeoutMs: 110_000 })
      await eventually(async () => { expect(await owners()).toBe('') })
    } finally { await tryKubectl('host', 'delete clusterset e2e-dependent e2e-owner --ignore-not-found') }
  }, 120_000)

  test('a member reports its nodes, what they hold, and what it serves', async () => {
    const { body } = await (await raw()).get(`${CLUSTERS}/member1`)
    expect(body.status).toMatchObject({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/), nodeSummary: { totalNum: 2, readyNum: 2 },
      resourceSummary: { allocatable: { cpu: expect.any(String), memory: expect.any(String), pods: expect.any(String) } },
      conditions: expect.arrayContaining([expect.objectContaining({ type: 'Ready', status: 'True' }), expect.objectContaining({ type: 'CompleteAPIEnablements', status: 'True' })]),
      apiEnablements: expect.arrayContaining([expect.objectContaining({ groupVersion: 'apps/v1', resources: expect.arrayContaining([expect.objectContaining({ name: 'deployments', kind: 'Deployment' })]) })]),
    })
  })

  describe('validation answers 422 with', () => {
    const LABEL = /spec\.zones\[1\] FieldValueInvalid: .*a valid label must be/
    test.each<[string, object, (string | RegExp)[]]>([
      ['Pull', { syncMode: 'Pull' }, [/^spec\.syncMode FieldValueForbidden: .*Pull/]],
      ['an unknown mode', { syncMode: 'Sideways' }, [/^spec\.syncMode FieldValueNotSupported: .*supported values: "Push", "Pull"/]],
      ['no endpoint', { apiEndpoint: '' }, [/^spec\.apiEndpoint FieldValueRequired: /]],
      ['a query in the endpoint', { apiEndpoint: 'https://10.0.0.1?x=1' }, [/^spec\.apiEndpoint FieldValueInvalid: /]],
      ['a user in the endpoint', { apiEndpoint: 'https://me:secret@10.0.0.1' }, [/^spec\.apiEndpoint FieldValueInvalid: /]],
      ['bad zones', { zones: ['good', 'bad zone'] }, [LABEL]],
      ['a taint without key and with an unknown effect', { taints: [{ key: 'a', effect: 'Nope' }] }, [/^spec\.taints\[0\]\.effect FieldValueNotSupported: /]],
      ['a bundle that is none', { caBundle: 'AAAA' }, [/^spec\.caBundle FieldValueInvalid: .*PEM/]],
      ['a proxy of another scheme', { proxyURL: 'ftp://proxy' }, [/^spec\.proxyURL FieldValueInvalid: /]],
      ['a number where text belongs', { provider: 7 }, [/^spec\.provider FieldValueTypeInvalid: /]],
    ])('%s', async (_, spec, expected) => {
      const answer = await (await raw()).call('POST', CLUSTERS, { body: cluster(spec) })
      expect([answer.status, answer.body.reason]).toEqual([422, 'Invalid'])
      expect(causes(answer)).toEqual(expected.map((text) => expect.stringMatching(text)))
    })
    test('a name that is too long', async () => {
      const answer = await (await raw()).call('POST', CLUSTERS, { body: cluster({}, 'x'.repeat(49)) })
      expect([answer.status, causes(answer)]).toEqual([422, [expect.stringMatching(/^metadata\.name FieldValueInvalid: .*no more than 48 characters/)]])
    })
  })

  test('created, labelled, patched, read and deleted', async () => {
    try {
      expect(await kubectl('host', 'create -f -', { input: cluster({ provider: 'one' }) })).toBe('cluster.cluster.federation/e2e-new created\n')
      await kubectl('host', 'label cluster e2e-new env=test')
      expect(await kubectl('host', 'get clusters -l env=test -o name')).toBe('cluster.cluster.federation/e2e-new\n')
      await kubectl('host', ['patch', 'cluster', 'e2e-new', '--type=merge', '-p', '{"spec":{"provider":"two"}}'])
      await kubectl('host', ['patch', 'cluster', 'e2e-new', '--type=json', '-p', '[{"op":"add","path":"/spec/zones","value":["a"]}]'])
      expect(await kubectl('host', 'get cluster e2e-new -o jsonpath={.spec.provider},{.spec.zones[0]},{.metadata.generation}')).toBe('two,a,3')
      const { stderr } = await tryKubectl('host', ['patch', 'cluster', 'e2e-new', '--type=merge', '-p', '{"spec":{"apiEndpoint":"nowhere"}}'])
      expect(stderr).toMatch(/^The Cluster "e2e-new" is invalid: spec\.apiEndpoint: Invalid value: "nowhere": /)
      const { stderr: again } = await tryKubectl('host', 'create -f -', { input: cluster({}) })
      expect(again).toContain('clusters.cluster.federation "e2e-new" already exists')
    } finally { await kubectl('host', 'delete cluster e2e-new') }
    expect((await tryKubectl('host', 'get cluster e2e-new')).stderr).toBe('Error from server (NotFound): clusters.cluster.federation "e2e-new" not found\n')
  })

  describe('the verb join', () => {
    const role = (verbs: string[]) => ({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'e2e-joiner' }, rules: [{ apiGroups: ['cluster.federation'], resources: ['clusters'], verbs }] })
    const binding = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name: 'e2e-joiner' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'e2e-joiner' }, subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'alice' }] }
    beforeAll(async () => { await kubectl('host', 'apply -f -', { input: { apiVersion: 'v1', kind: 'List', items: [role(['create', 'get', 'update', 'patch', 'delete']), binding] } }) })
    afterAll(async () => { await kubectl('host', 'delete --ignore-not-found clusterrole/e2e-joiner clusterrolebinding/e2e-joiner cluster.cluster.federation/e2e-new') })

    test('is needed where requests and credentials go, and only there', async () => {
      const alice = await raw('alice')
      const refused = await eventually(async () => {
        const answer = await alice.call('POST', CLUSTERS, { body: cluster({}) })
        expect(answer.body.message).toContain('cannot join')
        return answer
      })
      expect([refused.status, refused.body.reason]).toEqual([403, 'Forbidden'])
      await kubectl('host', 'create -f -', { input: cluster({}) })
      const patch = (spec: object) => alice.call('PATCH', `${CLUSTERS}/e2e-new`, { headers: { 'content-type': 'application/merge-patch+json' }, body: { spec } })
      expect((await patch({ region: 'r' })).status).toBe(200)
      expect((await patch({ apiEndpoint: 'https://127.0.0.1:2' })).status).toBe(403)
      expect((await patch({ insecureSkipTLSVerification: true })).status).toBe(403)
      await kubectl('host', 'apply -f -', { input: role(['create', 'get', 'update', 'patch', 'delete', 'join']) })
      await eventually(async () => { expect((await patch({ apiEndpoint: 'https://127.0.0.1:2' })).status).toBe(200) })
    })
  })
})
