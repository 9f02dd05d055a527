/** Members and the server die and come back: what was seen stays, the loss is named, everything heals by itself. */
import { afterEach, beforeAll, expect, test } from 'vitest'
import { applyTo, createNamespace, deployment, describeFleet, eventually, followKubectl, KUBECTLS, kubectl, MEMBERS, rows, testbed, tryKubectl } from './fleet-bed.ts'

const NAMESPACE = 'e2e-failure', STALE = /^Warning: cluster member2 unreachable for \d+s: \d+ objects may be stale$/m
const ready = () => kubectl('host', 'get clusters -o jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}')
const table = async () => {
  const { stdout, stderr } = await tryKubectl('fleet', `-n ${NAMESPACE} get deploy`)
  return { cells: rows(stdout).map((row) => row.toSpliced(4, 1).join(' ')), stderr }
}

describeFleet('failures', () => {
  beforeAll(async () => {
    await createNamespace(NAMESPACE)
    for (const member of MEMBERS) await applyTo(member, NAMESPACE, [deployment('all', 1)])
    await applyTo('member2', NAMESPACE, [deployment('two', 1)])
    await eventually(async () => { expect((await table()).cells).toEqual(['NAME READY UP-TO-DATE AVAILABLE CLUSTERS', 'all 3/3 3 3 3/3', 'two 1/1 1 1 1/1']) }, 30_000)
    // What was never read of a member before it goes is unknown, not stale.
    await eventually(async () => { expect((await kubectl('fleet', `-n ${NAMESPACE} get pods -o name`)).trim().split('\n')).toHaveLength(4) })
  }, 60_000)
  afterEach(async () => {
    await (await testbed()).member('member2').startApiserver()
    await eventually(async () => { expect(await ready()).toBe('True True True') }, 30_000)
  }, 60_000)

  test.each(['killed', 'stopped'])('a member whose kube-apiserver is %s: its rows stay, are named stale, and heal', async (how) => {
    const bed = await testbed(), member = bed.member('member2')
    await using watching = await followKubectl('fleet', `-n ${NAMESPACE} get deploy -w`)
    await watching.until((line) => line.startsWith('two'))
    if (how === 'killed') await member.stopApiserver()
    else member.signalApiserver('SIGSTOP')
    try {
      await eventually(async () => {
        const { cells, stderr } = await table()
        expect(cells).toEqual(['NAME READY UP-TO-DATE AVAILABLE CLUSTERS', 'all 3/3 3 3 2/3', 'two 1/1 1 1 0/1'])
        expect(stderr).toMatch(STALE)
      }, 60_000)
      for (const version of KUBECTLS) {
        const { code, stdout, stderr } = await tryKubectl('fleet', `-n ${NAMESPACE} get pods -o name`, { version })
        expect([code, stdout.trim().split('\n').length, stderr]).toEqual([0, 4, expect.stringMatching(STALE)])
      }
      await eventually(async () => { expect(await ready()).toBe('True False True') }, 30_000)
      const message = await kubectl('host', 'get cluster member2 -o jsonpath={.status.conditions[?(@.type=="Ready")].message}')
      expect(message).toMatch(how === 'killed' ? /connection refused: check that the server is up/ : /no answer in time|check that the server is up and not overloaded/)
      // The others are followed as ever.
      const begin = performance.now()
      await kubectl('member1', `-n ${NAMESPACE} scale deploy/all --replicas=2`)
      await eventually(async () => { expect((await table()).cells[1]).toBe('all 4/4 4 4 2/3') })
      console.log(`${how}: a change in another member was listed ${Math.round(performance.now() - begin)} ms later`)
    } finally {
      if (how === 'stopped') member.signalApiserver('SIGCONT')
      await member.startApiserver()
    }
    await eventually(async () => {
      const { cells, stderr } = await table()
      expect([cells.slice(1), stderr]).toEqual([['all 4/4 4 4 3/3', 'two 1/1 1 1 1/1'], ''])
    }, 60_000)
    await eventually(async () => { expect(await ready()).toBe('True True True') }, 30_000)
    // The watch that began before goes on and follows the member again.
    await kubectl('member2', `-n ${NAMESPACE} scale deploy/all --replicas=2`)
    await watching.until((line) => /^all +5\/5 /.test(line), { timeoutMs: 30_000 })
    for (const name of ['member1', 'member2']) await kubectl(name, `-n ${NAMESPACE} scale deploy/all --replicas=1`)
    await eventually(async () => { expect((await table()).cells[1]).toBe('all 3/3 3 3 3/3') })
  }, 240_000)

  test('the server killed with -9 has everything when it is back', async () => {
    const bed = await testbed(), everything = () => kubectl('host', 'get clusters,clusterset -o yaml')
    await kubectl('host', 'label cluster member3 e2e=kept --overwrite')
    const before = await everything()
    await bed.server.kill('SIGKILL')
    expect((await tryKubectl('host', 'get clusters')).code).toBe(1)
    // Without us the host itself goes on.
    expect((await tryKubectl('host', 'get ns')).code).toBe(0)
    await bed.server.start()
    await eventually(async () => { expect(await ready()).toBe('True True True') })
    const specs = (text: string) => text.split('\n').filter((line) => /^ {4}(name|uid|creationTimestamp|labels):|^ {6}e2e:|^ {4,6}apiEndpoint:|^ {6}id:/.test(line))
    expect(specs(await everything())).toEqual(specs(before))
    await eventually(async () => { expect((await table()).cells).toEqual(['NAME READY UP-TO-DATE AVAILABLE CLUSTERS', 'all 3/3 3 3 3/3', 'two 1/1 1 1 1/1']) })
    await kubectl('host', 'label cluster member3 e2e-')
  }, 120_000)

  test('the server ends at SIGTERM, soon and in order', async () => {
    const bed = await testbed(), begin = performance.now()
    await using watching = await followKubectl('fleet', `-n ${NAMESPACE} get deploy -w`)
    await watching.until((line) => line.startsWith('two'))
    await bed.server.kill('SIGTERM')
    expect(performance.now() - begin).toBeLessThan(10_000)
    await bed.server.start()
  }, 120_000)
})
