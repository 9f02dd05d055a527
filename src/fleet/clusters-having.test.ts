import { expect, test } from 'vitest'
import type { Handler } from '../machinery/meta/core.ts'
import { clustersHaving } from './clusters-having.ts'

const { signal } = new AbortController(), kind = { group: 'apps', version: 'v1', plural: 'deployments', namespaced: true }

/** `status` undefined: no answer. */
const member = (cluster: string, status: number | undefined, asked: string[] = []) => {
  const handler: Handler = ({ method, path }) => {
    asked.push(`${method} ${path}`)
    return status === undefined ? Promise.reject(new Error('connection refused')) : Promise.resolve({ status, headers: [], body: Buffer.from('{"kind":"Status","message":"no"}') })
  }
  return { cluster, handler }
}
const having = (statuses: Readonly<Record<string, number | undefined>>) => clustersHaving(kind, { namespace: 'shop', name: 'web' }, Object.entries(statuses).map(([cluster, status]) => member(cluster, status)), signal)

test.each<readonly [what: string, statuses: Readonly<Record<string, number | undefined>>, clusters: readonly string[]]>([
  ['those that have it, by name', { b: 200, c: 404, a: 200 }, ['a', 'b']],
  ['nobody has it', { a: 404, b: 404 }, []],
  ['a fleet without members', {}, []],
  ['who does not answer is left out', { a: undefined, b: 200, c: 403 }, ['b']],
  ['nobody who answers has it', { a: undefined, b: 404 }, []],
])('%s', async (_what, statuses, clusters) => { expect(await having(statuses)).toEqual(clusters) })

test('where none answers nothing is known', async () => {
  await expect(having({ a: undefined, b: 503 })).rejects.toMatchObject({ reason: 'ServiceUnavailable', message: 'cluster a did not answer: connection refused; cluster b did not answer: no' })
})

test('one request a member, by name', async () => {
  const asked: string[] = []
  await clustersHaving(kind, { namespace: 'shop', name: 'web' }, [member('a', 404, asked), member('b', 200, asked)], signal)
  expect(asked).toEqual(Array.from({ length: 2 }, () => 'GET /apis/apps/v1/namespaces/shop/deployments/web'))
})
