/** Tables of every kind that a member serves, cell by cell against the member's own: by cluster, and merged from that member alone. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeFleet, FLEET, kubectl, raw } from './fleet-bed.ts'
import { kindsOf, type ListedKind } from './kinds-of-member.ts'
import { createOneOfEach } from './one-of-each.ts'
import type { RawObject } from './raw-client.ts'

const NAMESPACE = 'e2e-tables', MEMBER = 'member1', ACCEPT = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }, OF_MEMBER = `labelSelector=${encodeURIComponent(`cluster.federation/name=${MEMBER}`)}`
/** What kind of columns a fleet adds, as the last. */
const ADDED = /^Clusters?$/

interface Table { readonly columns: readonly string[]; readonly rows: ReadonlyMap<string, readonly unknown[]> }

function tableOf({ kind, columnDefinitions = [], rows = [] }: RawObject, { isFleet = false } = {}): Table {
  expect(kind).toBe('Table')
  const own = columnDefinitions.filter(({ name }) => !ADDED.test(name))
  expect(isFleet ? rows.map(({ cells }) => cells[own.length]).filter((cell) => cell !== '1/1' && cell !== MEMBER) : [], 'what the fleet adds').toEqual([])
  const columns = own.map(({ name, type, format, priority }) => `${name} ${type} ${format} ${priority}`)
  return { columns, rows: new Map(rows.map(({ cells, object }) => {
    const { name = '', namespace = '' } = object!.metadata as { name?: string; namespace?: string }
    return [`${namespace}/${withoutCluster(name)}`, cells.slice(0, own.length).map((cell) => (typeof cell === 'string' ? withoutCluster(cell) : cell))]
  })) }
}
/** `fast@member1 (default)`, too. */
const withoutCluster = (text: string) => text.replace(new RegExp(`@${MEMBER}(?= |$)`), '')

/** What was seen to be otherwise a moment later, in the member itself, is the same: ages, and what controllers are at. */
function differences(before: Table, fleet: Table, after: Table): string[] {
  const found = before.columns.join() === fleet.columns.join() ? [] : [`columns: ${fleet.columns.join()} instead of ${before.columns.join()}`]
  for (const [key, cells] of fleet.rows) {
    const [then, now] = [before.rows.get(key), after.rows.get(key)]
    if (!then && !now) found.push(`${key} is not there`)
    for (const [at, cell] of then && now ? cells.entries() : []) if (![then![at], now![at]].some((own) => JSON.stringify(own) === JSON.stringify(cell))) found.push(`${key} ${before.columns[at]}: ${JSON.stringify(cell)} instead of ${JSON.stringify(now![at])}`)
  }
  for (const key of before.rows.keys()) if (after.rows.has(key) && !fleet.rows.has(key)) found.push(`${key} is missing`)
  return found
}

describeFleet('tables', () => {
  let kinds: readonly ListedKind[] = []
  beforeAll(async () => {
    await createOneOfEach(MEMBER, NAMESPACE)
    kinds = await kindsOf(await raw('admin', MEMBER))
  }, 120_000)
  afterAll(async () => { await kubectl(MEMBER, `delete ns ${NAMESPACE} --wait=false`) })

  describe.each([['by cluster', `${FLEET}/by-cluster`], ['merged', FLEET]])('%s', (_, root) => {
    test('of every kind have the cells that the member gives', async () => {
      const [host, member] = await Promise.all([raw(), raw('admin', MEMBER)]), found: string[] = [], compared = new Set<string>()
      for (const { path, listPath, kind } of kinds) {
        const own = `${listPath(NAMESPACE)}?limit=500`, attempt = async () => {
          const before = tableOf((await member.get(own, ACCEPT)).body), fleet = tableOf((await host.get(`${root}${own}&${OF_MEMBER}`, ACCEPT)).body, { isFleet: true }), after = tableOf((await member.get(own, ACCEPT)).body)
          if (before.rows.size > 0) compared.add(kind)
          return differences(before, fleet, after)
        }
        // Once more where something was under way.
        const told = (await attempt()).length > 0 ? await attempt() : []
        found.push(...told.map((text) => `${path}: ${text}`))
      }
      expect(found).toEqual([])
      expect(compared.size, 'kinds that had objects').toBeGreaterThan(45)
    }, 120_000)
  })
})
