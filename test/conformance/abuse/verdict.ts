/** What an answer must be whatever was asked. */
import { gunzipSync } from 'node:zlib'
import { load } from 'js-yaml'
import type { Received } from '../exchange.ts'
import type { HostileRequest } from './hostile-requests.ts'

/** Where a kube-apiserver answers 5xx to a request that is at fault itself: the beginning of what it says. */
const SERVER_ERRORS: readonly { readonly status: number; readonly text: RegExp; readonly because: string; readonly asked?: RegExp }[] = [
  { status: 500, text: /^failed to create typed patch object \(/, because: 'an apply whose values do not fit the schema has no status of its own (managedfields/internal/structuredmerge.go)' },
  { status: 500, text: /^resourceVersion should not be set on objects to be created$/, because: 'the store refuses it, with an error without a status (apiserver/pkg/storage/errors.go)' },
  { status: 500, text: /^etcdserver: request is too large$/, because: 'so does etcd' },
  { status: 500, text: /^(?:resourceVersion: Invalid value: ".*": )?strconv\.ParseUint: parsing ".*": (?:invalid syntax|value out of range)$/s, because: 'a malformed resourceVersion is an error without a status (apiserver/pkg/storage/api_object_versioner.go)' },
  { status: 500, text: /^(?:unknown patch type: .* in map: |map: map\[.* does not contain declared merge key: |expected a (?:\[\]|map\[string\])interface \{\}, but received a |cannot merge lists without merge key for |list element types are not identical: |merging lists cannot yet be specified in the patch$|The order in patch list:\n|value for key \S+ is not a map$)/s, because: 'a strategic merge patch that cannot be carried out has no status of its own (apimachinery/pkg/util/strategicpatch)' },
  { status: 504, text: /^Timeout: Too large resource version: /, because: 'a resourceVersion of the future is waited for, then timed out (cacher/watch_cache.go)' },
  { status: 504, text: /^Timeout: request did not complete within the allotted timeout$/, asked: /[?&]timeout=1n?s/, because: 'no more time was given by the client itself (endpoints/filters/request_deadline.go)' },
]

/** What is wrong with the answer; nothing is how it should be. */
export function complaints(request: HostileRequest, { status, headers, data }: Received): string[] {
  const of = (name: string) => headers.find(([key]) => key.toLowerCase() === name)?.[1], found: string[] = [], type = of('content-type') ?? '', body = of('content-encoding') === 'gzip' ? gunzipSync(data) : data, text = body.toString()
  if (!((status >= 200 && status < 300) || status === 304 || (status >= 400 && status < 500) || isAllowed(status, request, text))) found.push(`status ${status}: ${text.slice(0, 600)}`)
  if (type.startsWith('application/json') && request.method !== 'HEAD') found.push(...jsonComplaints(status, text))
  for (const [name, value] of headers) if (/[\r\n\0]/.test(name + value)) found.push(`header ${name} holds a line break`)
  if (/node:internal|\.ts:\d+|at .+ \(.+:\d+:\d+\)/.test(text)) found.push(`the answer shows where the code is: ${text.slice(0, 300)}`)
  return found
}

function isAllowed(status: number, { target }: HostileRequest, text: string): boolean {
  // JSON, or YAML where that was asked for: JSON is YAML.
  const said = load(text) as { message?: unknown } | undefined, message = typeof said?.message === 'string' ? said.message : ''
  return SERVER_ERRORS.some((known) => known.status === status && known.text.test(message) && (known.asked ?? /^/).test(target))
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
