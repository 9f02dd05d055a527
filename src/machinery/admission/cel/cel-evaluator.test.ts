import { afterAll, expect, test } from 'vitest'
import type { JsonSchema } from '../../meta/json-schema.ts'
import { parseJson } from '../../meta/json.ts'
import { CelAborted, CelEvaluator } from './cel-evaluator.ts'

const evaluator = new CelEvaluator({ deadlineMs: 300 }), { signal } = new AbortController()
afterAll(() => evaluator.close())
const schema = (rule: string): JsonSchema => ({ type: 'object', properties: { n: { type: 'integer' }, list: { type: 'array', items: { type: 'integer' } } }, 'x-kubernetes-validations': [{ rule, message: 'no' }] })
const POSITIVE = schema('self.n > 0'), ENDLESS = schema('self.list.all(a, self.list.all(b, self.list.all(c, self.list.all(d, a + b + c + d >= 0))))')

test('rules run in their thread, and numbers keep every digit', async () => {
  expect(await evaluator.validate(POSITIVE, { n: 1 }, undefined, signal)).toEqual({ errors: [], warnings: [] })
  expect((await evaluator.validate(POSITIVE, { n: 0 }, undefined, signal)).errors).toEqual([{ type: 'FieldValueInvalid', field: '<nil>', message: 'Invalid value: no' }])
  expect((await evaluator.validate(schema('self.n == 9007199254740993'), parseJson('{"n":9007199254740993}'), undefined, signal)).errors).toEqual([])
})

test('one that does not end is ended, and others go on', async () => {
  const endless = evaluator.validate(ENDLESS, { list: Array.from({ length: 1000 }, (_, i) => i) }, undefined, signal), next = evaluator.validate(POSITIVE, { n: 1 }, undefined, signal)
  expect((await endless).errors.map(({ message }) => message)).toEqual(['Invalid value: "object": validation failed due to running out of cost budget, no further validation rules will be run'])
  expect((await next).errors).toEqual([])
})

test('mistakes are known when a schema is defined', async () => {
  expect(await evaluator.ruleErrors(POSITIVE, signal)).toEqual([])
  expect((await evaluator.ruleErrors(schema('self.m > 0'), signal)).map(({ field }) => field)).toEqual(['x-kubernetes-validations[0].rule'])
  expect(await evaluator.ruleErrors({ type: 'object' }, signal)).toEqual([])
})

test('policies', async () => {
  const policy = {
    conditions: [{ name: 'not-system', expression: "!request.userInfo.username.startsWith('system:')" }], variables: [{ name: 'replicas', expression: 'object.spec.replicas' }, { name: 'twice', expression: 'variables.replicas * 2' }],
    validations: [{ expression: 'variables.twice <= 10', messageExpression: "'twice is ' + string(variables.twice)" }, { expression: 'object.spec.missing > 1' }],
  }
  const given = (username: string, replicas: number) => ({ request: { userInfo: { username } }, object: { spec: { replicas } } })
  expect((await evaluator.evaluate(policy, given('system:x', 9), signal)).matched).toBe(false)
  expect((await evaluator.evaluate(policy, given('alice', 9), signal)).decisions.map(({ message, error }) => message ?? error)).toEqual(['twice is 18', "expression 'object.spec.missing > 1' resulted in error: no such key: missing"])
  expect((await evaluator.evaluate({ ...policy, conditions: [{ name: 'broken', expression: 'object.nothing' }] }, given('alice', 1), signal)).conditionErrors).toEqual(["expression 'object.nothing' resulted in error: no such key: nothing"])
  const endless = { conditions: [], variables: [], validations: [{ expression: 'object.all(a, object.all(b, object.all(c, object.all(d, a + b + c + d >= 0))))' }] }
  await expect(evaluator.evaluate(endless, { object: Array.from({ length: 1000 }, (_, i) => i) }, signal)).rejects.toThrow(CelAborted)
  await evaluator.forget(policy, signal)
  expect((await evaluator.evaluate(policy, given('alice', 1), signal)).decisions.length).toBe(1)
})
