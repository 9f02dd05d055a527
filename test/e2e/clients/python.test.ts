/** Kubernetes' Python client, through the host: each line of its program is a check that held. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'
import { applyTo, createNamespace, deployment, describePython, eventually, kubectl, MEMBERS, pythonProgram, testbed } from '../fleet-bed.ts'
import { CLIENT } from '../python.ts'
import { registerStandIns } from './kinds-server.ts'

const NAMESPACE = 'e2e-python'

describePython('the Python client', () => {
  beforeAll(async () => {
    await createNamespace(NAMESPACE, ['host', ...MEMBERS])
    for (const member of ['member1', 'member2']) await applyTo(member, NAMESPACE, [deployment('web', 1)])
    await eventually(async () => { expect(await kubectl('fleet', `-n ${NAMESPACE} get deploy web -o jsonpath={.spec.replicas}`)).toBe('2') })
  })

  test('creates, reads, patches, applies, watches and deletes', async () => {
    await using _ = await registerStandIns()
    const { kubeconfig } = await testbed(), folder = mkdtempSync(path.join(os.tmpdir(), 'federation-python-'))
    const { stdout } = await promisify(execFile)(pythonProgram(), [CLIENT, kubeconfig, NAMESPACE, folder])
    expect(stdout.trimEnd().split('\n')).toEqual([
      'create fills defaults', 'create again is a conflict', 'a bad value is refused', 'dry run stores nothing', 'a patch merges', 'replace', 'replace of an old version is a conflict', 'status is apart', 'pages', 'delete',
      'what is gone is not found', 'delete of a collection', 'a watch from a version tells all since',
      'discovery', 'apply creates', "apply over another's field is a conflict", 'force takes it', 'a value that is none is refused', 'a JSON patch', 'delete by the dynamic client', 'a watch by the dynamic client',
      'a typed read folds the members', 'nodes tell their cluster',
    ])
    rmSync(folder, { recursive: true })
  })
})
