/** The same requests to a kube-apiserver that has our definitions as custom resources, and to this server, live: every answer must agree. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Difference } from '../../conformance/difference.ts'
import { Seeded } from '../../suites/seeded.ts'
import { describeFleet } from '../fleet-bed.ts'
import { compare, type Outcome } from './dialogue.ts'
import { ACCEPTED, EXCEPTIONS, type Rule } from './exceptions.ts'
import { randomSequence } from './random-sequence.ts'
import type { Sequence } from './requests.ts'
import { SEQUENCES } from './sequences/all.ts'
import { startServers, type Servers } from './servers.ts'

const needed = new Set<Rule>()

function isMeant({ path, want, got }: Difference): boolean {
  // A list's own version is the store's, which other sequences move meanwhile: only sometimes is it that of an object that was seen.
  if (path === 'body.metadata.resourceVersion' && (want === OF_NOBODY || got === OF_NOBODY)) return true
  const rule = ACCEPTED.find((accepted) => accepted.path.test(path) && (!('want' in accepted) || accepted.want === want) && (!('got' in accepted) || accepted.got === got) && (!accepted.otherwise || (typeof got === 'string' && accepted.otherwise(got) === want)))
  if (rule) needed.add(rule)
  return rule !== undefined
}

/** As the normaliser calls a version that no object had. */
const OF_NOBODY = '<rv:*>'
const RANDOM_SEQUENCES = 12, RANDOM_LENGTH = 30, USUAL_SEED = 1_811_813_291
const LENGTH_MAX = 400, SHOWN_MAX = 6, TELLING = /^(?:status|body\.message)$/
const short = (value: unknown) => (JSON.stringify(value) ?? 'undefined').slice(0, LENGTH_MAX)

/** For the reader of a failure: what was asked, and each answer where they part. */
const told = ({ step, request, differences }: Outcome) => [
  `${step}: ${request?.method} ${request?.path} ${short({ ...request, method: undefined, path: undefined })}`,
  ...differences.toSorted((a, b) => Number(TELLING.test(b.path)) - Number(TELLING.test(a.path))).slice(0, SHOWN_MAX).map(({ path, want, got }) => `  ${path}\n    theirs ${short(want)}\n    ours   ${short(got)}`),
].join('\n')

describeFleet('a kube-apiserver and this server answer the same', () => {
  let servers: Servers, requests = 0
  beforeAll(async () => { servers = await startServers() }, 120_000)
  afterAll(async () => {
    console.log(`${requests} requests were sent to each side`)
    await servers.stop()
  }, 120_000)

  async function disagreements(sequence: Sequence, exceptions: ReadonlyMap<string, string> = new Map()): Promise<string[]> {
    const sides = servers.sides(), listed = new Map(exceptions), wrong: string[] = []
    try {
      for (const { step, request, differences } of await compare(sequence, sides)) {
        const found = differences.filter((difference) => !isMeant(difference)), why = listed.get(step)
        if (request) requests++
        if (found.length > 0 && why === undefined) wrong.push(told({ step, request, differences: found }))
        if (found.length === 0 && why !== undefined) wrong.push(`${step}: agrees now, so take it off the list (${why})`)
        listed.delete(step)
      }
    } finally {
      sides.close()
    }
    for (const step of listed.keys()) wrong.push(`${step}: is an exception, and there is no such step`)
    return wrong
  }

  describe.concurrent('written', () => {
    test.each(Object.entries(SEQUENCES))('%s', async (name, sequence) => { expect(await disagreements(sequence, EXCEPTIONS.get(name))).toEqual([]) })
  })

  // The same ones in every run, so that a change is judged by its own faults; SEED=… asks others.
  const { seed } = new Seeded(Number(process.env['SEED'] ?? USUAL_SEED))
  describe.concurrent('random', () => {
    test.each(Array.from({ length: RANDOM_SEQUENCES }, (_, i) => seed + i))('SEED=%i', async (own) => { expect(await disagreements(randomSequence(new Seeded(own), RANDOM_LENGTH))).toEqual([]) })
  })

  test('every exception is of use', () => {
    expect([...EXCEPTIONS.keys()].filter((name) => !(name in SEQUENCES))).toEqual([])
    expect(ACCEPTED.filter((rule) => !needed.has(rule)).map(({ path, why }) => `${path}: ${why}`)).toEqual([])
  })
})
