/** Leases and Events that name no cluster live on the host: leader election and event recorders work through a fleet. Nothing else of the host's is touched. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createNamespace, describeFleet, describeInformer, eventually, followKubectl, informerProgram, KUBECTLS, kubectl, rows, testbed, tryKubectl } from './fleet-bed.ts'
import { runElection } from './informer.ts'

const NAMESPACE = 'e2e-host-objects', HOLDER = '-o jsonpath={.spec.holderIdentity}'
const lease = (name: string, holderIdentity: string, labels: Record<string, string> = {}) => ({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, namespace: NAMESPACE, labels }, spec: { holderIdentity } })
const at = (words: string) => `-n ${NAMESPACE} ${words}`

beforeAll(async () => { await createNamespace(NAMESPACE, ['host', 'member1']) })
afterAll(async () => { await Promise.all(['host', 'member1'].map((context) => kubectl(context, `delete namespace ${NAMESPACE} --wait=false`))) })

describeInformer('client-go\'s leader election through a fleet', () => {
  test.each(['application/json', 'application/vnd.kubernetes.protobuf'])('one leads, the next follows, and events tell it (%s)', async (contentType) => {
    const { kubeconfig } = await testbed(), name = `elect-${contentType.at(-1)!}`
    await using election = runElection(informerProgram('elect'), { kubeconfig, namespace: NAMESPACE, lease: name, contentType, candidates: ['a', 'b'] })
    const { line: { identity: first } } = await election.until(({ event }) => event === 'LEADS'), second = first === 'a' ? 'b' : 'a'
    const renewed = () => kubectl('fleet', at(`get lease ${name} -o jsonpath={.spec.renewTime}`)), before = await renewed()
    await eventually(async () => { expect(await renewed()).not.toBe(before) })
    expect(await kubectl('fleet', at(`get lease ${name} ${HOLDER}`))).toBe(first)
    election.write(first)
    await election.until(({ event, identity }) => event === 'LEADS' && identity === second)
    expect(election.seen.map(({ line: { event, identity } }) => `${event} ${identity}`)).toEqual([`LEADS ${first}`, `STOPPED ${first}`, `LEADS ${second}`])
    expect(await kubectl('host', at(`get lease ${name} ${HOLDER}`))).toBe(second)
    await eventually(async () => {
      const told = await kubectl('fleet', at(`get events --field-selector involvedObject.name=${name} -o jsonpath={.items[*].message}`))
      for (const text of [`${first} became leader`, `${first} stopped leading`, `${second} became leader`]) expect(told).toContain(text)
    })
  }, 60_000)
})

describeFleet('what names no cluster', () => {
  describe.each(KUBECTLS)('with kubectl (%s)', (version) => {
    const fleet = (words: string, input?: object) => kubectl('fleet', at(words), { version, ...(input && { input }) }), name = `web-${version}`
    test('is created, changed by each kind of write, and deleted on the host, and shown beside the members\'', async () => {
      await kubectl('member1', at('apply -f -'), { input: lease(name, 'of-member') })
      await using watching = await followKubectl('fleet', at('get leases -w --no-headers'), version)
      expect(await fleet('create -f -', lease(name, 'created'))).toBe(`lease.coordination.k8s.io/${name} created\n`)
      await watching.until((line) => new RegExp(`^${name} +created`).test(line))
      expect(rows(await fleet('get leases --no-headers')).filter(([row]) => row?.startsWith(name)).map(([row, holder]) => [row, holder])).toEqual([[name, 'created'], [`${name}@member1`, 'of-member']])
      await fleet('apply -f -', lease(name, 'applied'))
      await fleet('apply --server-side --force-conflicts -f -', lease(name, 'applied-by-server'))
      await fleet('replace -f -', lease(name, 'replaced'))
      await fleet(`patch lease ${name} --type=merge -p {"spec":{"leaseDurationSeconds":7}}`)
      await fleet(`patch lease ${name} --type=json -p [{"op":"add","path":"/spec/leaseTransitions","value":3}]`)
      await fleet(`label lease ${name} tier=a`)
      expect(JSON.parse(await kubectl('host', at(`get lease ${name} -o json`)))).toMatchObject({ metadata: { labels: { 'cluster.federation/fleet': 'default', tier: 'a' } }, spec: { holderIdentity: 'replaced', leaseDurationSeconds: 7, leaseTransitions: 3 } })
      await watching.until((line) => new RegExp(`^${name} +replaced`).test(line))
      expect(await fleet(`delete lease ${name}`)).toContain(`"${name}" deleted`)
      expect((await tryKubectl('host', at(`get lease ${name}`))).stderr).toContain('NotFound')
      expect(await kubectl('member1', at(`get lease ${name} ${HOLDER}`))).toBe('of-member')
    })
    test('the host\'s own is neither seen nor changed', async () => {
      await kubectl('host', at('apply -f -'), { input: lease('own', 'host') })
      const refused = 'Error from server (NotFound): leases.coordination.k8s.io "own" not found\n'
      for (const words of ['get lease own', 'delete lease own', 'label lease own a=b']) expect((await tryKubectl('fleet', at(words), { version })).stderr, words).toBe(refused)
      expect((await tryKubectl('fleet', at('create -f -'), { version, input: lease('own', 'fleet') })).stderr).toContain('(AlreadyExists)')
      expect((await tryKubectl('fleet', '-n kube-system get lease kube-scheduler', { version })).stderr).toContain('(NotFound)')
      expect((await tryKubectl('fleet', '-n kube-system create -f -', { version, input: { ...lease('mine', 'x'), metadata: { name: 'mine', namespace: 'kube-system' } } })).stderr).toContain('namespace kube-system belongs to the host, and is not changed through a fleet')
      expect(await kubectl('host', at(`get lease own ${HOLDER}`))).toBe('host')
    })
  })

  test('this server\'s own right does not reach the host\'s Leases', async () => {
    const as = '--as=system:serviceaccount:federation-system:federation-apiserver'
    await kubectl('host', at('apply -f -'), { input: lease('kept', 'host') })
    for (const words of ['delete lease kept', 'label lease kept a=b']) expect((await tryKubectl('host', at(`${words} ${as}`))).stderr).toContain('the server changes only Leases that carry the label cluster.federation/fleet')
    expect((await tryKubectl('host', at(`create -f - ${as}`), { input: lease('new', 'x') })).stderr).toContain('the server changes only Leases that carry the label')
  })
  test('by cluster there is no host: a cluster has to be named', async () => {
    expect((await tryKubectl('fleet-by-cluster', at('create -f -'), { input: lease('nowhere', 'x') })).stderr).toContain('lives in one cluster, which has to be named')
  })
})
