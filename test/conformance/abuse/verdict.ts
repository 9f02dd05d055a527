/** What an answer must be whatever was asked. */
import { gunzipSync } from 'node:zlib'
import type { Received } from '../exchange.ts'
import type { HostileRequest } from './hostile-requests.ts'

/** Where a kube-apiserver answers 5xx to a request that is at fault itself. */
const SERVER_ERRORS: readonly { readonly status: number; readonly text: RegExp; readonly because: string }[] = [
  { status: 500, text: /failed to create typed patch object/, because: 'an apply whose values do not fit the schema has no status of its own (managedfields/internal/structuredmerge.go)' },
  { status: 500, text: /failed to (?:create|update|convert|find|decode|prune|set)|\.fieldsV1|cannot (?:unmarshal|convert)/, because: 'what field management cannot read of an object that an apply meets (managedfields)' },
  { status: 500, text: /resourceVersion should not be set on objects to be created/, because: 'the store refuses it, with an error without a status (apiserver/pkg/storage/errors.go)' },
  { status: 500, text: /strconv\.ParseUint/, because: 'a malformed resourceVersion of a get or a watch is an error without a status (apiserver/pkg/storage/api_object_versioner.go)' },
  { status: 504, text: /Too large resource version/, because: 'a resourceVersion of the future is waited for, then timed out (cacher/watch_cache.go)' },
]

/** What is wrong with the answer; nothing is how it should be. */
export function complaints(request: HostileRequest, { status, headers, data }: Received): string[] {
  const of = (name: string) => headers.find(([key]) => key.toLowerCase() === name)?.[1], found: string[] = [], type = of('content-type') ?? '', body = of('content-encoding') === 'gzip' ? gunzipSync(data) : data, text = body.toString()
  if (!((status >= 200 && status < 300) || status === 304 || (status >= 400 && status < 500) || SERVER_ERRORS.some((known) => known.status === status && known.text.test(text)))) found.push(`status ${status}: ${text.slice(0, 300)}`)
  if (type.startsWith('application/json') && request.method !== 'HEAD') found.push(...jsonComplaints(status, text))
  for (const [name, value] of headers) if (/[\r\n\0]/.test(name + value)) found.push(`header ${name} holds a line break`)
  if (/node:internal|\.ts:\d+|at .+ \(.+:\d+:\d+\)/.test(text)) found.push(`the answer shows where the code is: ${text.slice(0, 300)}`)
  return found
}

function jsonComplaints(status: number, text: string): string[] {
  let value: { kind?: unknown; code?: unknown; status?: unknown } | undefined
  try {
    value = JSON.parse(text) as typeof value
  } catch (error) {
    // A watch is a line per event.
    try { for (const line of text.split('\n').slice(0, -1)) JSON.parse(line) } catch { return [`no JSON: ${String(error)}: ${text.slice(0, 200)}`] }
    return []
  }
  if (status >= 400 && value?.kind !== 'Status') return [`a refusal that is no Status: ${text.slice(0, 200)}`]
  return value?.kind === 'Status' && (value.code ?? 200) !== status ? [`Status says ${String(value.code)}, HTTP ${status}`] : []
}
