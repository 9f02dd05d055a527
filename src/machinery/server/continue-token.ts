import type { Position } from '../meta/core.ts'
import { StatusError } from '../meta/status-error.ts'

/** Where the next page of a list begins: behind key `after`, in the state of `position`; without one at whatever is there by then. */
export interface Continuation { readonly position?: Position; readonly after: string }

/**
 * The token as Kubernetes writes it (apiserver/pkg/storage/continue.go), but with positions of any length: they are written and read as digits, never as a number.
 * `namespace` is the one the request is confined to; keys in its tokens leave it out, so that a token of one namespace cannot read another.
 * Worked example: behind team/web in namespace team at 5 is base64url of `{"v":"meta.k8s.io/v1","rv":5,"start":"/web\u0000"}`.
 */
export function encodeContinue({ position, after }: Continuation, namespace: string): string {
  const start = JSON.stringify(`/${namespace ? after.slice(namespace.length + 1) : after}\0`)
  return Buffer.from(`{"v":"meta.k8s.io/v1","rv":${position ?? '-1'},"start":${start}}`).toString('base64url')
}

/** Throws StatusError BadRequest. */
export function decodeContinue(token: string, namespace: string): Continuation {
  const invalid = (detail: string) => StatusError.badRequest(`invalid continue token: continue key is not valid${detail}`), bytes = Buffer.from(token, 'base64url'), text = bytes.toString()
  let fields: { v?: unknown; rv?: unknown; start?: unknown } | null
  try {
    // Digits as text: the reviver sees how the number was written.
    fields = JSON.parse(text, function keep(this: unknown, key: string, value: unknown, context?: { source?: string }) { return key === 'rv' && typeof value === 'number' ? context?.source : value } as (key: string, value: unknown) => unknown) as typeof fields
  } catch {
    throw invalid(`: ${goSyntaxError(bytes.toString('latin1'))}`)
  }
  const { v, rv, start } = fields ?? {}
  if (typeof rv === 'string' && /"rv"\s*:\s*"/.test(text)) throw invalid(': json: cannot unmarshal string into Go struct field continueToken.rv of type int64')
  if (v !== 'meta.k8s.io/v1') throw invalid(`: server does not recognize this encoded version ${typeof v === 'string' ? v : ''}`)
  if (typeof rv !== 'string' || !/^(?:-1|[1-9]\d*)$/.test(rv)) throw invalid(': incorrect encoded start resourceVersion (version meta.k8s.io/v1)')
  if (typeof start !== 'string' || start === '') throw invalid(': encoded start key empty (version meta.k8s.io/v1)')
  const key = start.replace(/^\//, '').replace(/\0$/, '')
  if (key === '' || key.split('/').some((segment) => segment === '' || segment === '.' || segment === '..')) throw invalid(`: ${start}`)
  return { ...(rv !== '-1' && { position: rv }), after: namespace ? `${namespace}/${key}` : key }
}

const goSyntaxError = (text: string) => (text === '' ? 'unexpected end of JSON input' : `invalid character ${quoteCharacter(text)} looking for beginning of value`)
/** Go looks at the first byte. */
const quoteCharacter = (text: string) => { const code = text.charCodeAt(0); return code < 32 || (code > 126 && code < 160) ? `'\\u${code.toString(16).padStart(4, '0')}'` : `'${String.fromCharCode(code)}'` }

/** For a token whose state is gone; it offers a continuation at the latest state instead. */
export const expiredContinue = (after: string, namespace: string): StatusError => StatusError.expired(EXPIRED, encodeContinue({ after }, namespace))

const EXPIRED = 'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.'
