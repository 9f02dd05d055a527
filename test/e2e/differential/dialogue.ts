/** One sequence, asked of two servers at once, answer by answer. */
import { load } from 'js-yaml'
import { Conversation, variablesOf, type Step, type Surroundings } from '../../conformance/conversation.ts'
import { differences, type Difference } from '../../conformance/difference.ts'
import type { Client } from '../../conformance/exchange.ts'
import { lookup } from '../../conformance/lookup.ts'
import type { JsonObject } from '../../../src/machinery/meta/json-value.ts'
import { list, WIDGETS, type Sequence } from './requests.ts'

export interface Sides { readonly theirs: Client; readonly ours: Client; readonly host: Surroundings }
export interface Outcome { readonly step: string; readonly request: Step['request']; readonly differences: readonly Difference[] }

const AT_LAST = 'what there is at last'

/** Both conversations use the same namespaces, of the host. A last step lists what a sequence of widgets has left. */
export async function compare(sequence: Sequence, { theirs, ours, host }: Sides): Promise<Outcome[]> {
  const named = Object.entries(sequence).map(([step, request]): [string, Step] => [step, { ...request, describe: step, ...(request.request && { capture: step }) }])
  if (JSON.stringify(sequence).includes(WIDGETS)) named.push([AT_LAST, list()])
  const script = { steps: named.map(([, step]) => step) }, variables = variablesOf(script), there: Surroundings = { send: host.send.bind(host), makeNamespace: () => {} }
  for (const [name, value] of variables) if (name !== 'x') await host.makeNamespace(value)
  const sides = [new Conversation(script, theirs, there, variables), new Conversation(script, ours, there, variables)] as const
  try {
    const outcomes: Outcome[] = []
    for (const [name, step] of named) {
      const [want, got] = await Promise.all(sides.map((side) => answerOf(side, step)))
      outcomes.push({ step: name, request: step.request, differences: differences(want, got) })
    }
    const order = differences(sides[0].normaliser.order(), sides[1].normaliser.order(), 'order of resource versions')
    return order.length > 0 ? [...outcomes, { step: 'resource versions', request: undefined, differences: order }] : outcomes
  } finally {
    for (const side of sides) side.end()
  }
}

/** With the broken rules that it shows. */
async function answerOf(side: Conversation, step: Step): Promise<unknown> {
  side.normaliser.problems = []
  try {
    const answer = onceEach(readable(await side.step(step)))
    return side.normaliser.problems.length > 0 ? { ...answer, problems: side.normaliser.problems } : answer
  } catch (error) {
    return { failed: (error as Error).message }
  }
}

/** YAML says the same in several ways. */
function readable(answer: JsonObject): JsonObject {
  const { text, ...rest } = answer
  return typeof text === 'string' && lookup(answer, 'headers.Content-Type') === 'application/yaml' ? { ...rest, body: load(text) } : answer
}

/** The handler of definitions validates metadata of an update twice or three times, and tells each cause as often. */
function onceEach(answer: JsonObject): JsonObject {
  const causes = lookup(answer, 'body.details.causes')
  if (Array.isArray(causes)) causes.splice(0, causes.length, ...new Map(causes.map((cause: unknown) => [JSON.stringify(cause), cause])).values())
  return answer
}
