/** Reads of the fleet with kubectl: one row per Deployment, summed over the members. */
import { beforeAll, describe, expect, test } from 'vitest'
import { applyTo, createNamespace, deployment, describeFleet, eventually, FLEET, followKubectl, KUBECTLS, kubectl, MEMBERS, raw, rows, tryKubectl } from './fleet-bed.ts'

const NAMESPACE = 'e2e-fleet'

describeFleet('a fleet read by kubectl', () => {
  beforeAll(async () => {
    await createNamespace(NAMESPACE)
    await applyTo('member1', NAMESPACE, [deployment('web', 3, { tier: 'front' }), deployment('all', 2)])
    await applyTo('member2', NAMESPACE, [deployment('web', 2, { tier: 'front' }), deployment('all', 2)])
    await applyTo('member3', NAMESPACE, [deployment('all', 2), deployment('solo', 1, { tier: 'back' })])
    await eventually(async () => { expect(await kubectl('fleet', `-n ${NAMESPACE} get deploy -o jsonpath={.items[*].status.readyReplicas}`)).toBe('6 1 5') }, 30_000)
  }, 120_000)

  describe.each(KUBECTLS)('(%s)', (version) => {
    const get = (words: string) => kubectl('fleet', `-n ${NAMESPACE} ${words}`, { version })

    test('-A -o wide shows one row each, summed', async () => {
      const { stdout, stderr } = await tryKubectl('fleet', 'get deploy -A -o wide', { version })
      expect(stderr).toBe('')
      expect(rows(stdout).filter(([namespace], i) => i === 0 || namespace === NAMESPACE).map(([, ...cells]) => cells.with(4, '-').join(' '))).toEqual([
        'NAME READY UP-TO-DATE AVAILABLE - CONTAINERS IMAGES SELECTOR CLUSTERS',
        'all 6/6 6 6 - web registry.example/web:1 app=all 3/3',
        'solo 1/1 1 1 - web registry.example/web:1 app=solo 1/1',
        'web 5/5 5 5 - web registry.example/web:1 app=web 2/2',
      ])
    })
    test('-o yaml has summed replicas and status', async () => {
      const yaml = await get('get deploy web -o yaml')
      expect(yaml).toContain('\n  replicas: 5\n')
      for (const field of ['availableReplicas', 'readyReplicas', 'replicas', 'updatedReplicas']) expect(yaml.split('\nstatus:\n')[1]).toContain(`  ${field}: 5\n`)
      expect(yaml).toContain('cluster.federation/clusters: member1,member2\n')
      expect(yaml).not.toContain('managedFields')
    })
    test.each([
      ['-l', 'get deploy -l tier=front -o name', 'deployment.apps/web\n'],
      ['-l with a set', 'get deploy -l tier -o name', 'deployment.apps/solo\ndeployment.apps/web\n'],
      ['--field-selector', 'get deploy --field-selector metadata.name=all -o name', 'deployment.apps/all\n'],
      ['--sort-by', 'get deploy --sort-by={.spec.replicas} -o name', 'deployment.apps/solo\ndeployment.apps/web\ndeployment.apps/all\n'],
      ['--chunk-size', 'get deploy --chunk-size=2 -o name', 'deployment.apps/all\ndeployment.apps/solo\ndeployment.apps/web\n'],
      ['jsonpath', 'get deploy -o jsonpath={.items[*].spec.replicas}', '6 1 5'],
      ['name', 'get deploy/web -o name', 'deployment.apps/web\n'],
      ['the clusters label', 'get deploy -l cluster.federation/name=member3 -o name', 'deployment.apps/all\ndeployment.apps/solo\n'],
    ])('%s', async (_, words, expected) => { expect(await get(words)).toBe(expected) })
    test('custom-columns', async () => {
      expect(rows(await get('get deploy -o custom-columns=NAME:.metadata.name,WANT:.spec.replicas'))).toEqual([['NAME', 'WANT'], ['all', '6'], ['solo', '1'], ['web', '5']])
    })
    test('json', async () => {
      const { kind, items } = JSON.parse(await get('get deploy -o json')) as { kind: string; items: { kind: string; apiVersion: string; metadata: { name: string } }[] }
      expect([kind, items.map((item) => [item.apiVersion, item.kind, item.metadata.name])]).toEqual(['List', ['all', 'solo', 'web'].map((name) => ['apps/v1', 'Deployment', name])])
    })
    test('explain', async () => { expect(await get('explain deploy.spec')).toMatch(/strategy\s+<DeploymentStrategy>/) })
    test('api-resources has the kinds of the members and ours, not the mirrored ones', async () => {
      const resources = rows(await get('api-resources -o name')).map(([name]) => name)
      expect(resources).toEqual(expect.arrayContaining(['deployments.apps', 'pods', 'ingresses.networking.k8s.io', 'clusters.cluster.federation']))
      expect(resources).not.toContain('deployments.apps.federation')
    })
    test('describe joins the owner tree', async () => {
      const text = await get('describe deploy web')
      expect(text).toMatch(/^Replicas: +5 desired \| 5 updated \| 5 total \| 5 available \| 0 unavailable$/m)
      expect(text).toMatch(/^NewReplicaSet: +web-\w+ \(5\/5 replicas created\)$/m)
    })
    test('rollout status and wait', async () => {
      expect(await get('rollout status deploy/web --timeout=20s')).toBe('deployment "web" successfully rolled out\n')
      expect(await get('wait --for=condition=Available deploy/web --timeout=20s')).toBe('deployment.apps/web condition met\n')
    })
    test('what is not there is said in the usual words', async () => {
      expect(await tryKubectl('fleet', `-n ${NAMESPACE} get deploy nothing`, { version })).toMatchObject({ code: 1, stderr: 'Error from server (NotFound): deployments.apps "nothing" not found\n' })
      expect(await tryKubectl('fleet', '-n e2e-nowhere get deploy', { version })).toMatchObject({ code: 0, stderr: 'No resources found in e2e-nowhere namespace.\n' })
    })
    test('-w shows a change in a member soon', async () => {
      await using watching = await followKubectl('fleet', `-n ${NAMESPACE} get deploy -w`, version)
      await watching.until((line) => /^web +5\/5 /.test(line))
      const begin = performance.now()
      await kubectl('member1', `-n ${NAMESPACE} scale deploy/web --replicas=5`)
      const scaled = performance.now(), { atMs } = await watching.until((line) => /^web +[567]\/7 /.test(line))
      console.log(`${version}: the row changed ${Math.round(atMs - begin)} ms after \`kubectl scale\` began, ${Math.round(atMs - scaled)} ms after it ended`)
      expect(atMs - begin).toBeLessThan(5_000)
      await watching.until((line) => /^web +7\/7 +7 +7 /.test(line))
      const from = watching.seen.length
      await kubectl('member1', `-n ${NAMESPACE} scale deploy/web --replicas=3`)
      await watching.until((line) => /^web +5\/5 +5 +5 /.test(line), { from })
    })
    test.each([
      ['delete', `delete deploy/web`], ['patch', `patch deploy/web --type=merge -p {"spec":{"paused":true}}`], ['scale', 'scale deploy/web --replicas=1'],
    ])('%s of what no template is behind is refused with the way to adopt it', async (_, command) => {
      const { stderr } = await tryKubectl('fleet', `-n ${NAMESPACE} ${command}`, { version })
      expect(stderr).toContain('Error from server (Forbidden)')
      expect(stderr).toContain('to adopt it create a FederatedDeployment of that name with spec.conflictResolution: Overwrite')
    })
    test('the host shows the same rows, and its own Deployments without a warning', async () => {
      const mirrored = await tryKubectl('host', `-n ${NAMESPACE} get deployments.apps.federation`, { version }), fleet = await tryKubectl('fleet', `-n ${NAMESPACE} get deploy`, { version })
      expect(mirrored.stderr).toBe('')
      expect(rows(mirrored.stdout).map((cells) => cells.toSpliced(4, 1))).toEqual(rows(fleet.stdout).map((cells) => cells.toSpliced(4, 1)))
      expect(await tryKubectl('host', 'get deploy', { version })).toEqual({ code: 0, stdout: '', stderr: 'No resources found in default namespace.\n' })
    })
  })

  /** Everything below lies in member3 alone, so a merged row must be that member's own, and CLUSTERS beside it. */
  test('Tables of objects in one member are that member\'s', async () => {
    const metadata = { name: 'table' }, pod = { metadata: { labels: { app: 'table' } }, spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } }, selector = { matchLabels: { app: 'table' } }, always = { ...pod, spec: { ...pod.spec, restartPolicy: 'Always' } }
    await kubectl('member3', 'apply -f -', { input: { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'widgets.e2e.example' }, spec: { group: 'e2e.example', scope: 'Namespaced', names: { plural: 'widgets', singular: 'widget', kind: 'Widget' }, versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }, additionalPrinterColumns: [{ name: 'Size', type: 'integer', jsonPath: '.spec.size' }, { name: 'Colour', type: 'string', jsonPath: '.spec.colour', priority: 1 }] }] } } })
    await kubectl('member3', 'wait --for=condition=Established crd/widgets.e2e.example')
    await eventually(() => applyTo('member3', NAMESPACE, [
      { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { a: '1', b: '2' } }, { apiVersion: 'v1', kind: 'Secret', metadata, stringData: { a: '1' } }, { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
      { apiVersion: 'v1', kind: 'Service', metadata, spec: { selector: { app: 'table' }, ports: [{ port: 80, name: 'http' }, { port: 443, protocol: 'TCP', name: 'https' }] } },
      { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata, spec: { serviceName: 'table', replicas: 1, selector, template: always } }, { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata, spec: { selector, template: always } },
      { apiVersion: 'batch/v1', kind: 'CronJob', metadata, spec: { schedule: '0 0 1 1 *', jobTemplate: { spec: { template: pod } } } }, { apiVersion: 'batch/v1', kind: 'Job', metadata, spec: { suspend: true, template: pod } },
      { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
      { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata, spec: { rules: [{ host: 'a.example', http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'table', port: { number: 80 } } } }] } }] } },
      { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata, spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'table' }, maxReplicas: 3 } },
      { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata, spec: { minAvailable: 1, selector } }, { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata, spec: { podSelector: selector } },
      { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata, rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] },
      { apiVersion: 'e2e.example/v1', kind: 'Widget', metadata, spec: { size: 3, colour: 'red' } },
    ]))
    const fleet = await raw(), member = await raw('admin', 'member3'), headers = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' }
    const paths = ['/api/v1|configmaps', '/api/v1|secrets', '/api/v1|serviceaccounts', '/api/v1|services', '/api/v1|persistentvolumeclaims', '/apis/apps/v1|statefulsets', '/apis/apps/v1|daemonsets', '/apis/batch/v1|cronjobs', '/apis/batch/v1|jobs', '/apis/networking.k8s.io/v1|ingresses', '/apis/networking.k8s.io/v1|networkpolicies', '/apis/autoscaling/v2|horizontalpodautoscalers', '/apis/policy/v1|poddisruptionbudgets', '/apis/rbac.authorization.k8s.io/v1|roles', '/apis/e2e.example/v1|widgets', '/apis/apps/v1|deployments']
    await eventually(async () => {
      for (const [group, plural] of paths.map((path) => path.split('|'))) {
        const path = `${group}/namespaces/${NAMESPACE}/${plural}?fieldSelector=metadata.name%3D${plural === 'deployments' ? 'solo' : 'table'}`
        const merged = (await fleet.get(`${FLEET}${path}`, headers)).body, own = (await member.get(path, headers)).body
        const columns = own.columnDefinitions!.map(({ name, type, format, priority }) => ({ name, type, format, priority })), age = columns.findIndex(({ name }) => name === 'Age')
        const without = (cells: readonly unknown[]) => cells.filter((_, i) => i !== age)
        expect(merged.columnDefinitions!.map(({ name, type, format, priority }) => ({ name, type, format, priority })), plural).toEqual([...columns, expect.objectContaining({ name: 'Clusters' })])
        expect(merged.rows!.map(({ cells }) => without(cells)), plural).toEqual(own.rows!.map(({ cells }) => [...without(cells), '1/1']))
      }
    }, 60_000)
  }, 120_000)

  test('a namespace is one row, with what the host knows of it', async () => {
    expect(rows(await kubectl('fleet', `get ns ${NAMESPACE} --no-headers`))[0]?.slice(0, 2)).toEqual([NAMESPACE, 'Active'])
    expect((await kubectl('fleet', 'get ns -o name')).split('\n')).toContain('namespace/federation-system')
  })
  test('by-cluster lists each copy', async () => {
    expect((await kubectl('fleet-by-cluster', `-n ${NAMESPACE} get deploy -o name`)).trim().split('\n')).toEqual([...MEMBERS.map((name) => `deployment.apps/all@${name}`), 'deployment.apps/solo@member3', 'deployment.apps/web@member1', 'deployment.apps/web@member2'])
    expect(await kubectl('fleet-by-cluster', `-n ${NAMESPACE} get deploy web@member1 -o jsonpath={.spec.replicas}`)).toBe('3')
  })
})
