/** Pods as name@member, written and connected to where they are, and requests passed through. */
import { beforeAll, describe, expect, test } from 'vitest'
import type { KubeObject } from '../../src/machinery/meta/core.ts'
import { applyTo, CLUSTERS, createNamespace, deployment, describeFleet, eventually, FLEET, KUBECTLS, kubectl, raw, rows, testbed, tryKubectl } from './fleet-bed.ts'

const NAMESPACE = 'e2e-pods'

describeFleet('pods of a fleet', () => {
  let pods: string[] = []
  const podOf = (member: string) => pods.find((name) => name.endsWith(`@${member}`))!
  beforeAll(async () => {
    await createNamespace(NAMESPACE)
    for (const member of ['member1', 'member2']) await applyTo(member, NAMESPACE, [deployment('web', 1)])
    await eventually(async () => {
      const [, ...listed] = rows(await kubectl('fleet', `-n ${NAMESPACE} get pods`))
      expect(listed.map((cells) => cells.slice(1, 4))).toEqual([['1/1', 'Running', '0'], ['1/1', 'Running', '0']])
      pods = listed.map(([name]) => name!)
    }, 30_000)
  }, 60_000)

  describe.each(KUBECTLS)('(%s)', (version) => {
    test('are name@member, with their cluster', async () => {
      const [header, ...listed] = rows(await kubectl('fleet', `-n ${NAMESPACE} get pods -o wide`, { version }))
      expect(header).toEqual(['NAME', 'READY', 'STATUS', 'RESTARTS', 'AGE', 'IP', 'NODE', 'NOMINATED NODE', 'READINESS GATES', 'CLUSTER'])
      expect(listed.map((cells) => `${cells[0]} ${cells.at(-1)}`).sort()).toEqual(['member1', 'member2'].map((member) => `${podOf(member)} ${member}`).sort())
    })
    test.each(['member1', 'member2'])('logs, exec and get reach %s', async (member) => {
      const pod = podOf(member)
      expect(await kubectl('fleet', `-n ${NAMESPACE} logs ${pod}`, { version })).toBe(`hello from ${member}\n`)
      expect(await kubectl('fleet', `-n ${NAMESPACE} exec ${pod} -- printenv CLUSTER`, { version })).toBe(`${member}\n`)
      const object = JSON.parse(await kubectl('fleet', `-n ${NAMESPACE} get pod ${pod} -o json`, { version })) as { metadata: { name: string; labels: Record<string, string> }; spec: { nodeName: string } }
      expect([object.metadata.name, object.metadata.labels['cluster.federation/name'], object.spec.nodeName]).toEqual([pod, member, expect.stringMatching(`^${member}-node-\\d+@${member}$`)])
      expect(await kubectl('fleet', `get node ${object.spec.nodeName} -o name`, { version })).toBe(`node/${object.spec.nodeName}\n`)
    })
    test("a command's failure is told as the member tells it", async () => {
      const failing = (context: string, pod: string) => tryKubectl(context, ['-n', NAMESPACE, 'exec', pod, '--', 'sh', '-c', 'echo out; echo err >&2; exit 7'], { version })
      const fleet = await failing('fleet', podOf('member1')), member = await failing('member1', podOf('member1').replace('@member1', ''))
      expect(fleet).toEqual(member)
      expect(fleet).toMatchObject({ code: expect.toSatisfy((code: number) => code !== 0), stdout: 'out\n', stderr: expect.stringContaining('exit status 7') })
    })
    test('the label restricts to clusters', async () => {
      expect(await kubectl('fleet', `-n ${NAMESPACE} get pods -l cluster.federation/name=member2 -o name`, { version })).toBe(`pod/${podOf('member2')}\n`)
    })
    test('nodes too, and a selector that names one', async () => {
      const nodes = (await kubectl('fleet', 'get nodes -o name', { version })).trim().split('\n')
      expect(nodes).toEqual(['member1', 'member2', 'member3'].flatMap((member) => [1, 2].map((n) => `node/${member}-node-${n}@${member}`)))
      const node = await kubectl('fleet', `-n ${NAMESPACE} get pod ${podOf('member1')} -o jsonpath={.spec.nodeName}`, { version })
      const found = await kubectl('fleet', `-n ${NAMESPACE} get pods --field-selector spec.nodeName=${node} -o name`, { version })
      expect(found).toBe(`pod/${podOf('member1')}\n`)
    })
  })

  test('a pod of no such member is not found', async () => {
    expect((await tryKubectl('fleet', `-n ${NAMESPACE} logs web@nowhere`)).stderr).toContain('pods "web@nowhere" not found')
    expect((await tryKubectl('fleet', `-n ${NAMESPACE} get pod ${podOf('member1').replace('@member1', '@member2')}`)).stderr).toContain('not found')
  })

  describe('clusters/{name}/proxy', () => {
    test.each(KUBECTLS)('is the member itself, writes included (%s)', async (version) => {
      const server = `--server=https://127.0.0.1:${(await testbed()).ports.host}${CLUSTERS}/member1/proxy`, name = `through-${version}`
      const words = (text: string) => kubectl('host', `${server} -n ${NAMESPACE} ${text}`, { version })
      expect(await words(`create configmap ${name} --from-literal=a=1`)).toBe(`configmap/${name} created\n`)
      expect(await kubectl('member1', `-n ${NAMESPACE} get configmap ${name} -o jsonpath={.data.a}`)).toBe('1')
      expect(await words(`patch configmap ${name} --type=merge -p {"data":{"a":"2"}}`)).toBe(`configmap/${name} patched\n`)
      expect(await words(`get pods -o name`)).toBe(`pod/${podOf('member1').replace('@member1', '')}\n`)
      expect(await words(`exec ${podOf('member1').replace('@member1', '')} -- printenv CLUSTER`)).toBe('member1\n')
      expect(await words(`delete configmap ${name}`)).toContain('deleted')
      expect((await tryKubectl('member1', `-n ${NAMESPACE} get configmap ${name}`)).code).toBe(1)
    })
    test('of alice needs the right to pass, then is what the member lets her do', async () => {
      const alice = await raw('alice'), path = `${CLUSTERS}/member1/proxy/api/v1/namespaces/${NAMESPACE}/pods`
      expect((await alice.get(path)).body.message).toBe('clusters.cluster.federation "member1" is forbidden: User "alice" cannot get resource "clusters/proxy" in API group "cluster.federation" at the cluster scope')
      await kubectl('host', 'create clusterrole e2e-pass --verb=get,create --resource=clusters.cluster.federation/proxy')
      try {
        await kubectl('host', 'create clusterrolebinding e2e-pass --clusterrole=e2e-pass --user=alice')
        const answer = await eventually(async () => {
          const seen = await alice.get(path)
          expect(seen.body.message).toContain('pods is forbidden')
          return seen
        })
        expect([answer.status, answer.body.message]).toEqual([403, `pods is forbidden: User "alice" cannot list resource "pods" in API group "" in the namespace "${NAMESPACE}"`])
        await kubectl('member1', `-n ${NAMESPACE} create rolebinding e2e-alice --clusterrole=view --group=dev`)
        await eventually(async () => { expect((await alice.get(path)).status).toBe(200) })
      } finally {
        await kubectl('host', 'delete --ignore-not-found clusterrole/e2e-pass clusterrolebinding/e2e-pass')
        await kubectl('member1', `-n ${NAMESPACE} delete --ignore-not-found rolebinding/e2e-alice`)
      }
    })
  })

  // Last: pods are replaced.
  describe.each(KUBECTLS)('written to (%s)', (version) => {
    const fleet = (words: string | readonly string[], input?: object) => kubectl('fleet', ['-n', NAMESPACE, ...(typeof words === 'string' ? words.split(' ') : words)], { version, ...(input && { input }) })
    const refused = async (words: string, context = 'fleet') => (await tryKubectl(context, `-n ${NAMESPACE} ${words}`, { version })).stderr
    const single = (name: string, labels: object) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name, labels }, spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'web', image: 'registry.example/web:1' }] } })
    const one = `one-${version}@member1`, own = `one-${version}`
    const ofMember = (path: string) => kubectl('member1', `-n ${NAMESPACE} get pod ${own} -o jsonpath={${path}}`)

    test('a pod is applied, changed in every way and deleted', async () => {
      expect(await refused(`run one --image=registry.example/web:1`)).toContain('pods "one" lives in one cluster, which has to be named: as one@CLUSTER, or by the label cluster.federation/name')
      expect(await fleet('apply -f -', single(one, { app: 'single' }))).toBe(`pod/${one} created\n`)
      expect(await fleet('apply -f -', single(one, { app: 'single', step: '1' }))).toBe(`pod/${one} configured\n`)
      expect(await fleet('apply --server-side --force-conflicts -f -', single(one, { app: 'single', step: '2', 'cluster.federation/name': 'member1' }))).toBe(`pod/${one} serverside-applied\n`)
      await fleet(`label pod ${one} step=3 --overwrite`)
      await fleet(`annotate pod ${one} by=hand`)
      for (const [type, patch] of [['strategic', { metadata: { labels: { a: '1' } } }], ['merge', { metadata: { labels: { b: '2' } } }], ['json', [{ op: 'add', path: '/metadata/labels/c', value: '3' }]]] as const) expect(await fleet(['patch', 'pod', one, `--type=${type}`, '-p', JSON.stringify(patch)])).toBe(`pod/${one} patched\n`)
      expect(JSON.parse(await ofMember('.metadata.labels'))).toMatchObject({ app: 'single', step: '3', a: '1', b: '2', c: '3' })
      expect(await ofMember('.metadata.labels')).not.toContain('cluster.federation/name')
      expect(await ofMember('.metadata.annotations.by')).toBe('hand')
      await fleet(`debug ${one} --image=registry.example/tools:1 -c tools --profile=general --attach=false`)
      expect(await ofMember('.spec.ephemeralContainers[0].name')).toBe('tools')
      expect(await fleet(`delete pod ${one}`)).toContain(`pod "${one}" deleted`)
      expect((await tryKubectl('member1', `-n ${NAMESPACE} get pod ${own}`)).stderr).toContain('NotFound')
    })

    test('what was read is put back, unless it has changed since', async () => {
      const [pod] = (await fleet('get pods -l app=web,cluster.federation/name=member1 -o name')).trim().split('\n'), read = JSON.parse(await fleet(`get ${pod} -o json`)) as KubeObject
      await fleet('replace -f -', read)
      await fleet(`label ${pod} seen=${version} --overwrite`)
      expect((await tryKubectl('fleet', `-n ${NAMESPACE} replace -f -`, { version, input: read })).stderr).toMatch(/Conflict.*pods "web-.*@member1": the object has been modified/)
      await fleet(`label ${pod} seen- --resource-version=${(JSON.parse(await fleet(`get ${pod} -o json`)) as KubeObject).metadata.resourceVersion}`)
      expect(await fleet(`get ${pod} -o jsonpath={.metadata.labels.seen}`)).toBe('')
    })

    test('pods are deleted by label, one by one and as a collection', async () => {
      await fleet('apply -f -', { apiVersion: 'v1', kind: 'List', items: ['member1', 'member2'].map((member) => single(`many-${version}`, { app: 'many', 'cluster.federation/name': member })) })
      expect((await fleet('delete pod -l app=many')).match(/pod "many-\w+@member[12]" deleted/g)).toHaveLength(2)
      expect(await fleet('get pods -l app=many -o name')).toBe('')
      await fleet('apply -f -', { apiVersion: 'v1', kind: 'List', items: ['member1', 'member2'].map((member) => single(`all-${version}`, { app: 'all', 'cluster.federation/name': member })) })
      await fleet(`delete --raw ${FLEET}/api/v1/namespaces/${NAMESPACE}/pods?labelSelector=app%3Dall&gracePeriodSeconds=0`)
      await eventually(async () => { expect(await fleet('get pods -l app=all -o name')).toBe('') })
      expect(await fleet('get pods -o name')).not.toBe('')
    })

    test('a node is tainted, cordoned and drained', async () => {
      const node = 'member2-node-1@member2', ofNode = (path: string) => kubectl('member2', `get node member2-node-1 -o jsonpath={${path}}`)
      try {
        await fleet(`taint node ${node} e2e=yes:PreferNoSchedule`)
        expect(await ofNode('.spec.taints[*].key')).toBe('e2e')
        await fleet(`taint node ${node} e2e-`)
        expect(await fleet(`cordon ${node}`)).toBe(`node/${node} cordoned\n`)
        expect(await ofNode('.spec.unschedulable')).toBe('true')
        expect(await fleet(`drain ${node} --force --ignore-daemonsets --delete-emptydir-data --timeout=30s`)).toContain(`node/${node} drained`)
        expect(await fleet(`get pods -A --field-selector spec.nodeName=${node} -o name`)).toBe('')
      } finally {
        await fleet(`uncordon ${node}`)
      }
    })

    test('by cluster every kind is one of one member', async () => {
      const words = (text: string, input?: object) => kubectl('fleet-by-cluster', `-n ${NAMESPACE} ${text}`, { version, ...(input && { input }) })
      const map = (value: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `map-${version}@member2` }, data: { value } }), value = () => kubectl('member2', `-n ${NAMESPACE} get configmap map-${version} -o jsonpath={.data.value}`)
      expect(await words('apply -f -', map('1'))).toBe(`configmap/map-${version}@member2 created\n`)
      expect(await words('apply -f -', map('2'))).toBe(`configmap/map-${version}@member2 configured\n`)
      expect(await value()).toBe('2')
      expect(await words(`delete configmap map-${version}@member2`)).toContain('deleted')
      expect(await words('scale deploy web@member2 --replicas=2')).toBe('deployment.apps/web@member2 scaled\n')
      expect(await kubectl('member2', `-n ${NAMESPACE} get deploy web -o jsonpath={.spec.replicas}`)).toBe('2')
      expect(await kubectl('member1', `-n ${NAMESPACE} get deploy web -o jsonpath={.spec.replicas}`)).toBe('1')
      await words('scale deploy web@member2 --replicas=1')
    })
  })
})
