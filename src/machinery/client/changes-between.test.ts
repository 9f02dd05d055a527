import { expect, test } from 'vitest'
import type { Handler, Response } from '../meta/core.ts'
import { StatusError } from '../meta/status-error.ts'
import { changesBetween } from './changes-between.ts'
import { RemoteReader } from './remote-reader.ts'

const { kind } = new RemoteReader({ group: '', version: 'v1', plural: 'pods' }, () => Promise.reject(new Error('nobody is asked'))), { signal } = new AbortController(), checks = { object: () => {}, version: () => {} }
const object = (name: string, version: number, text = '') => ({ metadata: { name, namespace: 'shop', resourceVersion: String(version) }, text })
const line = (type: string, it: unknown) => `${JSON.stringify({ type, object: it })}\n`, bookmark = (version: number) => line('BOOKMARK', { metadata: { resourceVersion: String(version) } })
const json = (value: unknown, status = 200): Response => ({ status, headers: [], body: Buffer.from(JSON.stringify(value)) })

/** Watches tell `lines` and go on; lists answer what there was at the version that is asked for. */
function server(lines: readonly string[], { before = [], isOpen = false }: { readonly before?: readonly ReturnType<typeof object>[]; readonly isOpen?: boolean } = {}) {
  const asked: string[] = [], handler: Handler = ({ path, query }, inner) => {
    asked.push(`${path}?${decodeURIComponent(query.toString())}`)
    if (!query.has('watch')) return Promise.resolve(json({ kind: 'PodList', metadata: { resourceVersion: query.get('resourceVersion') }, items: before.filter(({ metadata: { name } }) => (query.get('fieldSelector') ?? `metadata.name=${name}`) === `metadata.name=${name}`) }))
    return Promise.resolve({ status: 200, headers: [], body: (async function* () {
      for (const text of lines) yield Buffer.from(text)
      if (isOpen) await new Promise((resolve) => { inner.addEventListener('abort', resolve) })
    })() })
  }
  const between = (max = 100) => changesBetween(kind, handler, { from: '10', until: '20', max, checks }, signal)
  return { asked, between, texts: async () => (await between())?.map(({ type, entry, position, previous }) => `${type} ${entry.key}@${position}${previous ? ` was ${previous.position}` : ''}`) }
}

test('all that came in between, with what was there before it; the watch is left once something newer says that this was all', async () => {
  const before = [object('a', 3), object('z', 4)], { asked, texts } = server([line('ADDED', object('b', 11)), line('MODIFIED', object('a', 12)), line('MODIFIED', object('b', 13)), line('DELETED', object('b', 14)), line('DELETED', object('z', 15)), line('ADDED', object('b', 19)), line('MODIFIED', object('a', 21))], { before, isOpen: true })
  expect(await texts()).toEqual(['ADDED shop/b@11', 'MODIFIED shop/a@12 was 3', 'MODIFIED shop/b@13 was 11', 'DELETED shop/b@14 was 13', 'DELETED shop/z@15 was 15', 'ADDED shop/b@19'])
  expect(asked).toEqual(['/api/v1/pods?watch=true&allowWatchBookmarks=true&resourceVersion=10&timeoutSeconds=3', '/api/v1/namespaces/shop/pods?fieldSelector=metadata.name=a&limit=500&resourceVersion=10&resourceVersionMatch=Exact'])
})

test.each([['a change at the end itself', line('MODIFIED', object('b', 20)), 2], ['a bookmark there', bookmark(20), 1], ['a later bookmark', bookmark(999), 1]])('%s says so, too', async (_, last, count) => {
  expect(await server([line('ADDED', object('b', 11)), last], { isOpen: true }).texts()).toHaveLength(count)
})

test.each([['ends', []], ['ends behind changes', [line('ADDED', object('b', 11))]], ['ends behind a bookmark that is too early', [bookmark(19)]]])('a watch that %s says nothing', async (_, lines) => {
  expect(await server(lines).between()).toBeUndefined()
})

test('more than is wanted is left', async () => {
  expect(await server([line('ADDED', object('b', 11)), line('MODIFIED', object('b', 12)), bookmark(20)], { isOpen: true }).between(1)).toBeUndefined()
})

test('of many that changed the state is read at once', async () => {
  const before = Array.from({ length: 30 }, (_, i) => object(`p${i}`, i + 1)), { asked, texts } = server([...before.map(({ metadata: { name } }) => line('MODIFIED', object(name, 11))), bookmark(20)], { before, isOpen: true })
  expect((await texts())?.every((text) => text.includes(' was '))).toBe(true)
  expect(asked.slice(1)).toEqual(['/api/v1/pods?limit=500&resourceVersion=10&resourceVersionMatch=Exact'])
})

test('a server that has forgotten says so', async () => {
  const handler: Handler = () => Promise.resolve(json(StatusError.expired('too old resource version: 10 (15)').status(), 410))
  await expect(changesBetween(kind, handler, { from: '10', until: '20', max: 100, checks }, signal)).rejects.toMatchObject({ reason: 'Expired' })
})
