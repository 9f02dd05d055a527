import type { Headers, Request } from '../meta/core.ts'
import { header, headerValues } from '../meta/headers.ts'
import { StatusError } from '../meta/status-error.ts'

/** How a response is written. */
export interface Representation {
  readonly format: 'json' | 'yaml'
  readonly pretty: boolean
  readonly transform?: Transform
}

/** Another shape of the same object or list, of group meta.k8s.io. */
export interface Transform { readonly as: 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList'; readonly version: 'v1' | 'v1beta1' }

const FORMATS = ['application/json', 'application/yaml'] as const
export const MEDIA_TYPES = FORMATS.join(', ')

/**
 * The first acceptable clause of Accept wins (apiserver/pkg/endpoints/handlers/negotiation). `stream`: a watch, which only JSON can carry.
 * A clause with a transform that is not allowed is skipped; throws StatusError NotAcceptable where none is left.
 */
export function negotiate({ headers, query }: Pick<Request, 'headers' | 'query'>, { transforms = false, stream = false }: { transforms?: boolean; stream?: boolean } = {}): Representation {
  const pretty = prettyAsked(query, headers), clauses = parseAccept(headers)
  if (clauses.length === 0) return { format: 'json', pretty }
  for (const clause of clauses) {
    for (const type of FORMATS) {
      if (!covers(clause, type)) continue
      const transform = transformOf(clause.parameters)
      if (transform === 'unknown' || (transform && !transforms) || clause.parameters.has('sv') || (clause.parameters.get('stream') ?? 'watch') !== 'watch') continue
      if (stream && type !== 'application/json') throw notAcceptable(`only the following media types are accepted: application/json;stream=watch`)
      return { format: type === 'application/json' ? 'json' : 'yaml', pretty: pretty || clause.parameters.get('pretty') === '1', ...(transform && { transform }) }
    }
  }
  const known = clauses.some((clause) => FORMATS.some((type) => covers(clause, type)))
  if (known) throw notAcceptable(`only the following media types are accepted: ${MEDIA_TYPES}`)
  throw new StatusError('NotAcceptable', `406: Not Acceptable\n\nAvailable representations: ${MEDIA_TYPES}`, { details: {} })
}

/** For errors: never a transform, and JSON where nothing fits. */
export function negotiateError(request: Pick<Request, 'headers' | 'query'>): Representation {
  try {
    return negotiate(request)
  } catch {
    return { format: 'json', pretty: true }
  }
}

export const notAcceptable = (message: string): StatusError => new StatusError('NotAcceptable', message)

/** One clause of Accept. */
export interface Clause { readonly type: string; readonly subtype: string; readonly quality: number; readonly parameters: ReadonlyMap<string, string> }

/** By quality, then the more definite type, then order. */
export function parseAccept(headers: Headers): readonly Clause[] {
  const text = headerValues(headers, 'accept').join(',').trim()
  if (text === '') return []
  const clauses = text.split(',').flatMap((part): Clause[] => {
    const [media = '', ...rest] = part.split(';').map((word) => word.trim()), [type = '', subtype = ''] = media.split('/')
    const parameters = new Map(rest.map((pair) => { const at = pair.indexOf('='); return at < 0 ? [pair, ''] as const : [pair.slice(0, at).trim(), unquote(pair.slice(at + 1).trim())] as const }))
    const quality = Number(parameters.get('q') ?? '1')
    parameters.delete('q')
    if (type === '') return []
    return [{ type, subtype: subtype || (type === '*' ? '*' : ''), quality: Number.isFinite(quality) ? quality : 1, parameters }]
  })
  const vagueness = ({ type, subtype }: Clause) => (type === '*' ? 2 : subtype === '*' ? 1 : 0)
  return clauses.toSorted((a, b) => b.quality - a.quality || vagueness(a) - vagueness(b))
}

const unquote = (text: string) => (text.startsWith('"') && text.endsWith('"') && text.length > 1 ? text.slice(1, -1) : text)

export function covers({ type, subtype }: Clause, media: string): boolean {
  const [own, ownSub] = media.split('/')
  return (type === '*' && subtype === '*') || (type === own && (subtype === '*' || subtype === ownSub))
}

function transformOf(parameters: ReadonlyMap<string, string>): Transform | 'unknown' | undefined {
  const as = parameters.get('as'), group = parameters.get('g'), version = parameters.get('v')
  if (as === undefined && group === undefined && version === undefined) return undefined
  if (group !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) return 'unknown'
  return as === 'Table' || as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList' ? { as, version } : 'unknown'
}

const PARSED_TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True'])

/** People at a terminal or in a browser are shown indented JSON. */
function prettyAsked(query: URLSearchParams, headers: Headers): boolean {
  const asked = query.get('pretty'), agent = header(headers, 'user-agent') ?? ''
  return asked ? PARSED_TRUE.has(asked) : agent.startsWith('curl') || agent.startsWith('Wget') || agent.startsWith('Mozilla/5.0')
}
