/** Replays Karmada's bundled rules for 27 kinds of other projects. */
import { expect, test } from 'vitest'
import type { KubeObject } from '../../machinery/meta/core.ts'
import type { JsonObject } from '../../machinery/meta/json-value.ts'
import { isJsonObject } from '../../machinery/meta/json-value.ts'
import { formatQuantity, parseQuantity } from '../../machinery/meta/quantity.ts'
import { recordedCases, withoutEmpty } from '../../../test/suites/recorded-cases.ts'
import { aggregateStatus } from './aggregate-status.ts'
import { dependenciesOf } from './dependencies.ts'
import { healthOf } from './health.ts'
import { reflectedStatus } from './reflected-status.ts'
import { componentsOf, replicasOf, withReplicas } from './replicas.ts'
import { retained } from './retained.ts'

interface Case { name: string; apiVersion: string; kind: string; operation: keyof typeof OPERATIONS; object: KubeObject; template: KubeObject; members: { cluster: string; status: JsonObject | null }[] | null; desired: KubeObject; observed: KubeObject; replicas: number; expect: unknown }
const cases = recordedCases<Case>('interpretation/thirdparty.json')

const NOTHING = 'without targets there is nothing to aggregate, and nobody has observed anything'
const DIFFERENT: Readonly<Record<string, string>> = {
  'kruise-stateful-set-aggregate-0-members': NOTHING, 'flux-kustomization-aggregate-0-members': NOTHING, 'flux-git-repository-aggregate-0-members': NOTHING, 'flux-helm-chart-aggregate-0-members': NOTHING,
  'flux-helm-chart-reflect-2': 'observedGeneration is kept, or a chart would never count as observed',
  'argo-workflow-get-replicas-2': 'a toleration is passed on as written: members of it that nobody knows are not ours to judge',
}

/** The recordings of these kinds carry in the status the generations that we keep beside it. */
const COUNTED = /^(?:CloneSet|StatefulSet|UnitedDeployment|DaemonSet|Kustomization|HelmRelease|HelmChart|HelmRepository|OCIRepository|GitRepository|Bucket)$/

/** Quantities by what they amount to; whose quota and what priority only where the recordings say so. */
function requirements(value: unknown): unknown {
  if (!isJsonObject(value)) return undefined
  const { resourceRequest, ...rest } = value
  return { ...rest, resourceRequest: Object.fromEntries(Object.entries((resourceRequest ?? {}) as Record<string, string>).map(([name, text]) => [name, formatQuantity({ nano: parseQuantity(text)!.nano, format: 'DecimalSI' })])) }
}
const only = (value: unknown, like: unknown) => (isJsonObject(value) ? Object.fromEntries(Object.entries(value).filter(([key]) => (key !== 'namespace' && key !== 'priorityClassName') || (isJsonObject(like) && key in like))) : value)

const byName = (a: { readonly name: string }, b: { readonly name: string }) => a.name.localeCompare(b.name)
type Answer = readonly [ours: unknown, recorded: unknown]
const OPERATIONS = {
  health: ({ object, expect }: Case): Answer => [healthOf(object), expect ? 'Healthy' : 'Unhealthy'],
  reflect({ object, kind, expect }: Case): Answer {
    const { status, generation, templateGeneration } = reflectedStatus(object)
    return [status && COUNTED.test(kind) ? { generation, resourceTemplateGeneration: templateGeneration, ...status } : status, expect]
  },
  aggregate({ template, members, expect }: Case): Answer {
    const reports = (members ?? []).map(({ cluster, status }) => {
      const { generation, resourceTemplateGeneration, ...own } = (status ?? {}) as { generation?: number; resourceTemplateGeneration?: number }
      return { cluster, ...(status && { status: own }), ...(generation !== undefined && { generation }), ...(resourceTemplateGeneration !== undefined && { templateGeneration: resourceTemplateGeneration }) }
    })
    return [aggregateStatus(template, reports), expect]
  },
  dependencies: ({ object, expect }: Case): Answer => [dependenciesOf(object).map(({ kind, namespace, name }) => `${kind} ${namespace ?? ''}/${name ?? ''}`).toSorted(), (expect as { kind: string; namespace: string; name: string }[]).map(({ kind, namespace, name }) => `${kind} ${namespace}/${name}`).toSorted()],
  components({ object, expect }: Case): Answer {
    const recorded = (expect as { name: string; replicas: number; replicaRequirements?: unknown }[]).toSorted(byName)
    return [componentsOf(object).toSorted(byName).map(({ requirements: needs, ...rest }, i) => ({ ...rest, requirements: requirements(only(needs, recorded[i]?.replicaRequirements)) })), recorded.map(({ replicaRequirements, ...rest }) => ({ ...rest, requirements: requirements(replicaRequirements) }))]
  },
  'get-replicas'({ object, expect }: Case): Answer {
    const recorded = expect as { replicas: number; requirements: unknown }, ours = replicasOf(object)!
    return [{ replicas: ours.replicas, requirements: requirements(only(ours.requirements, recorded.requirements)) }, { replicas: recorded.replicas, requirements: requirements(recorded.requirements) }]
  },
  revise: ({ object, replicas, expect }: Case): Answer => [withReplicas(object, replicas), expect],
  retain: ({ desired, observed, expect }: Case): Answer => [retained(desired, observed), expect],
}

/** `<any>`: not compared; nor are times of conditions that the recordings have without. */
function comparable(ours: unknown, recorded: unknown): unknown {
  if (recorded === '<any>') return recorded
  if (Array.isArray(ours) && Array.isArray(recorded)) return ours.map((item, i) => comparable(item, recorded[i]))
  if (!isJsonObject(ours) || !isJsonObject(recorded)) return ours
  const isCondition = 'type' in recorded && 'status' in recorded, given = Object.entries(ours).filter(([key]) => !isCondition || key in recorded || !/^last\w+Time$/.test(key))
  return { ...Object.fromEntries(given.map(([key, value]) => [key, comparable(value, recorded[key])])), ...Object.fromEntries(Object.entries(recorded).filter(([, value]) => value === '<any>')) }
}

function replay(one: Case): Answer {
  const complete = (object: KubeObject | undefined) => object && { ...object, apiVersion: one.apiVersion, kind: one.kind, metadata: object.metadata ?? {} }
  const [ours, recorded] = OPERATIONS[one.operation]({ ...one, object: complete(one.object)!, template: complete(one.template)!, desired: complete(one.desired)! })
  return [withoutEmpty(comparable(ours, recorded)), withoutEmpty(recorded)]
}

test.each(cases.filter(({ name }) => !DIFFERENT[name]))('$name', (one) => { const [ours, recorded] = replay(one); expect(ours).toEqual(recorded) })
test.each(Object.entries(DIFFERENT))('%s differs: %s', (name) => { const [ours, recorded] = replay(cases.find((one) => one.name === name)!); expect(ours).not.toEqual(recorded) })

const rayService = (...replicas: readonly number[]): KubeObject => ({ apiVersion: 'ray.io/v1', kind: 'RayService', metadata: { name: 's' }, spec: { rayClusterConfig: { headGroupSpec: {}, workerGroupSpecs: replicas.map((replicas, i) => ({ groupName: `g${i}`, replicas })) } } })
test.each([[[0, 0], 7, [3, 3]], [[1, 1, 1], 5, [2, 1, 1]], [[3], 1, [0]], [[2, 2], 0, [0, 0]]])('groups of Ray workers of %j at %i in all: %j', (before, replicas, after) => {
  expect(withReplicas(rayService(...before), replicas)['spec']).toEqual(rayService(...after)['spec'])
})

test('the applications of a RayService are as bad as in the worst cluster', () => {
  const report = (cluster: string, ...states: readonly string[]) => ({ cluster, status: { activeServiceStatus: { rayClusterName: cluster, applicationStatuses: Object.fromEntries(states.map((status, i) => [`app${i}`, { status, message: cluster }])) } } })
  expect(aggregateStatus(rayService(1), [report('b', 'UNHEALTHY', 'RUNNING'), report('a', 'RUNNING', 'DEPLOYING')])).toEqual({
    activeServiceStatus: { rayClusterName: 'a', applicationStatuses: { app0: { status: 'UNHEALTHY', message: 'b' }, app1: { status: 'DEPLOYING', message: 'a' } } },
  })
})

test('a Spark driver\'s memory is heap and overhead, as said or as Spark computes it', () => {
  const memory = (driver: JsonObject, spec: JsonObject = { type: 'Scala' }) => componentsOf({ apiVersion: 'sparkoperator.k8s.io/v1beta2', kind: 'SparkApplication', metadata: {}, spec: { ...spec, driver } })[0]!.requirements!.resourceRequest
  expect([memory({ memory: '8g', cores: 2 }), memory({ memory: '8g', memoryOverhead: '1g' }), memory({ memory: '10g' }, { type: 'Java', memoryOverheadFactor: '0.5' }), memory({ gpu: { name: 'nvidia.com/gpu', quantity: 2 } })]).toEqual([
    { cpu: '2', memory: '9448928051200m' }, { cpu: '1', memory: '9Gi' }, { cpu: '1', memory: '15Gi' }, { cpu: '1', memory: '1408Mi', 'nvidia.com/gpu': '2' },
  ])
})
