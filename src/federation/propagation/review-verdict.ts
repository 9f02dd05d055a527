import type { KubeObject } from '../../machinery/meta/core.ts'
import { equalJson, isJsonObject } from '../../machinery/meta/json-value.ts'
import { type FieldError, fieldError, StatusError } from '../../machinery/meta/status-error.ts'
import type { TargetKind } from '../template/target-kind.ts'

/** What a member said to an apply that changes nothing. `error` absent: it would take the object. */
export interface MemberAnswer { readonly error?: StatusError; readonly warnings: readonly string[] }

/** `name`: the one it was asked about under. `isStandIn`: in another namespace than its own, whose quota, accounts and policies say nothing about the object. */
export interface Reviewed { readonly target: Pick<TargetKind, 'group' | 'version' | 'kind'>; readonly native: KubeObject; readonly old: KubeObject | undefined; readonly name: string; readonly isStandIn: boolean }

interface Judgement { readonly refusal?: StatusError; readonly warnings: readonly string[] }
/** Unknown: another member may know. No namespace: the member has not got it. */
export type Verdict = Judgement | 'unknown'

/** What of the answer is about the object itself, and would be said by every cluster, and what is that member's own affair. Names and paths are the object's. */
export function verdictOn({ error, warnings }: MemberAnswer, reviewed: Reviewed): Verdict | 'no namespace' {
  const real = reviewed.native.metadata.name ?? '', restored = (text: string) => text.replaceAll(reviewed.name, real), told = reviewed.isStandIn ? [] : warnings.map(restored)
  if (!error) return { warnings: told }
  const { code, details } = error, message = restored(error.message), own = (text: string): Judgement => ({ warnings: reviewed.isStandIn ? told : [...told, `it would be refused: ${text}`] })
  if (code === 404 && details?.kind === 'namespaces') return 'no namespace'
  if (WEBHOOK_WITHOUT_DRY_RUN.test(message) || PASSING.has(code)) return 'unknown'
  if (WEBHOOK.test(message)) return own(message)
  if (code === 422) return onCauses(details?.causes?.flatMap(({ reason = 'FieldValueInvalid', message: text = '', field }): FieldError[] => (field ? [{ type: reason as FieldError['type'], message: restored(text), field }] : [])) ?? [], reviewed, told) ?? own(message)
  if (code === 400) return { refusal: StatusError.badRequest(message), warnings: told }
  const unconvertible = UNCONVERTIBLE.exec(message), untyped = UNTYPED.exec(message)
  // As a kube-apiserver says it of an object that is created.
  if (unconvertible) return { refusal: StatusError.badRequest(`${reviewed.target.kind} in version "${reviewed.target.version}" cannot be handled as a ${reviewed.target.kind}: ${unconvertible[1]}`), warnings: told }
  return untyped ? onTyping(untyped[1]!, reviewed, told) ?? own(message) : own(message)
}

/** The kind is not served after all, the versions do not know apply, or the member is not well. */
const PASSING = new Set([401, 404, 405, 409, 415, 429, 502, 503, 504])
const WEBHOOK_WITHOUT_DRY_RUN = /^admission webhook .* does not support dry run/
const WEBHOOK = /^(?:admission webhook ".*" denied the request|Internal error occurred: failed calling webhook)/
/** An apply answers these with 500 (apimachinery/pkg/util/managedfields/internal/structuredmerge.go). */
const UNCONVERTIBLE = /^failed to convert new object .*?: unable to convert unstructured object to [^:]*: ([^]*)$/, UNTYPED = /^failed to create typed patch object \(.*?\): ([^]*)$/

/** Mistakes with fields are the object's. Undefined: there are none but in the name that was made up. */
function onCauses(causes: readonly FieldError[], { target, native, old }: Reviewed, told: readonly string[]): Judgement | undefined {
  if (causes.length === 0) return undefined
  const others = causes.filter(({ field }) => !/^metadata\.(?:name|generateName)$/.test(field)), isService = target.group === '' && target.kind === 'Service'
  const taken = others.filter(({ message }) => isService && TAKEN.test(message)), mistakes = others.filter((cause) => !taken.includes(cause))
  // What it has already is taken by its own copy.
  const warnings = old && equalJson(addresses(native), addresses(old)) ? told : [...told, ...taken.map(({ field, message }) => `it would be refused: ${field}: ${message}`)]
  return { ...(mistakes.length > 0 && { refusal: StatusError.invalid(target, native.metadata.name ?? '', mistakes) }), warnings }
}

/** Addresses and node ports are each member's own (kubernetes/pkg/registry/core/service/{ipallocator,portallocator}). */
const TAKEN = /already allocated|not in the valid range|failed to allocate|range is full/
function addresses({ spec }: KubeObject): object {
  const { clusterIP, clusterIPs, ports, healthCheckNodePort } = isJsonObject(spec) ? spec : {}
  return { clusterIP, clusterIPs, ports, healthCheckNodePort }
}

/**
 * Mistakes in types, one a line: `.spec.containers[name="a"].ports: duplicate entries for key […]`. A field that the member does not know is its own affair: it is older than our schema. Undefined: there are no others.
 */
function onTyping(text: string, { target, native }: Reviewed, told: readonly string[]): Judgement | undefined {
  const mistakes = text.split('\n').flatMap((line): FieldError[] => {
    const [, field, detail] = /^\s*\.(\S+?(?:\[.*?\]\S*?)*): (.*)$/.exec(line) ?? [], key = detail && /^duplicate entries for key (.*)$/.exec(detail)?.[1]
    if (field === undefined || detail === undefined || detail.startsWith('field not declared in schema')) return []
    return [key === undefined ? fieldError.invalid(field, '', detail) : { ...fieldError.duplicate(field, ''), message: `Duplicate value: ${key}` }]
  })
  return mistakes.length > 0 ? { refusal: StatusError.invalid(target, native.metadata.name ?? '', mistakes), warnings: told } : undefined
}
