/** The thread in which expressions of users run: one that does not end is ended with it. */
import { parentPort } from 'node:worker_threads'
import { parseJson } from '../../meta/json.ts'
import type { CelAnswers, CelReply, CelTask } from './cel-task.ts'
import { CompiledPolicy } from './policy-expressions.ts'
import { ValidationRules } from './validation-rules.ts'

const port = parentPort!, rules = new Map<string, ValidationRules>(), policies = new Map<string, CompiledPolicy>()
const send = (reply: CelReply) => { port.postMessage(reply) }

port.on('message', (task: CelTask) => {
  try { send({ answer: answer(task) }) } catch (error) { send({ error: (error as Error).message }) }
})
send({ ready: true })

function answer(task: CelTask): CelAnswers[keyof CelAnswers] {
  switch (task.type) {
    case 'defineRules': {
      const made = new ValidationRules(task.schema)
      rules.set(task.key, made)
      return made.errors
    }
    case 'rules': return rules.get(task.key)!.validate(parseJson(task.object), task.old === undefined ? undefined : parseJson(task.old))
    case 'definePolicy': {
      const made = new CompiledPolicy(task.policy)
      policies.set(task.key, made)
      return made.errors
    }
    case 'policy': return policies.get(task.key)!.evaluate(parseJson(task.variables) as Record<string, unknown>)
    default: return rules.delete(task.key) || policies.delete(task.key)
  }
}
