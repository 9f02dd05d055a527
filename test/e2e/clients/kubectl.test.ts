/** kubectl cannot tell our kinds from those of a kube-apiserver: one script of commands on each kind and on its twin, every answer compared. */
import { rmSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createKubectl, type Kubectl } from '../../testbed/kubectl.ts'
import { createNamespace, describeFleet, eventually, kubectl, KUBECTLS, type KubectlVersion, raw, testbed } from '../fleet-bed.ts'
import { type KindsServer, registerStandIns } from './kinds-server.ts'
import { Lines } from '../lines.ts'
import { kubectlScript, type Step } from './kubectl-script.ts'
import { at, type Subject, SUBJECTS } from './subjects.ts'
import { said } from './transcript.ts'
import { type OpenApiDocument, twinDefinition, twinGroup } from './twin.ts'

const NAMESPACE = 'e2e-kubectl', caches = async (version: KubectlVersion) => path.join((await testbed()).dir, `kubectl-cache-twins-${version}`)

/** Twins are known to these alone: others would find some short names ambiguous. */
async function own(version: KubectlVersion): Promise<Kubectl> {
  const { kubectlProgram } = await testbed()
  return createKubectl(version === 'testbed' ? kubectlProgram : 'kubectl', await caches(version))
}

/** A thousand commands that end at once need no garbage collection: a quarter of their time. */
const BRIEF = { GOGC: 'off' }

const wordsOf = (line: string): string[] => [...line.matchAll(/(?:'[^']*'|[^ '])+/g)].map(([word]) => word.replaceAll("'", ''))

async function run(program: Kubectl, { line, input, editor }: Step, group: (text: string) => string) {
  const { kubeconfig } = await testbed(), text = input === undefined ? undefined : group(typeof input === 'string' ? input : JSON.stringify(input))
  return program([...wordsOf(group(line)), '--namespace', NAMESPACE], { kubeconfig, context: 'host', environment: { ...BRIEF, ...(editor && { KUBE_EDITOR: editor }) }, ...(text !== undefined && { input: text }) })
}

/** Every kubectl on the first kind, one of them on each other. */
const RUNS = SUBJECTS.flatMap((subject, index): [KubectlVersion, string, Subject][] => (index === 0 ? KUBECTLS : [KUBECTLS[index % KUBECTLS.length]!]).map((version) => [version, subject.kind, subject]))

describeFleet('kubectl on our kinds and on their twins', () => {
  let standIns: KindsServer, twins: readonly object[]
  beforeAll(async () => {
    standIns = await registerStandIns()
    await createNamespace(NAMESPACE, ['host'])
    const admin = await raw()
    twins = await Promise.all(SUBJECTS.map(async (subject) => twinDefinition(subject, await eventually(async () => {
      const { status, text } = await admin.get(`/openapi/v3/apis/${subject.group}/v1alpha1`)
      expect(status).toBe(200)
      return JSON.parse(text) as OpenApiDocument
    }))))
    await kubectl('host', 'apply -f -', { input: { apiVersion: 'v1', kind: 'List', items: twins } })
    await kubectl('host', 'wait --for=condition=Established --timeout=20s -f -', { input: { apiVersion: 'v1', kind: 'List', items: twins } })
    // The host publishes schemas of new definitions some time later; validation and explain need them.
    await eventually(async () => { for (const { group, kind } of SUBJECTS) expect((await admin.get(`/openapi/v3/apis/${twinGroup(group)}/v1alpha1`)).text).toContain(`"kind":"${kind}"`) })
  }, 60_000)
  afterAll(async () => {
    await kubectl('host', 'delete -f -', { input: { apiVersion: 'v1', kind: 'List', items: twins } })
    await standIns[Symbol.asyncDispose]()
    await kubectl('host', `delete namespace ${NAMESPACE} --wait=false`)
    for (const version of KUBECTLS) rmSync(await caches(version), { recursive: true, force: true })
  }, 60_000)

  describe.each(RUNS)('kubectl (%s) on a %s', (version, _, subject) => {
    test.each(kubectlScript(subject).filter(([title]) => !subject.replicas || title === 'scale'))('%s', async (_title, steps) => {
      const program = await own(version), ours = [], twin = []
      for (const step of steps) {
        const [mine, other] = await Promise.all([run(program, step, (text) => text), run(program, step, (text) => text.replaceAll(subject.group, twinGroup(subject.group)))])
        ours.push({ ...said(step.line, mine, subject), expected: step.code ?? 0 })
        twin.push({ ...said(step.line, other, subject), expected: step.code ?? 0 })
      }
      expect(ours).toEqual(twin)
      expect(ours.filter(({ code, expected }) => code !== expected), 'each ends as it should, not only like its twin').toEqual([])
    }, 180_000)
  })

  test.each(KUBECTLS)('get -w tells the same changes (%s)', async (version) => {
    const [subject] = SUBJECTS as [Subject], { kubectlProgram, kubeconfig } = await testbed(), program = await own(version), { text } = subject
    const follow = async (group: string) => new Lines(version === 'testbed' ? kubectlProgram : 'kubectl', ['--context', 'host', '--namespace', NAMESPACE, 'get', `${subject.plural}.${group}`, '-l', 'followed', '-w', '--output-watch-events', '--no-headers'], { KUBECONFIG: kubeconfig, KUBECACHEDIR: await caches(version) }, (line) => line.split(/ +/))
    const seen = async (group: string) => {
      const R = `${subject.plural}.${group}`, patch = async (body: object) => { await run(program, { line: `patch ${R} e2e-w --type=merge -p ${JSON.stringify(body)}` }, (each) => each) }
      await run(program, { line: 'create -f -', input: { apiVersion: `${group}/v1alpha1`, kind: subject.kind, metadata: { name: 'e2e-w', labels: { followed: 'yes' } }, spec: subject.spec } }, (each) => each)
      await using lines = await follow(group)
      await lines.until(([type, name]) => type === 'ADDED' && name === 'e2e-w')
      await patch(at(text.path, text.values[1]))
      // Leaving the selection is told as a deletion, coming back as an addition.
      await patch({ metadata: { labels: { followed: null } } })
      await patch({ metadata: { labels: { followed: 'again' } } })
      await run(program, { line: `delete ${R} e2e-w` }, (each) => each)
      await lines.until(() => lines.seen.filter(({ line: [type] }) => type === 'DELETED').length === 2)
      return lines.seen.map(({ line }) => line.slice(0, 4))
    }
    const [ours, twin] = await Promise.all([seen(subject.group), seen(twinGroup(subject.group))])
    expect(ours).toEqual(twin)
    expect(ours.map(([type]) => type)).toEqual(['ADDED', 'MODIFIED', 'DELETED', 'ADDED', 'DELETED'])
  })

  test.each(SUBJECTS.filter(({ replicas }) => !replicas).map((subject): [string, Subject] => [subject.kind, subject]))("the host's garbage collector follows --cascade on a %s", async (_, { group, plural, kind, spec }) => {
    const R = `${plural}.${group}`, names = ['foreground', 'background', 'orphan'] as const, flags = `--namespace ${NAMESPACE}`
    await Promise.all(names.map(async (cascade) => {
      const name = `e2e-${cascade}`, dependent = `${kind.toLowerCase()}-${cascade}`
      const uid = await kubectl('host', `create ${flags} -o jsonpath={.metadata.uid} -f -`, { input: { apiVersion: `${group}/v1alpha1`, kind, metadata: { name }, spec } })
      await kubectl('host', `create ${flags} -f -`, { input: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: dependent, ownerReferences: [{ apiVersion: `${group}/v1alpha1`, kind, name, uid, blockOwnerDeletion: true }] } } })
      await kubectl('host', `delete ${flags} ${R} ${name} --cascade=${cascade} --timeout=90s`)
      const left = () => kubectl('host', `get configmap ${flags} --ignore-not-found ${dependent} -o jsonpath={.metadata.name}{.metadata.ownerReferences}`)
      // Only the foreground waits for the dependents.
      await eventually(async () => { expect(await left()).toBe(cascade === 'orphan' ? dependent : '') }, cascade === 'background' ? 90_000 : 0)
    }))
  }, 120_000)
})
