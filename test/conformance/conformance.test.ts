/** What a kube-apiserver answered for a custom resource, request by request, against the same kinds served here. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Conversation } from './conversation.ts'
import { differences, type Difference } from './difference.ts'
import { ACCEPTED, EXCEPTIONS, PENDING, PENDING_PATHS, UNMET_NEEDS } from './exceptions.ts'
import { recordedScripts, type RecordedScript, type RecordedStep } from './recorded-script.ts'
import { serveFixtures } from './served-kinds.ts'

const controller = new AbortController()
let open: Awaited<ReturnType<typeof serveFixtures>>
beforeAll(async () => { open = await serveFixtures(controller.signal) })
afterAll(() => { controller.abort() })

/** Features of `PENDING_PATHS` that some answer still lacks. */
const lacking = new Set<string>()
const scripts = recordedScripts().filter(({ needs = [] }) => !needs.some((need) => need in UNMET_NEEDS))

interface Outcome { readonly step: string; readonly differences: readonly Difference[] }

async function replay(script: RecordedScript): Promise<Outcome[]> {
  const { client, host, close } = await open(needsBuiltIn(script)), conversation = new Conversation(script, client, host), outcomes: Outcome[] = []
  try {
    await conversation.begin()
    for (const [index, step] of script.steps.entries()) {
      const found = await differ(conversation, step)
      if (index === script.steps.length - 1) found.push(...differences(script.rvOrder ?? 'ascending', conversation.normaliser.order(), 'order of resource versions'))
      if (!step.needs?.some((need) => need in UNMET_NEEDS)) outcomes.push({ step: step.describe ?? `${index + 1}`, differences: found.filter((difference) => counts(script.name, difference)) })
    }
    return outcomes
  } finally {
    conversation.end()
    await close()
  }
}

const needsBuiltIn = ({ needs = [], steps }: RecordedScript) => [...needs, ...steps.flatMap((step) => step.needs ?? [])].includes('built-in')

async function differ(conversation: Conversation, step: RecordedStep): Promise<Difference[]> {
  conversation.normaliser.problems = []
  try {
    const answer = await conversation.step(step)
    return [...differences(step.answer, answer), ...conversation.normaliser.problems.map((problem) => ({ path: 'rule', want: '', got: problem }))]
  } catch (error) {
    return [{ path: 'exchange', want: '', got: error instanceof Error ? error.message : error }]
  }
}

function counts(script: string, { path, want, got }: Difference): boolean {
  if (ACCEPTED.some((accepted) => (accepted.script ?? script) === script && accepted.path.test(path) && (accepted.want ?? want) === want && (accepted.got ?? got) === got)) return false
  const pending = PENDING_PATHS.find((candidate) => candidate.path.test(path))
  if (pending) lacking.add(pending.feature)
  return !pending
}

describe.concurrent('recorded', () => {
  test.each(scripts.map((script) => [script.name, script] as const))('%s', async (name, script) => {
    const listed = new Map([...Object.entries(EXCEPTIONS[name] ?? {}), ...Object.entries(PENDING).flatMap(([feature, steps]) => (steps[name] ?? []).map((step) => [step, feature] as const))]), wrong: unknown[] = []
    for (const { step, differences: found } of await replay(script)) {
      if (found.length > 0 && !listed.has(step)) wrong.push({ step, differences: found.slice(0, 8) })
      if (found.length === 0 && listed.has(step)) wrong.push({ step, 'agrees now, so take it off the list': listed.get(step) })
      listed.delete(step)
    }
    for (const step of listed.keys()) wrong.push({ step, 'is on a list': 'there is no such step that counts' })
    expect(wrong).toEqual([])
  })
})

test('what is called pending is pending', () => {
  expect(PENDING_PATHS.map(({ feature }) => feature).filter((feature) => !lacking.has(feature))).toEqual([])
})

test('exceptions name scripts that there are', () => {
  const names = [...Object.keys(EXCEPTIONS), ...Object.values(PENDING).flatMap((steps) => Object.keys(steps))]
  expect(names.filter((name) => !scripts.some((script) => script.name === name))).toEqual([])
})
