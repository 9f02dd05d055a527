/** A change of a Deployment on its way through real clusters, wave by wave. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { apply, condition, createHostNamespace, deploymentPolicy, image, ofCopies, placedIn, removeNamespace, replicas } from '../distribution-bed.ts'
import { deployment, describeFleet, eventually, kubectl, MEMBERS, testbed, tryKubectl } from '../fleet-bed.ts'

const NAMESPACE = 'e2e-rollout', ONE = 'registry.example/web:1', TWO = 'registry.example/web:2'
const fleet = (words: string) => kubectl('fleet', `-n ${NAMESPACE} ${words}`)
const images = (name: string) => ofCopies(NAMESPACE, 'deployments', name, image)
const wave = (...clusterNames: string[]) => ({ clusterAffinity: { clusterNames } })
const events = (name: string) => kubectl('host', ['-n', NAMESPACE, 'get', 'events', '--field-selector', `involvedObject.kind=FederatedDeployment,involvedObject.name=${name}`, '-o', 'jsonpath={range .items[*]}{.reason}: {.message}{"\\n"}{end}'])
const isCordoned = async (member: string, is: boolean) => { await kubectl(member, `${is ? 'cordon' : 'uncordon'} -l !nosuch`) }

describeFleet('waves', () => {
  beforeAll(async () => { await createHostNamespace(NAMESPACE) }, 60_000)
  afterAll(async () => { await removeNamespace(NAMESPACE) }, 90_000)

  test('stopped by a cluster in which the change does not work, over a restart of the server, and resumed when it does', async () => {
    await apply('fleet', NAMESPACE, [deploymentPolicy('web', placedIn(...MEMBERS), { rollout: { waves: [wave('member1'), { ...wave('member2', 'member3'), maxUnavailable: 1 }] } }), deployment('web', 2)])
    await fleet('rollout status deploy/web --timeout=60s')
    expect(await images('web')).toEqual({ member1: ONE, member2: ONE, member3: ONE })

    await isCordoned('member1', true)
    await fleet(`set image deploy/web web=${TWO}`)
    await eventually(async () => { expect((await images('web'))['member1']).toBe(TWO) })
    // What others change meanwhile is put back to what the cluster is to have, which is not the latest.
    await kubectl('member3', `-n ${NAMESPACE} set image deploy/web web=somebody.else/web:9`)
    await fleet('scale deploy/web --replicas=3')
    await eventually(async () => { expect(await ofCopies(NAMESPACE, 'deployments', 'web', (copy) => `${image(copy)} ${replicas(copy)}`)).toEqual({ member1: `${TWO} 3`, member2: `${ONE} 3`, member3: `${ONE} 3` }) })
    expect((await tryKubectl('fleet', `-n ${NAMESPACE} rollout status deploy/web --timeout=2s`)).code).toBe(1)
    const bed = await testbed()
    await bed.server.kill('SIGKILL')
    await bed.server.start()
    await eventually(async () => { expect(await condition(NAMESPACE, 'fdeploy', 'web', 'RolledOut')).toBe('False WaveStopped: wave 1 of 2: 1 of 1 clusters were given the change; it waits for member1 (Unhealthy)') }, 120_000)
    expect(await images('web')).toEqual({ member1: TWO, member2: ONE, member3: ONE })
    await eventually(async () => { expect(await events('web')).toContain('RolloutStopped: wave 1 of 2') })

    await isCordoned('member1', false)
    const order: string[] = []
    for (const since = Date.now(); Date.now() - since < 60_000 && order.at(-1) !== 'member1,member2,member3';) {
      const changed = Object.entries(await images('web')).filter(([, one]) => one === TWO).map(([member]) => member).join()
      if (order.at(-1) !== changed) order.push(changed)
      await sleep(100)
    }
    expect(order).toEqual(['member1', 'member1,member2', 'member1,member2,member3'])
    await fleet('rollout status deploy/web --timeout=60s')
    await eventually(async () => { expect(await condition(NAMESPACE, 'fdeploy', 'web', 'RolledOut')).toBe('True Complete: 3 of 3 clusters have the change') })
  })

  test('rolled back in the middle, by kubectl', async () => {
    await apply('fleet', NAMESPACE, [deploymentPolicy('back', placedIn(...MEMBERS), { rollout: { waves: [{ ...wave('member1'), pauseSeconds: 600 }] } }), deployment('back', 1)])
    await fleet('rollout status deploy/back --timeout=60s')
    await fleet(`set image deploy/back web=${TWO}`)
    await eventually(async () => { expect(await condition(NAMESPACE, 'fdeploy', 'back', 'RolledOut')).toContain('False WavePaused: wave 1 of 2 is healthy') })
    expect(await images('back')).toEqual({ member1: TWO, member2: ONE, member3: ONE })
    await fleet(`set image deploy/back web=${ONE}`)
    await fleet('rollout status deploy/back --timeout=60s')
    expect(await images('back')).toEqual({ member1: ONE, member2: ONE, member3: ONE })
  })
})
