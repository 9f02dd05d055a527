import { expect, test } from 'vitest'
import type { Handler, Request, Response } from '../machinery/meta/core.ts'
import { Faults } from './faults.ts'
import { SimulatedClock } from './simulated-clock.ts'

const request: Request = { method: 'GET', path: '/readyz', query: new URLSearchParams(), headers: [] }
const ok: Handler = () => Promise.resolve({ status: 200, headers: [], body: Buffer.from('ok') })

function faulty(handler: Handler = ok) {
  const clock = new SimulatedClock(), faults = new Faults('https://member1.simulated', clock), signal = new AbortController()
  return { clock, faults, signal, call: () => faults.wrap(handler)(request, signal.signal) }
}

/** What has become of a promise by now. */
async function outcome<T>(promise: Promise<T>): Promise<T | 'waiting' | Error> {
  return Promise.race([promise.catch((error: unknown) => error as Error), new Promise<'waiting'>((resolve) => { setTimeout(() => resolve('waiting'), 10) })])
}

const endless: Handler = (_request, signal) => Promise.resolve({
  status: 200, headers: [],
  body: (async function* chunks() {
    yield Buffer.from('first')
    await new Promise<void>((resolve) => { signal.addEventListener('abort', () => resolve(), { once: true }) })
  })(),
})
const streamOf = (response: Response) => (response.body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]()

test('healthy: nothing is touched', async () => {
  expect(await faulty().call()).toMatchObject({ status: 200, body: Buffer.from('ok') })
})

test('paused: requests wait and go on after healing', async () => {
  const { call, faults } = faulty()
  faults.pause()
  const answer = call()
  expect(await outcome(answer)).toBe('waiting')
  faults.heal()
  expect(await answer).toMatchObject({ status: 200 })
})

test('paused: a caller can give up', async () => {
  const { call, faults, signal } = faulty()
  faults.pause()
  const answer = call()
  signal.abort(new Error('gave up'))
  await expect(answer).rejects.toThrow('gave up')
})

test('refused: as a dead process, and streams are cut', async () => {
  const { call, faults } = faulty(endless), stream = streamOf(await call())
  expect((await stream.next()).value).toEqual(Buffer.from('first'))
  const next = stream.next()
  faults.refuse()
  await expect(next).rejects.toThrow('https://member1.simulated: connection refused')
  await expect(call()).rejects.toMatchObject({ reason: 'ServiceUnavailable' })
  faults.heal()
  expect((await call()).status).toBe(200)
})

test('cut streams end with an error; new ones work', async () => {
  const { call, faults } = faulty(endless), stream = streamOf(await call())
  await stream.next()
  const next = stream.next()
  faults.cutStreams()
  await expect(next).rejects.toThrow('closed the connection')
  expect((await streamOf(await call()).next()).value).toEqual(Buffer.from('first'))
})

test('latency passes on the clock', async () => {
  const { call, faults, clock } = faulty()
  faults.latencyMs = 500
  const answer = call()
  await clock.advance(400)
  expect(await outcome(answer)).toBe('waiting')
  await clock.advance(100)
  expect(await answer).toMatchObject({ status: 200 })
})
