import { BlockList, isIP } from 'node:net'
import { type FieldError, fieldError } from '../../../machinery/meta/status-error.ts'

/** An API endpoint is an https URL with a host and nothing that could carry credentials or change requests. Loopback and link-local hosts reach the server's own machine, and need to be allowed. */
export function validateApiEndpoint(text: string, path: string, { allowLoopback }: { readonly allowLoopback: boolean }): FieldError[] {
  const invalid = (detail: string) => [fieldError.invalid(path, text, detail)]
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url) return invalid('must be a URL such as https://10.0.0.1:6443')
  if (url.protocol !== 'https:') return invalid('must begin with https://')
  // The parser takes `https:10.0.0.1` and `https:\\host` for what a browser would; we do not.
  if (!/^https:\/\/[^/\\?#]/i.test(text)) return invalid('must name a host')
  return [
    ...(url.username || url.password || /^[^/]*\/\/[^/]*@/.test(text) ? invalid('must not carry a user or password') : []),
    ...(url.search || text.includes('?') ? invalid('must not carry a query') : []),
    ...(url.hash || text.includes('#') ? invalid('must not carry a fragment') : []),
    ...(!allowLoopback && isLocalHost(url.hostname) ? invalid('loopback and link-local addresses are refused unless the server is started with --allow-loopback-members') : []),
  ]
}

/** A proxy on the way to a member. */
export function validateProxyUrl(text: string, path: string): FieldError[] {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !['http:', 'https:', 'socks5:'].includes(url.protocol)) return [fieldError.invalid(path, text, 'must be a URL that begins with http://, https:// or socks5://')]
  return url.hostname ? [] : [fieldError.invalid(path, text, 'must name a host')]
}

/** Whether a host, as a URL spells it, is on the machine itself or on its link. Names are not resolved here: whoever connects must look at the address it got, with `isLocalAddress`. */
function isLocalHost(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '').toLowerCase()
  return host === 'localhost' || host.endsWith('.localhost') || isLocalAddress(host)
}

/** Loopback, unspecified and link-local addresses of both families, IPv4 in IPv6 included. False for what is no address. */
export function isLocalAddress(address: string): boolean {
  const version = isIP(address)
  return version !== 0 && LOCAL.check(address, version === 4 ? 'ipv4' : 'ipv6')
}

const LOCAL = new BlockList()
LOCAL.addSubnet('127.0.0.0', 8, 'ipv4')
LOCAL.addSubnet('169.254.0.0', 16, 'ipv4')
LOCAL.addSubnet('0.0.0.0', 8, 'ipv4')
LOCAL.addSubnet('::', 127, 'ipv6')
LOCAL.addSubnet('fe80::', 10, 'ipv6')
