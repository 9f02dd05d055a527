import { describe, expect, test } from 'vitest'
import type { Clock } from '../../lib/clock.ts'
import type { Batch, Handler, Request, Response } from '../meta/core.ts'
import { isReason, StatusError } from '../meta/status-error.ts'
import { RemoteReader } from './remote-reader.ts'

const KIND = { group: 'apps', version: 'v1', plural: 'deployments' }, signal = new AbortController().signal
const object = (name: string, version: number) => ({ metadata: { name, namespace: 'shop', resourceVersion: String(version) }, spec: { text: '\u2028' } })
const json = (value: unknown, status = 200): Response => ({ status, headers: [], body: Buffer.from(JSON.stringify(value)) })
const stream = (...chunks: string[]): Response => ({ status: 200, headers: [], body: (async function* () { for (const chunk of chunks) { await Promise.resolve(); yield Buffer.from(chunk) } })() })
const line = (type: string, it: unknown) => `${JSON.stringify({ type, object: it })}\n`
const asked: string[] = []
const answering = (...answers: ((request: Request) => Response)[]): Handler => {
  asked.length = 0
  return (request) => {
    asked.push(decodeURIComponent(`${request.path}?${request.query.toString()}`))
    return Promise.resolve(answers.shift()!(request))
  }
}
/** The empty batch with which a watch says that the server is there. */
const CONNECTED = ''
const collect = async (batches: AsyncIterable<Batch>) => {
  const seen: string[] = []
  for await (const batch of batches) seen.push(batch.map((change) => (change.type === 'BOOKMARK' ? `BOOKMARK@${change.position}${change.initial ? ' initial' : ''}` : `${change.type} ${change.entry.key}@${change.position}`)).join(', '))
  return seen
}

describe('list', () => {
  test('follows continue tokens, wherever metadata stands', async () => {
    const handler = answering(
      () => json({ kind: 'DeploymentList', apiVersion: 'apps/v1', metadata: { resourceVersion: '9', continue: 't1' }, items: [object('a', 1)] }),
      () => json({ items: [object('b', 2)], metadata: { resourceVersion: '9' } }))
    const page = await new RemoteReader(KIND, handler, { labelSelector: 'x=y' }).list({}, signal)
    expect(Array.from(page.entries, ({ key }) => key)).toEqual(['shop/a', 'shop/b'])
    expect([page.position, page.next]).toEqual(['9', undefined])
    expect(asked).toEqual(['/apis/apps/v1/deployments?labelSelector=x=y&limit=500', '/apis/apps/v1/deployments?labelSelector=x=y&limit=500&continue=t1'])
  })

  test('begins again in one response when the snapshot of its pages is gone', async () => {
    const handler = answering(
      () => json({ metadata: { resourceVersion: '9', continue: 't1' }, items: [object('gone', 1)] }), () => json(StatusError.expired('too old').status(), 410), () => json({ metadata: { resourceVersion: '12' }, items: [object('b', 2)] }))
    const page = await new RemoteReader(KIND, handler).list({}, signal)
    expect([Array.from(page.entries, ({ key }) => key), page.position]).toEqual([['shop/b'], '12'])
  })

  test('a page of one namespace at a position, and a core kind', async () => {
    const handler = answering(() => json({ metadata: { resourceVersion: '9', continue: 't', remainingItemCount: 3 }, items: null }))
    const page = await new RemoteReader({ group: '', version: 'v1', plural: 'pods' }, handler).list({ namespace: 'shop', name: 'a', limit: 2, at: { position: '8', match: 'exact' } }, signal)
    expect(page.next).toEqual({ after: 't', remaining: 3 })
    expect(asked).toEqual(['/api/v1/namespaces/shop/pods?fieldSelector=metadata.name=a&limit=2&resourceVersion=8&resourceVersionMatch=Exact'])
  })

  test('what is not Kubernetes is named', async () => {
    await expect(new RemoteReader(KIND, answering(() => json('hello'))).list({}, signal)).rejects.toThrow(/Kubernetes API server/)
    await expect(new RemoteReader(KIND, answering(() => json({ kind: 'Status', metadata: {} }))).list({}, signal)).rejects.toThrow(/the answer is no list/)
    await expect(new RemoteReader(KIND, answering(() => ({ status: 502, headers: [], body: Buffer.from('<html>bad\n gateway') }))).list({}, signal)).rejects.toThrow('the server answered 502: <html>bad gateway')
  })
})

describe('watch', () => {
  test('state, bookmark, then changes cut wherever the bytes were; a partial line is dropped', async () => {
    const events = line('ADDED', object('b', 10)) + line('MODIFIED', object('a', 11)) + line('BOOKMARK', { metadata: { resourceVersion: '15' } }) + line('DELETED', object('a', 16)), at = events.indexOf('MODIFIED') + 4
    const handler = answering(() => json({ metadata: { resourceVersion: '9' }, items: [object('a', 1)] }), () => stream(events.slice(0, at), events.slice(at), '{"type":"ADDED","obj'))
    expect(await collect(new RemoteReader(KIND, handler).watch({ initial: true }, signal))).toEqual([
      'ADDED shop/a@1', 'BOOKMARK@9 initial', CONNECTED, 'ADDED shop/b@10', 'MODIFIED shop/a@11, BOOKMARK@15, DELETED shop/a@16'])
    expect(asked[1]).toBe('/apis/apps/v1/deployments?watch=true&allowWatchBookmarks=true&resourceVersion=9')
  })

  test('without a position it asks for the present one, because resourceVersion unset would replay the state', async () => {
    const handler = answering(() => json({ metadata: { resourceVersion: '9' }, items: [] }), () => stream(line('ADDED', object('b', 10))))
    expect(await collect(new RemoteReader(KIND, handler).watch({}, signal))).toEqual([CONNECTED, 'ADDED shop/b@10'])
    expect(asked[0]).toContain('limit=1')
  })

  test('an ERROR event is thrown behind what came before it', async () => {
    const handler = answering(() => stream(line('ADDED', object('b', 10)) + line('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' }))), seen: Batch[] = []
    const error = await (async () => { for await (const batch of new RemoteReader(KIND, handler).watch({ at: { position: '3', match: 'notOlder' } }, signal)) seen.push(batch) })().catch((it: unknown) => it)
    expect([isReason(error, 'Expired'), seen.flat().length]).toEqual([true, 1])
  })

  describe('streamed', () => {
    const STATE = '/apis/apps/v1/deployments?watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan', end = line('BOOKMARK', { metadata: { resourceVersion: '9', annotations: { 'k8s.io/initial-events-end': 'true' } } })
    test('state and changes are one stream', async () => {
      const handler = answering(() => stream(line('ADDED', object('a', 1)), end + line('ADDED', object('b', 10))))
      expect(await collect(new RemoteReader(KIND, handler, { streamed: true }).watch({ initial: true }, signal))).toEqual([CONNECTED, 'ADDED shop/a@1', 'BOOKMARK@9 initial, ADDED shop/b@10'])
      expect(asked).toEqual([STATE])
    })

    test('a server that refuses is never asked so again', async () => {
      const list = () => json({ metadata: { resourceVersion: '9' }, items: [object('a', 1)] }), reader = new RemoteReader(KIND, answering(() => json(new StatusError('Invalid', 'resourceVersionMatch is forbidden for watch').status(), 422), list, () => stream(), list, () => stream()), { streamed: true })
      for (let i = 0; i < 2; i++) expect(await collect(reader.watch({ initial: true }, signal))).toEqual(['ADDED shop/a@1', 'BOOKMARK@9 initial', CONNECTED])
      expect(asked.filter((it) => it === STATE)).toHaveLength(1)
    })

    test.each([[400, 'BadRequest'], [403, 'Forbidden'], [405, 'MethodNotAllowed']] as const)('nor is one that answers %i', async (_, reason) => {
      const reader = new RemoteReader(KIND, answering(() => json(new StatusError(reason, 'no').status(), 400), () => json({ metadata: { resourceVersion: '9' }, items: [] }), () => stream()), { streamed: true })
      expect(await collect(reader.watch({ initial: true }, signal))).toEqual(['', 'BOOKMARK@9 initial', CONNECTED])
    })

    test('one that does not answer is asked for pages once', async () => {
      const reader = new RemoteReader(KIND, answering(() => { throw StatusError.unavailable('no answer in time') }, () => json({ metadata: { resourceVersion: '9' }, items: [] }), () => stream(), () => stream(end)), { streamed: true })
      await expect(collect(reader.watch({ initial: true }, signal))).rejects.toMatchObject({ reason: 'ServiceUnavailable' })
      for (const expected of [['', 'BOOKMARK@9 initial', CONNECTED], [CONNECTED, 'BOOKMARK@9 initial']]) expect(await collect(reader.watch({ initial: true }, signal))).toEqual(expected)
    })

    test('after one that ended before its state was whole, pages are tried once, then streams again', async () => {
      const reader = new RemoteReader(KIND, answering(() => stream(line('ADDED', object('a', 1))), () => json({ metadata: { resourceVersion: '9' }, items: [] }), () => stream(), () => stream(end)), { streamed: true })
      expect(await collect(reader.watch({ initial: true }, signal))).toEqual([CONNECTED, 'ADDED shop/a@1'])
      expect(await collect(reader.watch({ initial: true }, signal))).toEqual(['', 'BOOKMARK@9 initial', CONNECTED])
      expect(await collect(reader.watch({ initial: true }, signal))).toEqual([CONNECTED, 'BOOKMARK@9 initial'])
    })

    test('other errors are thrown, and how much has come is told', async () => {
      const handler = answering(() => json(StatusError.unauthorized().status(), 401), () => stream(line('ADDED', object('a', 1)), line('ADDED', object('b', 2)))), reader = () => new RemoteReader(KIND, handler, { streamed: true, onStateBytes: (bytes) => { if (bytes > 150) throw new Error(`${bytes} are too many`) } })
      await expect(collect(reader().watch({ initial: true }, signal))).rejects.toMatchObject({ reason: 'Unauthorized' })
      await expect(collect(reader().watch({ initial: true }, signal))).rejects.toThrow(/^\d+ are too many/)
    })
  })

  test('a stream that is silent for too long is broken off, and what was missed is to be read anew', async () => {
    let now = 0
    const clock: Clock = { now: () => now, sleep: (ms) => { now += ms; return new Promise((resolve) => { setImmediate(resolve) }) } }
    const handler: Handler = (_, stop) => Promise.resolve({ status: 200, headers: [], body: (async function* () {
      yield Buffer.from(line('ADDED', object('b', 10)))
      await new Promise((_resolve, reject) => { stop.addEventListener('abort', () => reject(new Error('aborted'))) })
    })() })
    const seen: Batch[] = [], watching = (async () => { for await (const batch of new RemoteReader(KIND, handler, { clock }).watch({ at: { position: '3', match: 'notOlder' } }, signal)) seen.push(batch) })()
    await expect(watching).rejects.toMatchObject({ reason: 'Expired', message: '/apis/apps/v1/deployments: the watch was silent for 90 s' })
    expect([seen.flat().length, now >= 90_000]).toEqual([1, true])
  })

  test('what had come while this process was busy is no silence', async () => {
    let now = 0, arrive = () => {}, end = () => {}
    const arrived = new Promise<void>((resolve) => { arrive = resolve }), ended = new Promise<void>((resolve) => { end = resolve })
    // The timer goes off first, late; what has arrived is read behind it.
    const clock: Clock = { now: () => now, sleep: async (ms, stop) => {
      if (now > 0) { arrive(); await new Promise((resolve) => { setImmediate(resolve) }); if (now < 300_000) return; end(); await new Promise<void>((resolve) => { stop?.addEventListener('abort', () => resolve()) }) }
      now += ms + 200_000
    } }
    const handler: Handler = () => Promise.resolve({ status: 200, headers: [], body: (async function* () {
      await arrived
      yield Buffer.from(line('ADDED', object('b', 10)))
      now = 300_000
      await ended
      yield Buffer.from(line('ADDED', object('c', 11)))
    })() })
    expect(await collect(new RemoteReader(KIND, handler, { clock }).watch({ at: { position: '3', match: 'notOlder' } }, signal))).toEqual([CONNECTED, 'ADDED shop/b@10', 'ADDED shop/c@11'])
  })
})
