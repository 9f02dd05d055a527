import type { Headers, User } from '../../machinery/meta/core.ts'
import { StatusError } from '../../machinery/meta/status-error.ts'

/**
 * The headers that make a member see the user who asks. What a host says about itself means nothing there, so that no host identity has rights in a member by accident:
 * `system:` groups are dropped except system:authenticated, system:masters becomes federation:masters, users named `system:…` become `federation:system:…`. Uid and extra stay behind: impersonating them would need more rights in the member.
 * Errors: StatusError Unauthorized for an anonymous user, whom a member would take for an authenticated one.
 */
export function impersonate(user: User): Headers {
  if (!user.name || user.name === 'system:anonymous' || user.groups.includes('system:unauthenticated')) throw StatusError.unauthorized()
  const groups = new Set(user.groups.flatMap((group) => (group === 'system:masters' ? ['federation:masters'] : group === 'system:authenticated' || !RESERVED.test(group) ? [group] : [])))
  return [['impersonate-user', wire(RESERVED.test(user.name) ? `federation:${user.name}` : user.name)], ...[...groups].map((group): [string, string] => ['impersonate-group', wire(group)])]
}

/** `federation:` is what we write: nobody may bring it along. */
const RESERVED = /^(?:system|federation):/

/** Go reads and writes headers as UTF-8, Node as latin1. A line break would begin another header. */
function wire(text: string): string {
  // oxlint-disable-next-line no-control-regex -- exactly these are refused
  if (/[\u0000-\u001f\u007f]/.test(text)) throw StatusError.badRequest('the name of the user or of a group contains control characters')
  return Buffer.from(text, 'utf8').toString('latin1')
}

const REQUEST_HEADERS = new Set([
  'accept', 'accept-encoding', 'accept-language', 'content-type', 'content-length', 'content-encoding', 'user-agent', 'if-match', 'if-none-match', 'if-modified-since', 'range', 'origin', 'audit-id', 'traceparent', 'tracestate',
  'kubectl-command', 'kubectl-session', 'x-stream-protocol-version', 'upgrade', 'sec-websocket-key', 'sec-websocket-version', 'sec-websocket-extensions', 'sec-websocket-protocol',
])
const RESPONSE_HEADERS_DROPPED = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'trailer', 'proxy-authenticate', 'www-authenticate', 'set-cookie', 'strict-transport-security', 'alt-svc'])
/** A bearer token that travels as a WebSocket subprotocol. */
const TOKEN_PROTOCOL = /^base64url\.bearer\.authorization\.k8s\.io\./i

/** What of a user's request a member gets to see: what is named here, and never a credential or an identity. */
export const forwarded = (headers: Headers): Headers => headers.flatMap(([name, value]): Headers => {
  if (!REQUEST_HEADERS.has(name)) return []
  if (name !== 'sec-websocket-protocol') return [[name, value]]
  const protocols = value.split(',').map((protocol) => protocol.trim()).filter((protocol) => protocol && !TOKEN_PROTOCOL.test(protocol))
  return protocols.length ? [[name, protocols.join(', ')]] : []
})

/** What of a member's response the user gets to see: cookies and challenges of the member are not for clients of this server. */
export const returned = (headers: Headers): Headers => headers.filter(([name]) => !RESPONSE_HEADERS_DROPPED.has(name))

/**
 * A path, parsed and written again, so that the member reads the segments that were authorised. Errors: StatusError BadRequest for segments that are empty, `.` or `..`, or hold a slash; a slash at the end stays.
 */
export function safePath(path: string): string {
  if (path === '' || path === '/') return '/'
  const trailing = path.endsWith('/') ? '/' : '', segments = path.slice(1, trailing ? -1 : undefined).split('/')
  if (!path.startsWith('/')) throw StatusError.badRequest('the path does not begin with a slash')
  return `/${segments.map(segment).join('/')}${trailing}`
}

function segment(text: string): string {
  let decoded: string
  try {
    decoded = decodeURIComponent(text)
  } catch (cause) {
    throw new StatusError('BadRequest', `the path segment ${JSON.stringify(text)} is not percent-encoded UTF-8`, { cause })
  }
  // oxlint-disable-next-line no-control-regex -- exactly these are refused
  if (decoded === '' || decoded === '.' || decoded === '..' || /[/\\\u0000-\u001f\u007f]/.test(decoded)) throw StatusError.badRequest(`the path segment ${JSON.stringify(text)} is not allowed`)
  return encodeURIComponent(decoded).replace(/%(?:3A|40|24|2C|3B|2B|3D|26|21)/g, decodeURIComponent)
}
