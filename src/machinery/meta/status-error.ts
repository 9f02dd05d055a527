/** The reasons of Kubernetes Status objects that this project raises (apimachinery/pkg/apis/meta/v1/types.go), with their HTTP codes. */
const CODES = {
  BadRequest: 400, Unauthorized: 401, Forbidden: 403, NotFound: 404, MethodNotAllowed: 405, NotAcceptable: 406, AlreadyExists: 409, Conflict: 409, Gone: 410, Expired: 410,
  RequestEntityTooLarge: 413, UnsupportedMediaType: 415, Invalid: 422, TooManyRequests: 429, InternalError: 500, ServerTimeout: 500, ServiceUnavailable: 503, Timeout: 504,
  /** A Go error without a status: 500, reason ''. */
  '': 500,
} as const

export type Reason = keyof typeof CODES

export interface StatusCause { reason?: string; message?: string; field?: string }
export interface StatusDetails { name?: string; group?: string; kind?: string; uid?: string; causes?: StatusCause[]; retryAfterSeconds?: number }
export interface Status { kind: 'Status'; apiVersion: 'v1'; metadata: { continue?: string; resourceVersion?: string }; status: 'Failure' | 'Success'; message?: string; reason?: string; details?: StatusDetails; code?: number }

/** A group and its plural, as messages name them: `deployments.apps`. */
export interface ResourceName { readonly group: string; readonly resource: string }
const qualified = ({ group, resource }: ResourceName) => (group ? `${resource}.${group}` : resource)

/** Thrown for every answer that is not a success; the text is for people, the reason for programs. */
export class StatusError extends Error {
  override readonly name = 'StatusError'
  readonly reason: Reason
  readonly code: number
  readonly details: StatusDetails | undefined
  /** Offered with 410 of a continued list: an inconsistent continuation. */
  readonly continueToken: string | undefined

  constructor(reason: Reason, message: string, options: { details?: StatusDetails; continueToken?: string; cause?: unknown; code?: number } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.reason = reason
    this.code = options.code ?? CODES[reason]
    this.details = options.details
    this.continueToken = options.continueToken
  }

  status(): Status {
    return {
      kind: 'Status', apiVersion: 'v1', metadata: this.continueToken === undefined ? {} : { continue: this.continueToken }, status: 'Failure', message: this.message,
      ...(this.reason && { reason: this.reason }), ...(this.details && { details: this.details }), code: this.code,
    }
  }

  static badRequest(message: string): StatusError { return new StatusError('BadRequest', message) }
  static unauthorized(message = 'Unauthorized'): StatusError { return new StatusError('Unauthorized', message) }
  static notFound(of: ResourceName, name: string): StatusError { return new StatusError('NotFound', `${qualified(of)} "${name}" not found`, { details: named(of, name) }) }
  static alreadyExists(of: ResourceName, name: string): StatusError { return new StatusError('AlreadyExists', `${qualified(of)} "${name}" already exists`, { details: named(of, name) }) }
  static conflict(of: ResourceName, name: string, message: string): StatusError {
    return new StatusError('Conflict', `Operation cannot be fulfilled on ${qualified(of)} "${name}": ${message}`, { details: named(of, name) })
  }
  static forbidden(of: ResourceName, name: string, message: string): StatusError {
    return new StatusError('Forbidden', `${qualified(of)} ${name ? `"${name}" ` : ''}is forbidden: ${message}`, { details: named(of, name) })
  }
  static expired(message: string, continueToken?: string): StatusError { return new StatusError('Expired', message, continueToken === undefined ? {} : { continueToken }) }
  static tooLargeResourceVersion(wanted: string, current: string): StatusError {
    return new StatusError('Timeout', `Timeout: Too large resource version: ${wanted}, current: ${current}`, { details: { causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }], retryAfterSeconds: 1 } })
  }
  static methodNotAllowed(of: ResourceName, verb: string): StatusError { return new StatusError('MethodNotAllowed', `${verb} is not supported on resources of kind "${qualified(of)}"`, { details: named(of, '') }) }
  static unavailable(message: string, retryAfterSeconds?: number): StatusError { return new StatusError('ServiceUnavailable', message, retryAfterSeconds === undefined ? {} : { details: { retryAfterSeconds } }) }
  static internal(message: string, cause?: unknown): StatusError { return new StatusError('InternalError', `Internal error occurred: ${message}`, { details: { causes: [{ message }] }, cause }) }
  /** `kind` is the Kind, not the plural: `Cluster.cluster.federation "x" is invalid: …`. */
  static invalid(of: { readonly group: string; readonly kind: string }, name: string, errors: readonly FieldError[]): StatusError {
    const texts = [...new Set(errors.map((error) => `${error.field}: ${error.message}`))], text = texts.length === 1 ? texts[0]! : `[${texts.join(', ')}]`
    return new StatusError('Invalid', `${of.group ? `${of.kind}.${of.group}` : of.kind} "${name}" is invalid: ${text}`, {
      details: { ...(name && { name }), ...(of.group && { group: of.group }), ...(of.kind && { kind: of.kind }), causes: errors.map(({ type, message, field }) => ({ reason: type, message, field })) },
    })
  }
}

const named = ({ group, resource }: ResourceName, name: string): StatusDetails => ({ ...(name && { name }), ...(group && { group }), kind: resource })

export const isReason = (error: unknown, ...reasons: Reason[]): error is StatusError => error instanceof StatusError && reasons.includes(error.reason)

/** Somebody else was faster, and what is asked for is so already: NotFound of a deletion, AlreadyExists of a creation. */
export async function ignoring(reason: Reason, write: () => Promise<unknown>): Promise<void> {
  try { await write() } catch (error) { if (!isReason(error, reason)) throw error }
}

/** One mistake of a user, with the field's path. Texts as in apimachinery/pkg/util/validation/field/errors.go. */
export interface FieldError { readonly type: FieldErrorType; readonly field: string; readonly message: string }
type FieldErrorType = 'FieldValueRequired' | 'FieldValueInvalid' | 'FieldValueDuplicate' | 'FieldValueForbidden' | 'FieldValueNotSupported' | 'FieldValueTooLong' | 'FieldValueTooMany' | 'FieldValueTypeInvalid' | 'FieldValueNotFound' | 'InternalError'

const shown = (value: unknown) => (typeof value === 'string' ? JSON.stringify(value) : value === undefined || value === null ? 'null' : typeof value === 'object' ? JSON.stringify(value) : `${value as number}`)
const withDetail = (text: string, detail: string | undefined) => (detail ? `${text}: ${detail}` : text)

export const fieldError = {
  required: (field: string, detail?: string): FieldError => ({ type: 'FieldValueRequired', field, message: withDetail('Required value', detail) }),
  invalid: (field: string, value: unknown, detail: string): FieldError => ({ type: 'FieldValueInvalid', field, message: withDetail(`Invalid value: ${shown(value)}`, detail) }),
  typeInvalid: (field: string, value: unknown, detail: string): FieldError => ({ type: 'FieldValueTypeInvalid', field, message: withDetail(`Invalid value: ${shown(value)}`, detail) }),
  duplicate: (field: string, value: unknown): FieldError => ({ type: 'FieldValueDuplicate', field, message: `Duplicate value: ${shown(value)}` }),
  forbidden: (field: string, detail: string): FieldError => ({ type: 'FieldValueForbidden', field, message: withDetail('Forbidden', detail) }),
  notSupported: (field: string, value: unknown, supported: readonly string[]): FieldError => ({ type: 'FieldValueNotSupported', field, message: `Unsupported value: ${shown(value)}: supported values: ${supported.map((s) => JSON.stringify(s)).join(', ')}` }),
  tooLong: (field: string, max: number): FieldError => ({ type: 'FieldValueTooLong', field, message: `Too long: may not be more than ${max} bytes` }),
  tooMany: (field: string, actual: number, max: number): FieldError => ({ type: 'FieldValueTooMany', field, message: `Too many: ${actual}: must have at most ${max} items` }),
  notFound: (field: string, value: unknown): FieldError => ({ type: 'FieldValueNotFound', field, message: `Not found: ${shown(value)}` }),
} as const
