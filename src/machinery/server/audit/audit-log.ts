/**
 * Who did what, as events of audit.k8s.io/v1 (apiserver/pkg/endpoints/filters/audit.go):
 *
 *   begin (outermost: sees the final answer) ─ … authentication ─ identified (sees who, and the bodies) ─ impersonation ─ impersonated ─ … handler
 *
 * The three share the event of the request in which they run; other parts add annotations to it.
 */
import { microTimestamp } from '../../meta/timestamp.ts'
import { AsyncLocalStorage } from 'node:async_hooks'
import { isIP } from 'node:net'
import type { Clock } from '../../../lib/clock.ts'
import type { RequestInfo } from '../../auth/request-info.ts'
import { requestInfo } from '../../auth/request-info.ts'
import type { Request, Response, User } from '../../meta/core.ts'
import { header, headerValues } from '../../meta/headers.ts'
import { isJsonObject } from '../../meta/json-value.ts'
import { parseJson, stringifyJson } from '../../meta/json.ts'
import { StatusError } from '../../meta/status-error.ts'
import type { Filter } from '../filter.ts'
import { isLongRunning } from '../long-running.ts'
import { Copy, copyRequest, copyResponse, recordable } from './bodies.ts'
import type { AuditDecision, AuditPolicy, AuditStage } from './policy.ts'
import { decide, includesLevel } from './policy.ts'

interface Record { readonly request: Request; readonly info: RequestInfo; readonly received: number; readonly annotations: Map<string, string>; user?: User; actor?: User; decision?: AuditDecision; asked?: Copy; answered?: Copy; isPanic?: boolean }

export interface AuditLogOptions {
  readonly policy: AuditPolicy
  readonly clock: Clock
  /** Takes one event, a line without its newline. */
  readonly write: (line: string) => void
}

export class AuditLog {
  readonly #options: AuditLogOptions
  readonly #current = new AsyncLocalStorage<Record>()

  constructor(options: AuditLogOptions) { this.#options = options }

  /** Adds to the event of the request that is being answered; keys are qualified names. */
  annotate(annotations: Readonly<globalThis.Record<string, string>>): void {
    for (const [key, value] of Object.entries(annotations)) this.#current.getStore()?.annotations.set(key, value)
  }

  readonly begin: Filter = (next) => async (request, signal) => {
    let info
    try {
      info = requestInfo(request.method, request.path, request.query)
    } catch {
      // A path that cannot be read is nobody's resource: it is refused.
      return next(request, signal)
    }
    const record: Record = { request, info, received: this.#options.clock.now(), annotations: new Map() }
    return this.#current.run(record, async () => this.#ended(record, await next(request, signal), signal))
  }

  readonly identified: Filter = (next) => async (request, signal) => {
    const record = this.#current.getStore()
    if (!record) return next(request, signal)
    const decision = decide(this.#options.policy, request.user, record.info)
    Object.assign(record, { decision }, request.user && { user: request.user })
    if (decision.level === 'None') return next(request, signal)
    this.#write(record, 'RequestReceived')
    const isLong = isLongRunning(record.info), asked = includesLevel(decision.level, 'Request') && !isLong ? (record.asked = new Copy()) : undefined, answered = includesLevel(decision.level, 'RequestResponse') && record.info.verb !== 'watch' ? (record.answered = new Copy()) : undefined
    try {
      const response = await next(asked ? copyRequest(request, asked) : request, signal)
      return answered && response.status !== 101 ? copyResponse(response, answered) : response
    } catch (error) {
      record.isPanic = !(error instanceof StatusError) && !signal.aborted
      throw error
    }
  }

  readonly impersonated: Filter = (next) => (request, signal) => {
    const record = this.#current.getStore()
    if (record && request.user && request.user !== record.user) record.actor = request.user
    return next(request, signal)
  }

  /** Records the end once the last byte is out, or nobody wants it any more. */
  #ended(record: Record, response: Response, signal: AbortSignal): Response {
    // Nobody was identified: that, too, is said, by the policy's rules for whoever it is.
    const isRefused = record.decision === undefined, decision = (record.decision ??= decide(this.#options.policy, undefined, record.info)), isLong = isLongRunning(record.info)
    if (decision.level === 'None') return response
    if (isRefused || isLong) this.#write(record, 'ResponseStarted', response)
    if (isRefused) return response
    let isOver = false
    const over = () => {
      if (isOver) return
      isOver = true
      this.#write(record, record.isPanic ? 'Panic' : 'ResponseComplete', response)
    }
    const { body } = response
    if (body instanceof Uint8Array && response.status !== 101) { over(); return response }
    signal.addEventListener('abort', over, { once: true })
    if (body instanceof Uint8Array) return response
    return { ...response, body: ending(body, over) }
  }

  #write(record: Record, stage: AuditStage, response?: Response): void {
    const { decision, request, info, user, actor, annotations, asked, answered } = record
    if (!decision || decision.omitStages.includes(stage)) return
    const isEnd = stage === 'ResponseComplete' || stage === 'Panic', status = response && statusIn(response), { received } = record, query = request.query.toString()
    const bodies = isEnd ? { requestObject: asked && recordable(request.headers, asked, decision.omitManagedFields), responseObject: answered && response && (status ?? recordable(response.headers, answered, decision.omitManagedFields)) } : {}
    const omitted = Object.entries(bodies).filter(([, object]) => object === 'omitted').map(([name]): [string, string] => [`audit.federation/${name === 'requestObject' ? 'request' : 'response'}-object`, 'omitted: too large, or neither JSON nor YAML'])
    const said = Object.fromEntries([...annotations, ...omitted]), target = objectRef(info, bodies.requestObject)
    this.#options.write(stringifyJson({
      kind: 'Event', apiVersion: 'audit.k8s.io/v1', level: decision.level, auditID: request.id ?? '', stage, requestURI: request.path + (query && `?${query}`), verb: info.verb,
      user: userInfo(user), ...(actor && { impersonatedUser: userInfo(actor) }), sourceIPs: sourceIps(request), userAgent: header(request.headers, 'user-agent'), ...(target && { objectRef: target }),
      ...(response && { responseStatus: { metadata: {}, ...(status && { status: status['status'], message: status['message'], reason: status['reason'], details: status['details'] }), code: response.status } }),
      ...Object.fromEntries(Object.entries(bodies).filter(([, object]) => object !== undefined && object !== 'omitted')),
      requestReceivedTimestamp: microTimestamp(received), stageTimestamp: microTimestamp(this.#options.clock.now()), ...(Object.keys(said).length > 0 && { annotations: said }),
    }))
  }
}

async function* ending(body: AsyncIterable<Uint8Array>, over: () => void): AsyncGenerator<Uint8Array> {
  try {
    yield* body
  } finally {
    over()
  }
}

const userInfo = (user: User | undefined) => (user ? { username: user.name, uid: user.uid, groups: user.groups, ...(Object.keys(user.extra).length > 0 && { extra: user.extra }) } : {})

function objectRef({ isResource, resource, namespace, name, group, version, subresource }: RequestInfo, body: unknown): object | undefined {
  if (!isResource) return undefined
  const metadata = isJsonObject(body) && isJsonObject(body['metadata']) ? body['metadata'] : {}, text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined)
  return { resource, namespace: text(namespace) ?? text(metadata['namespace']), name: text(name) ?? text(metadata['name']), uid: text(metadata['uid']), apiGroup: text(group), apiVersion: version, resourceVersion: text(metadata['resourceVersion']), subresource: text(subresource) }
}

/** The Status that an error carries. */
function statusIn({ status, headers, body }: Response): globalThis.Record<string, unknown> | undefined {
  if (status < 400 || !(body instanceof Uint8Array) || header(headers, 'content-type') !== 'application/json') return undefined
  const parsed = parseJson(Buffer.from(body).toString())
  return isJsonObject(parsed) && parsed['kind'] === 'Status' ? parsed : undefined
}

/** From the client inwards: those that proxies name, then who is connected (apimachinery/pkg/util/net/http.go SourceIPs). */
function sourceIps({ headers, peer }: Request): readonly string[] {
  const named = headerValues(headers, 'x-forwarded-for').flatMap((value) => value.split(',')).map((text) => text.trim()).filter((text) => isIP(text) !== 0), real = header(headers, 'x-real-ip')
  const all = [...named, ...(real !== undefined && isIP(real) !== 0 && !named.includes(real) ? [real] : [])], address = peer?.address
  return address && address !== all.at(-1) ? [...all, address] : all
}
