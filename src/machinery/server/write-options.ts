import type { DeleteOptions, Request } from '../meta/core.ts'
import { header } from '../meta/headers.ts'
import type { JsonObject } from '../meta/json-value.ts'
import { isJsonObject, jsonTypeName } from '../meta/json-value.ts'
import type { FieldError } from '../meta/status-error.ts'
import { fieldError, StatusError } from '../meta/status-error.ts'
import { isTrue } from '../auth/request-info.ts'
import { decodeEnvelope, decodeMessage, messageOf } from '../schema/protobuf.ts'
import { decode, inputFormat } from './body.ts'
import type { FieldValidation } from './field-validation.ts'
import { integer } from './list-options.ts'

/** Those of an apply are PatchOptions, with rules of their own. */
type OptionsKind = 'CreateOptions' | 'UpdateOptions' | 'PatchOptions' | 'ApplyOptions' | 'DeleteOptions'
const refuse = (kind: OptionsKind, errors: readonly FieldError[]) => { if (errors.length > 0) throw StatusError.invalid({ group: 'meta.k8s.io', kind: kind === 'ApplyOptions' ? 'PatchOptions' : kind }, '', errors) }

/** Parameters of create, update and patch (apimachinery/pkg/apis/meta/v1/validation). Throws StatusError Invalid. */
export function writeOptions({ query, headers }: Pick<Request, 'query' | 'headers'>, kind: OptionsKind): { readonly dryRun: boolean; readonly manager: string; readonly validation: FieldValidation; readonly force: boolean; readonly command?: string } {
  const dryRun = query.getAll('dryRun'), manager = query.get('fieldManager') ?? '', validation = query.get('fieldValidation') ?? '', errors = dryRunErrors(dryRun)
  if (kind === 'ApplyOptions' && manager === '') errors.push(fieldError.required('fieldManager', 'is required for apply patch'))
  if (Buffer.byteLength(manager) > MAX_MANAGER_BYTES) errors.push({ type: 'FieldValueTooLong', field: 'fieldManager', message: `Too long: may not be more than ${MAX_MANAGER_BYTES} bytes` })
  const odd = UNPRINTABLE.exec(manager)
  if (odd) errors.push(fieldError.invalid('fieldManager', manager, `invalid character U+${odd[0].codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')} (at position ${odd.index})`))
  if (kind === 'PatchOptions' && query.has('force')) errors.push(fieldError.forbidden('force', 'may not be specified for non-apply patch'))
  if (!VALIDATIONS.includes(validation)) errors.push(fieldError.notSupported('fieldValidation', validation, VALIDATIONS))
  refuse(kind, errors)
  const command = header(headers, 'kubectl-command')
  return { ...(command !== undefined && { command }), dryRun: dryRun.length > 0, manager: manager || managerFromAgent(header(headers, 'user-agent') ?? ''), validation: (validation || 'Warn') as FieldValidation, force: isTrue(query.get('force')) }
}

const MAX_MANAGER_BYTES = 128, VALIDATIONS = ['', 'Ignore', 'Strict', 'Warn'], UNPRINTABLE = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u, PROPAGATIONS = ['Foreground', 'Background', 'Orphan'] as const

const dryRunErrors = (values: readonly string[]): FieldError[] =>
  values.some((value) => value !== 'All') ? [{ type: 'FieldValueNotSupported', field: 'dryRun', message: `Unsupported value: ${JSON.stringify(values)}: supported values: "All"` }] : []

/** The program's name: the user agent up to its slash. */
function managerFromAgent(agent: string): string {
  // Headers are read byte by byte; what is no UTF-8 shows as U+FFFD.
  const name = Buffer.from(agent, 'latin1').toString().split('/')[0]!, bytes = Buffer.from(name)
  const cut = bytes.length > MAX_MANAGER_BYTES ? bytes.subarray(0, MAX_MANAGER_BYTES).toString().replace(/\ufffd$/, '') : name
  return cut.replaceAll(new RegExp(UNPRINTABLE, 'gu'), '') || 'unknown'
}

export interface DeleteParameters extends Pick<DeleteOptions, 'dryRun' | 'uid' | 'position' | 'propagation' | 'gracePeriodSeconds'> {
  /** The caller wants to know whether dependents are still being deleted: 202 where the object remains. */
  readonly waitsForDependents: boolean
}

/** From the body where there is one, else from the query. Throws StatusError BadRequest and Invalid. */
export function deleteParameters(request: Pick<Request, 'query' | 'headers'>, body: Buffer): DeleteParameters {
  const options = body.length > 0 ? decodeDeleteOptions(request, body) : queryOptions(request.query)
  const { dryRun = [], propagationPolicy, orphanDependents, gracePeriodSeconds, preconditions = {} } = options, errors = dryRunErrors(dryRun)
  if (propagationPolicy !== undefined && orphanDependents !== undefined) errors.unshift(fieldError.invalid('propagationPolicy', propagationPolicy, 'orphanDependents and deletionPropagation cannot be both set'))
  const propagation = PROPAGATIONS.find((known) => known === propagationPolicy)
  if (propagationPolicy !== undefined && !propagation) errors.unshift(fieldError.notSupported('propagationPolicy', propagationPolicy, [...PROPAGATIONS, 'nil']))
  refuse('DeleteOptions', errors)
  const wanted = propagation ?? (orphanDependents === undefined ? undefined : orphanDependents ? 'Orphan' : 'Background')
  return {
    waitsForDependents: orphanDependents === false,
    ...(dryRun.length > 0 && { dryRun: true }), ...(wanted && { propagation: wanted }), ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
    ...(preconditions.uid !== undefined && { uid: preconditions.uid }), ...(preconditions.resourceVersion !== undefined && { position: preconditions.resourceVersion }),
  }
}

interface RawDeleteOptions { dryRun?: string[]; propagationPolicy?: string; orphanDependents?: boolean; gracePeriodSeconds?: number; preconditions?: { uid?: string; resourceVersion?: string } }

function queryOptions(query: URLSearchParams): RawDeleteOptions {
  const grace = integer(query, 'gracePeriodSeconds'), policy = query.get('propagationPolicy')
  return {
    dryRun: query.getAll('dryRun'), ...(policy !== null && { propagationPolicy: policy }),
    ...(query.has('orphanDependents') && { orphanDependents: isTrue(query.get('orphanDependents')) }), ...(grace !== undefined && { gracePeriodSeconds: grace }),
    ...((query.get('uid') || query.get('resourceVersion')) && { preconditions: Object.fromEntries(['uid', 'resourceVersion'].flatMap((field) => { const value = query.get(field); return value ? [[field, value]] : [] })) }),
  }
}

function decodeDeleteOptions(request: Pick<Request, 'headers'>, body: Buffer): RawDeleteOptions {
  // Of all kinds, since the options are Kubernetes' own.
  const format = inputFormat(request, { message: true }), value = format === 'protobuf' ? decodeOptionsMessage(body) : decodeOptionsText(body, format)
  const { kind = 'DeleteOptions', apiVersion = 'v1' } = value
  if (kind !== '' && kind !== 'DeleteOptions') throw StatusError.badRequest(`no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "pkg/runtime/scheme.go:111"`)
  return checkTypes(value)
}

function decodeOptionsText(body: Buffer, format: 'json' | 'yaml'): JsonObject {
  let value: unknown
  try {
    value = decode(body, format)
  } catch (error) {
    throw StatusError.badRequest(`couldn't get version/kind; json parse error: ${(error as Error).message}`)
  }
  if (!isJsonObject(value)) throw StatusError.badRequest('couldn\'t get version/kind; json parse error: json: cannot unmarshal the body into DeleteOptions')
  return value
}

/** Clients name the options after the group version they speak of. */
function decodeOptionsMessage(body: Buffer): JsonObject {
  try {
    const { message, ...type } = decodeEnvelope(body)
    return { ...decodeMessage(messageOf({ group: '', version: 'v1', kind: 'DeleteOptions' })!, message), ...type }
  } catch (error) {
    throw StatusError.badRequest((error as Error).message)
  }
}

function checkTypes(value: JsonObject): RawDeleteOptions {
  const present = Object.fromEntries(Object.entries(value).filter(([, found]) => found !== null))
  const check = (object: JsonObject, path: string, field: string, type: string, fits: (found: unknown) => boolean) => {
    const found = object[field]
    if (found !== undefined && found !== null && !fits(found)) throw StatusError.badRequest(`json: cannot unmarshal ${jsonTypeName(found)} into Go struct field ${path}.${field} of type ${type}`)
  }
  const isText = (found: unknown) => typeof found === 'string'
  check(present, 'DeleteOptions', 'dryRun', '[]string', (found) => Array.isArray(found) && found.every(isText))
  check(present, 'DeleteOptions', 'propagationPolicy', 'v1.DeletionPropagation', isText)
  check(present, 'DeleteOptions', 'orphanDependents', 'bool', (found) => typeof found === 'boolean')
  check(present, 'DeleteOptions', 'gracePeriodSeconds', 'int64', Number.isInteger)
  check(present, 'DeleteOptions', 'preconditions', 'v1.Preconditions', isJsonObject)
  if (isJsonObject(present['preconditions'])) for (const field of ['uid', 'resourceVersion']) check(present['preconditions'], 'Preconditions.preconditions', field, field === 'uid' ? 'types.UID' : 'string', isText)
  return present
}
