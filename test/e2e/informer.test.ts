/** client-go's own informer on the fleet: it syncs, follows changes in members, and gets over a restart of the server. */
import { beforeAll, describe, expect, test } from 'vitest'
import { applyTo, createNamespace, deployment, describeInformer, eventually, informerProgram, kubectl, testbed } from './fleet-bed.ts'
import { runInformer } from './informer.ts'

const NAMESPACE = 'e2e-informer'

describeInformer('a client-go informer', () => {
  beforeAll(async () => {
    await createNamespace(NAMESPACE)
    await applyTo('member1', NAMESPACE, [deployment('web', 1)])
    await applyTo('member2', NAMESPACE, [deployment('web', 1), deployment('other', 0)])
    await eventually(async () => { expect(await kubectl('fleet', `-n ${NAMESPACE} get deploy web -o jsonpath={.status.readyReplicas}`)).toBe('2') })
  }, 60_000)

  describe.each([true, false])('with WatchListClient=%s', (watchList) => {
    test('syncs and follows changes', async () => {
      const { kubeconfig } = await testbed()
      await using informer = runInformer(informerProgram('informer'), { kubeconfig, context: 'fleet', namespace: NAMESPACE, watchList })
      const { line: synced } = await informer.until(({ event }) => event === 'SYNCED')
      expect([...synced.keys!].sort()).toEqual([`${NAMESPACE}/other`, `${NAMESPACE}/web`])
      const requests = informer.seen.flatMap(({ line }) => (line.event === 'REQUEST' ? [{ watch: line.query!['watch']?.[0], initial: line.query!['sendInitialEvents']?.[0], status: line.status }] : []))
      expect(requests[0]).toEqual(watchList ? { watch: 'true', initial: 'true', status: 200 } : { watch: undefined, initial: undefined, status: 200 })

      await applyTo('member3', NAMESPACE, [deployment('web', 2), deployment('new', 0)])
      await informer.until(({ event, name }) => event === 'ADDED' && name === 'new')
      await informer.until(({ event, name, replicas, readyReplicas }) => event === 'MODIFIED' && name === 'web' && replicas === 4 && readyReplicas === 4)
      const from = informer.seen.length
      await kubectl('member3', `-n ${NAMESPACE} delete deploy/new deploy/web`)
      await informer.until(({ event, name }) => event === 'DELETED' && name === 'new', { from })
      await informer.until(({ event, name, replicas }) => event === 'MODIFIED' && name === 'web' && replicas === 2, { from })

      const versions = informer.seen.flatMap(({ line }) => (line.event === 'MODIFIED' && line.name === 'web' ? [BigInt(line.resourceVersion!)] : []))
      expect(versions).toEqual([...versions].sort((a, b) => (a < b ? -1 : 1)))
    })
    test('goes on after the server was killed and started again', async () => {
      const bed = await testbed()
      await using informer = runInformer(informerProgram('informer'), { kubeconfig: bed.kubeconfig, context: 'fleet', namespace: NAMESPACE, watchList })
      await informer.until(({ event }) => event === 'SYNCED')
      const before = informer.seen.length
      await bed.server.kill()
      await kubectl('member1', `-n ${NAMESPACE} scale deploy/web --replicas=3`)
      await bed.server.start()
      await informer.until(({ event, name, replicas }) => event === 'MODIFIED' && name === 'web' && replicas === 4, { from: before, timeoutMs: 45_000 })
      expect(informer.seen.slice(before).filter(({ line }) => line.event === 'DELETED')).toEqual([])
      await kubectl('member1', `-n ${NAMESPACE} scale deploy/web --replicas=1`)
      await informer.until(({ event, name, replicas }) => event === 'MODIFIED' && name === 'web' && replicas === 2, { from: before })
    }, 120_000)
  })
})
