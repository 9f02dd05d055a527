/** Asks one member whether it would take an object, before it is stored: its own validation, defaults and admission, by an apply that changes nothing. */
import { bytesOf, failure } from '../../machinery/client/failure.ts'
import { once } from '../../machinery/client/json-client.ts'
import { METADATA_ONLY } from '../../machinery/client/metadata-only.ts'
import { resourcePath } from '../../machinery/client/resource-path.ts'
import { warningTexts } from '../../machinery/client/warning-texts.ts'
import { nameSuffix } from '../../machinery/meta/generate-name.ts'
import type { KubeObject } from '../../machinery/meta/core.ts'
import { equalJson } from '../../machinery/meta/json-value.ts'
import { stringifyJson } from '../../machinery/meta/json.ts'
import { StatusError } from '../../machinery/meta/status-error.ts'
import { prunedForPropagation } from '../interpreter/prune.ts'
import type { Member } from '../member/member.ts'
import type { TargetKind } from '../template/target-kind.ts'
import type { TemplateChecks } from '../template/template-strategy.ts'
import { FIELD_MANAGER } from './fingerprint.ts'
import { verdictOn, type MemberAnswer, type Verdict } from './review-verdict.ts'

export type ReviewMember = Pick<Member, 'name' | 'handler' | 'state' | 'discovery'>

export interface ReviewOptions {
  /** Those that objects of the namespace may be sent to; undefined: cluster-scoped ones. */
  readonly members: (namespace: string | undefined) => readonly ReviewMember[]
  readonly clock: { now(): number }
  readonly random: () => number
  /** How long a member is waited for before another one is asked. */
  readonly timeoutMs: number
}

/** Members that are asked before the object is accepted without their word. */
const MAX_MEMBERS = 3
/** For how long a namespace that a member does not have is not tried again. */
const ABSENT_MS = 10_000, MAX_ABSENT = 10_000
/** Every cluster has it, and it cannot be deleted. */
const STAND_IN = 'default'

/**
 * One request where all is well. The name is random, so that an object of that name in the member plays no part; it is an apply, since copies are written so, and it alone notices duplicates in keyed lists.
 * What concerns the object itself refuses it; what only that member or its policies have against it is warned of. Where no member answers it is accepted: missing data is no refusal.
 */
export function templateReview(options: ReviewOptions): TemplateChecks['review'] {
  const absent = new AbsentNamespaces(options.clock)
  return async (target, native, old, { warn }, signal) => {
    if (!needsReview(target, native, old)) return
    for (const member of candidates(options.members(target.namespaced ? native.metadata.namespace : undefined), target, options.random)) {
      const verdict = await askMember(member, { target, native, old }, absent, options, signal)
      if (verdict === 'unknown') continue
      for (const text of verdict.warnings) warn(`cluster ${member.name}: ${text}`)
      if (verdict.refusal) throw verdict.refusal
      return
    }
  }
}

/** Not for what stays as it is, what is being deleted, and namespaces, which members have for themselves. */
export function needsReview({ group, kind }: Pick<TargetKind, 'group' | 'kind'>, native: KubeObject, old: KubeObject | undefined): boolean {
  if ((group === '' && kind === 'Namespace') || native.metadata.deletionTimestamp !== undefined) return false
  return !old || !equalJson(prunedForPropagation(native), prunedForPropagation(old))
}

/** Ready members that serve that very version, beginning anywhere: the load is everybody's. */
export function candidates<M extends Pick<ReviewMember, 'state' | 'discovery'>>(members: readonly M[], { group, version, plural }: Pick<TargetKind, 'group' | 'version' | 'plural'>, random: () => number): readonly M[] {
  const able = members.filter(({ state, discovery }) => state.state === 'ready' && discovery?.kinds.some((kind) => kind.plural === plural && kind.group === group && kind.version === version && kind.verbs.includes('patch')))
  const first = Math.floor(random() * able.length)
  return [...able.slice(first), ...able.slice(0, first)].slice(0, MAX_MEMBERS)
}

interface Question { readonly target: TargetKind; readonly native: KubeObject; readonly old: KubeObject | undefined }

async function askMember(member: ReviewMember, question: Question, absent: AbsentNamespaces, options: ReviewOptions, signal: AbortSignal): Promise<Verdict> {
  const { target, native } = question, own = target.namespaced ? native.metadata.namespace : undefined, limit = AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)])
  const name = `review-${nameSuffix(options.random)}${nameSuffix(options.random)}`, ask = async (namespace: string | undefined) => verdictOn(await dryRun(member, { target, object: asked(native, name, namespace) }, limit), { ...question, name, isStandIn: namespace !== own })
  try {
    const isAbsent = own !== undefined && absent.has(member.name, own), verdict = await ask(isAbsent ? STAND_IN : own)
    if (verdict !== 'no namespace') return verdict
    if (own === undefined || isAbsent) return 'unknown'
    absent.add(member.name, own)
    const again = await ask(STAND_IN)
    return again === 'no namespace' ? 'unknown' : again
  } catch (error) {
    // The client gave up, not the member.
    signal.throwIfAborted()
    if (!(error instanceof StatusError) && !limit.aborted) throw error
    return 'unknown'
  }
}

async function dryRun({ handler }: ReviewMember, { target, object }: { readonly target: TargetKind; readonly object: KubeObject }, signal: AbortSignal): Promise<MemberAnswer> {
  const { name = '', namespace } = object.metadata, body = Buffer.from(stringifyJson(object)), query = new URLSearchParams({ dryRun: 'All', force: 'true', fieldManager: FIELD_MANAGER })
  const response = await handler({
    method: 'PATCH', path: resourcePath(target, { name, ...(namespace !== undefined && { namespace }) }), query,
    // What the member makes of the object is of no interest.
    headers: [['accept', METADATA_ONLY], ['content-type', 'application/apply-patch+yaml'], ['content-length', String(body.length)]], body: once(body),
  }, signal)
  const warnings = warningTexts(response.headers)
  if (response.status >= 300) return { error: await failure(response), warnings }
  await bytesOf(response)
  return { warnings }
}

/** As it would be sent, but for its name. */
function asked(native: KubeObject, name: string, namespace: string | undefined): KubeObject {
  const { metadata: { namespace: _namespace, generateName: _prefix, ...metadata }, ...body } = withoutSecrets(prunedForPropagation(native))
  return { ...body, metadata: { ...metadata, name, ...(namespace !== undefined && { namespace }) } }
}

/** The values of a Secret go where it is placed, and nowhere else: others are sent that are as good for validation. */
function withoutSecrets(object: KubeObject): KubeObject {
  if (object.kind !== 'Secret' || object.apiVersion !== 'v1') return object
  const blank = (field: string, encode: (text: string) => string) => (object[field] ? { [field]: Object.fromEntries(Object.keys(object[field]).map((key) => [key, encode(/^\.docker(?:cfg|configjson)$/.test(key) ? '{}' : ' ')])) } : {})
  return { ...object, ...blank('data', (text) => Buffer.from(text).toString('base64')), ...blank('stringData', (text) => text) }
}

/** Namespaces that members did not have a moment ago. */
class AbsentNamespaces {
  readonly #clock: ReviewOptions['clock']
  readonly #until = new Map<string, number>()

  constructor(clock: ReviewOptions['clock']) { this.#clock = clock }

  has(member: string, namespace: string): boolean { return (this.#until.get(`${member}/${namespace}`) ?? 0) > this.#clock.now() }

  add(member: string, namespace: string): void {
    if (this.#until.size >= MAX_ABSENT) this.#until.clear()
    this.#until.set(`${member}/${namespace}`, this.#clock.now() + ABSENT_MS)
  }
}
