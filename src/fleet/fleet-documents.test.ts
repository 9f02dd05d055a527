import { expect, test } from 'vitest'
import type { Handler } from '../machinery/meta/core.ts'
import { header } from '../machinery/meta/headers.ts'
import { FleetDocuments } from './fleet-documents.ts'

const { signal } = new AbortController(), PATH = 'apis/example.com/v1'

/** A fleet of one member that has the documents `of`, and what that was asked for. `own`: paths of documents that the server has itself. */
function bed(of: { v2: string; v3: string; isDown?: boolean }, own: readonly string[] = []) {
  const asked: string[] = [], time = { now: 0 }
  const handler: Handler = ({ path, headers }) => {
    asked.push(path)
    if (of.isDown) return Promise.reject(new Error('down'))
    const answer = (body: object, status = 200, etag = '') => Promise.resolve({ status, headers: etag ? [['etag', etag] as const] : [], body: Buffer.from(JSON.stringify(body)) })
    if (path === '/openapi/v2') return header(headers, 'if-none-match') === `"${of.v2}"` ? answer({}, 304) : answer({ v2: of.v2 }, 200, `"${of.v2}"`)
    return path === '/openapi/v3' ? answer({ paths: { [PATH]: { serverRelativeURL: `/openapi/v3/${PATH}?hash=${of.v3}` } } }) : answer({ v3: of.v3 })
  }
  const kinds = [{ group: 'example.com', version: 'v1', kind: 'Gear', plural: 'gears', singular: 'gear', shortNames: [], categories: [], namespaced: true, verbs: [], subresources: [], preferred: true }]
  const documents = new FleetDocuments({ groups: () => [], clusters: () => ['m1'], member: () => ({ cluster: 'm1', handler, kinds }) }, { paths: () => own, v2: () => Promise.resolve({}), v3: () => Promise.resolve({ v3: 'own' }) }, { now: () => time.now, sleep: () => Promise.resolve() })
  return { asked, time, documents }
}

test.each(['v2', 'v3'] as const)('%s follows the member a moment later, and is read once while it stays', async (which) => {
  const of = { v2: 'a', v3: 'a' }, { asked, time, documents } = bed(of), read = () => (which === 'v2' ? documents.v2(signal) : documents.v3(PATH, signal))
  expect(await read()).toEqual({ [which]: 'a' })
  of[which] = 'b'
  expect(await read(), 'not asked for again at once').toEqual({ [which]: 'a' })
  time.now += 3000
  expect(await read()).toEqual({ [which]: 'b' })
  const before = asked.length
  time.now += 3000
  expect(await read()).toEqual({ [which]: 'b' })
  expect(asked.slice(before), 'nothing but whether it changed').toEqual([which === 'v2' ? '/openapi/v2' : '/openapi/v3'])
})

test('documents outlive the member that they came from', async () => {
  const of = { v2: 'a', v3: 'a', isDown: false }, { time, documents } = bed(of)
  await documents.v2(signal)
  of.isDown = true
  time.now += 3000
  expect(await documents.v2(signal)).toEqual({ v2: 'a' })
})

test('of what this server serves itself its own word counts, whatever members say', async () => {
  const { asked, documents } = bed({ v2: 'a', v3: 'a' }, [PATH])
  expect([await documents.v3(PATH, signal), asked]).toEqual([{ v3: 'own' }, []])
})
