/** Objects of kinds whose schema leaves them open, and of members that send what they like: whatever stands in a body, the rules answer, or refuse it in words. What throws otherwise would keep all others of its kind from being told of. */
import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { recordedCases } from '../../../test/suites/recorded-cases.ts'
import { Seeded } from '../../../test/suites/seeded.ts'
import type { KubeObject } from '../../machinery/meta/core.ts'
import { isJsonObject } from '../../machinery/meta/json-value.ts'
import { StatusError } from '../../machinery/meta/status-error.ts'
import { aggregateStatus } from './aggregate-status.ts'
import { dependenciesOf } from './dependencies.ts'
import { fold } from './fold.ts'
import { groupOf } from './folded-uid.ts'
import { healthOf } from './health.ts'
import { prunedForPropagation } from './prune.ts'
import { reflectedStatus } from './reflected-status.ts'
import { componentsOf, isDivisible, replicasOf, withReplicas } from './replicas.ts'

const GARBAGE: readonly unknown[] = [null, 1, -1, 1e30, 1.5, 'x', '', true, [], {}, [null], [1], [[]], { a: null }, { name: 1 }]

/** All objects that stand anywhere in the recordings. */
function objectsIn(value: unknown): KubeObject[] {
  if (Array.isArray(value)) return value.flatMap(objectsIn)
  if (!isJsonObject(value)) return []
  const isObject = typeof value['apiVersion'] === 'string' && typeof value['kind'] === 'string' && isJsonObject(value['metadata'])
  return [...(isObject ? [value as KubeObject] : []), ...Object.values(value).flatMap(objectsIn)]
}

/** The value once for each place in it, with something else there. */
function spoiled(value: unknown, random: Seeded): unknown[] {
  const inner = Array.isArray(value) ? value.flatMap((item, i) => spoiled(item, random).map((bad) => value.with(i, bad))) : isJsonObject(value) ? Object.entries(value).flatMap(([key, item]) => spoiled(item, random).map((bad) => ({ ...value, [key]: bad }))) : []
  return [random.pick(GARBAGE), ...inner]
}

const rules: Readonly<Record<string, (bad: KubeObject, good: KubeObject) => unknown>> = {
  replicasOf: (bad) => replicasOf(bad), componentsOf: (bad) => componentsOf(bad), withReplicas: (bad) => isDivisible(bad) && withReplicas(bad, 3), dependenciesOf: (bad) => dependenciesOf(bad), healthOf: (bad) => healthOf(bad), prunedForPropagation: (bad) => prunedForPropagation(bad), reflectedStatus: (bad) => reflectedStatus(bad),
  aggregateStatus: (bad, good) => aggregateStatus(good, [bad, good].map((object, i) => ({ cluster: `member${i}`, generation: 1, ...reflectedStatus(object) }))),
  fold: (bad, good) => [[bad, good], [good, bad]].map((copies) => fold({ group: groupOf(good.apiVersion!), kind: good.kind! }, copies.map((object, i) => ({ cluster: `member${i}`, object })), { uid: '', scalable: true })),
}

test.each(readdirSync(new URL('../../../test/cases/interpretation/', import.meta.url)).filter((file) => /^(?:aggregate|dependencies|health|reflect|replicas|retain|prune|thirdparty)\.json$/.test(file)))('%s', (file) => {
  const random = new Seeded(), thrown = new Set<string>()
  for (const good of objectsIn(recordedCases(`interpretation/${file}`))) for (const part of ['spec', 'status']) for (const bad of spoiled(good[part], random)) for (const [name, rule] of Object.entries(rules)) {
    try { rule({ ...good, [part]: bad }, good) } catch (error) { if (!(error instanceof StatusError)) thrown.add(`${name} of ${good.kind!} with ${part} ${JSON.stringify(bad)}: ${String(error)}`) }
  }
  expect([...thrown], `SEED=${random.seed}`).toEqual([])
})
