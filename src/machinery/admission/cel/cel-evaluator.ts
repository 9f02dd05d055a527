import { Worker } from 'node:worker_threads'
import type { JsonSchema } from '../../meta/json-schema.ts'
import { stringifyJson } from '../../meta/json.ts'
import { type FieldError, fieldError } from '../../meta/status-error.ts'
import { hasRules } from '../../schema/validate-schema.ts'
import type { CelAnswers, CelReply, CelTask } from './cel-task.ts'
import type { PolicyExpressions, PolicyResult } from './policy-expressions.ts'
import type { RuleResult } from './validation-rules.ts'

export interface CelEvaluatorOptions {
  /** How long the expressions of one object may take. */
  readonly deadlineMs?: number
  /** How long a schema may take to compile. */
  readonly compileDeadlineMs?: number
}

/** An expression was ended from outside: it took too long, or too much memory. */
export class CelAborted extends Error {
  override readonly name = 'CelAborted'
}

/**
 * Runs expressions of users in a thread of its own, one task after the other, each with a deadline: the language ends every expression, but not soon.
 * The thread starts with the first task, and again after one that had to be ended; it does not keep the process alive.
 */
export class CelEvaluator {
  readonly #deadlineMs: number
  readonly #compileDeadlineMs: number
  readonly #keys = new WeakMap<object, string>()
  #nextKey = 1
  #thread: Thread | undefined
  #last: Promise<unknown> = Promise.resolve()

  constructor({ deadlineMs = 2000, compileDeadlineMs = 10_000 }: CelEvaluatorOptions = {}) {
    this.#deadlineMs = deadlineMs
    this.#compileDeadlineMs = compileDeadlineMs
  }

  /** What is wrong with the rules of a schema: to be told when a kind is defined. */
  async ruleErrors(schema: JsonSchema, signal: AbortSignal): Promise<readonly FieldError[]> {
    return hasRules(schema) ? this.#inTurn(() => this.#define<'defineRules'>(this.#keyOf(schema), { type: 'defineRules', key: this.#keyOf(schema), schema }), signal) : []
  }

  /** Rules of a schema that has some. One that does not end in time is an error of the object, as one that is too costly is for a kube-apiserver. */
  async validate(schema: JsonSchema, object: unknown, old: unknown, signal: AbortSignal): Promise<RuleResult> {
    const key = this.#keyOf(schema)
    try {
      return await this.#inTurn(async () => {
        await this.#define<'defineRules'>(key, { type: 'defineRules', key, schema })
        return this.#run<'rules'>({ type: 'rules', key, object: stringifyJson(object), old: old === undefined ? undefined : stringifyJson(old) }, this.#deadlineMs)
      }, signal)
    } catch (error) {
      if (!(error instanceof CelAborted)) throw error
      return { errors: [fieldError.invalid('<nil>', schema.type ?? '', 'validation failed due to running out of cost budget, no further validation rules will be run')], warnings: [] }
    }
  }

  /** The same `policy` object means the same policy. Errors: CelAborted. */
  evaluate(policy: PolicyExpressions, variables: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<PolicyResult> {
    const key = this.#keyOf(policy)
    return this.#inTurn(async () => {
      await this.#define<'definePolicy'>(key, { type: 'definePolicy', key, policy })
      return this.#run<'policy'>({ type: 'policy', key, variables: stringifyJson(variables) }, this.#deadlineMs)
    }, signal)
  }

  async close(): Promise<void> {
    const thread = this.#thread
    this.#thread = undefined
    await thread?.close()
  }

  /** Frees what the thread keeps of a schema or policy that is no more. */
  async forget(definition: object, signal: AbortSignal): Promise<void> {
    const key = this.#keys.get(definition)
    if (key === undefined) return
    await this.#inTurn(async () => { if (this.#thread?.known.delete(key)) await this.#run<'forget'>({ type: 'forget', key }, this.#deadlineMs) }, signal)
  }

  #keyOf(definition: object): string {
    const known = this.#keys.get(definition)
    if (known !== undefined) return known
    const key = String(this.#nextKey++)
    this.#keys.set(definition, key)
    return key
  }

  /** The deadline of a task counts from its own beginning, not from that of those before it. */
  async #inTurn<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const before = this.#last
    const mine = before.then(() => { signal.throwIfAborted(); return task() })
    this.#last = mine.catch(() => undefined)
    return mine
  }

  async #define<K extends 'defineRules' | 'definePolicy'>(key: string, task: Extract<CelTask, { type: K }>): Promise<CelAnswers[K]> {
    const { known } = await this.#started()
    if (!known.has(key)) known.set(key, await this.#run<K>(task, this.#compileDeadlineMs))
    return known.get(key) as CelAnswers[K]
  }

  async #run<K extends CelTask['type']>(task: Extract<CelTask, { type: K }>, deadlineMs: number): Promise<CelAnswers[K]> {
    const thread = await this.#started()
    return (await thread.run(task, deadlineMs)) as CelAnswers[K]
  }

  #started(): Promise<Thread> {
    if (!this.#thread || this.#thread.isOver) this.#thread = new Thread()
    const thread = this.#thread
    return thread.ready.then(() => thread)
  }
}

const START_MS = 20_000

/** One task at a time. */
class Thread {
  readonly #worker = new Worker(new URL('./cel-worker.ts', import.meta.url), { name: 'cel', resourceLimits: { maxOldGenerationSizeMb: 256 } })
  /** What has been defined in it, with the answers. */
  readonly known = new Map<string, unknown>()
  readonly ready: Promise<unknown>
  isOver = false
  #waiting: { readonly resolve: (reply: CelReply) => void; readonly reject: (error: Error) => void } | undefined

  constructor() {
    this.#worker.on('message', (reply: CelReply) => { this.#waiting?.resolve(reply) })
    this.#worker.on('error', (error) => { this.#end(error instanceof Error ? error.message : String(error)) })
    this.#worker.on('exit', () => { this.#end('the thread ended') })
    this.ready = this.#reply(START_MS).finally(() => { this.#worker.unref() })
  }

  async run(task: CelTask, deadlineMs: number): Promise<unknown> {
    const reply = this.#reply(deadlineMs)
    // oxlint-disable-next-line require-post-message-target-origin -- a thread, not a window
    this.#worker.postMessage(task)
    const answer = await reply
    if ('error' in answer) throw new Error(answer.error)
    return 'answer' in answer ? answer.answer : undefined
  }

  async close(): Promise<void> {
    this.#end('the evaluator was closed')
    await this.#worker.terminate()
  }

  #end(text: string): void {
    this.isOver = true
    this.#waiting?.reject(new CelAborted(text))
  }

  async #reply(deadlineMs: number): Promise<CelReply> {
    const { promise, resolve, reject } = Promise.withResolvers<CelReply>()
    if (this.isOver) throw new CelAborted('the thread ended')
    const timer = setTimeout(() => {
      this.#end(`not finished after ${deadlineMs} ms`)
      void this.#worker.terminate()
    }, deadlineMs)
    this.#waiting = { resolve, reject }
    try { return await promise } finally {
      clearTimeout(timer)
      this.#waiting = undefined
    }
  }
}
