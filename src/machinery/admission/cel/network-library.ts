import type { Environment } from '@marcbachmann/cel-js'
import { isIP } from 'node:net'
import { registerNamespace } from './namespace.ts'

class IpValue {
  readonly family: 4 | 6
  readonly bits: bigint
  constructor(family: 4 | 6, bits: bigint) { this.family = family; this.bits = bits }
  toString(): string { return textOf(this) }
}

class CidrValue {
  readonly address: IpValue
  readonly length: number
  constructor(address: IpValue, length: number) { this.address = address; this.length = length }
  toString(): string { return `${textOf(this.address)}/${this.length}` }
}

/** ip, isIP, cidr, isCIDR and what addresses can do (apiserver/pkg/cel/library/ip.go, cidr.go). IPv4 in IPv6 and zones are refused, as there. */
export function registerNetwork(environment: Environment): void {
  environment.registerType('net.IP', IpValue).registerType('net.CIDR', CidrValue)
  const method = (signature: string, handler: (...values: never[]) => unknown) => environment.registerFunction(signature, handler, { async: false })
  method('ip(string): net.IP', parseIp)
  method('isIP(string): bool', (text: string) => succeeds(() => parseIp(text)))
  method('cidr(string): net.CIDR', parseCidr)
  method('isCIDR(string): bool', (text: string) => succeeds(() => parseCidr(text)))
  registerNamespace(environment, 'ip', 'IpNamespace')
  method('IpNamespace.isCanonical(string): bool', (_: unknown, text: string) => textOf(parseIp(text)) === text)
  method('string(net.IP): string', textOf)
  method('string(net.CIDR): string', String)
  method('net.IP.family(): int', ({ family }: IpValue) => BigInt(family))
  for (const [name, [four, six]] of Object.entries(RANGES)) method(`net.IP.${name}(): bool`, (address: IpValue) => inCidr(parseCidr(address.family === 4 ? four : six), address))
  method('net.IP.isGlobalUnicast(): bool', (address: IpValue) => !NOT_UNICAST.some((cidr) => inCidr(parseCidr(cidr), address)))
  method('net.CIDR.containsIP(string): bool', (cidr: CidrValue, text: string) => inCidr(cidr, parseIp(text)))
  method('net.CIDR.containsIP(net.IP): bool', inCidr)
  method('net.CIDR.containsCIDR(string): bool', (cidr: CidrValue, text: string) => containsCidr(cidr, parseCidr(text)))
  method('net.CIDR.containsCIDR(net.CIDR): bool', containsCidr)
  method('net.CIDR.ip(): net.IP', ({ address }: CidrValue) => address)
  method('net.CIDR.masked(): net.CIDR', (cidr: CidrValue) => new CidrValue(new IpValue(cidr.address.family, network(cidr.address, cidr.length)), cidr.length))
  method('net.CIDR.prefixLength(): int', ({ length }: CidrValue) => BigInt(length))
  environment.registerOperator('net.IP == net.IP', sameIp).registerOperator('net.CIDR == net.CIDR', (a: CidrValue, b: CidrValue) => sameIp(a.address, b.address) && a.length === b.length)
}

const RANGES = {
  isUnspecified: ['0.0.0.0/32', '::/128'], isLoopback: ['127.0.0.0/8', '::1/128'], isLinkLocalMulticast: ['224.0.0.0/24', 'ff02::/16'], isLinkLocalUnicast: ['169.254.0.0/16', 'fe80::/10'],
} as const
const NOT_UNICAST = ['0.0.0.0/32', '255.255.255.255/32', '127.0.0.0/8', '224.0.0.0/4', '169.254.0.0/16', '::/128', '::1/128', 'ff00::/8', 'fe80::/10']

const sameIp = (a: IpValue, b: IpValue) => a.family === b.family && a.bits === b.bits
const succeeds = (attempt: () => unknown) => { try { attempt(); return true } catch { return false } }
const widthOf = ({ family }: IpValue) => (family === 4 ? 32 : 128)
const network = (address: IpValue, length: number) => { const rest = BigInt(widthOf(address) - length); return (address.bits >> rest) << rest }
const inCidr = ({ address, length }: CidrValue, other: IpValue) => address.family === other.family && network(address, length) === network(other, length)
const containsCidr = (outer: CidrValue, inner: CidrValue) => inner.length >= outer.length && inCidr(outer, inner.address)

function parseIp(text: string): IpValue {
  const version = isIP(text)
  if (version === 4) return new IpValue(4, text.split('.').reduce((bits, part) => (bits << 8n) | BigInt(part), 0n))
  if (version === 0) throw new Error(`IP Address ${JSON.stringify(text)} parse error during conversion from string: ParseAddr(${JSON.stringify(text)}): unable to parse IP`)
  if (text.includes('%')) throw new Error(`IP address ${JSON.stringify(text)} with zone value is not allowed`)
  if (text.includes('.')) throw new Error(`IPv4-mapped IPv6 address ${JSON.stringify(text)} is not allowed`)
  const [head = '', tail] = text.split('::'), groups = (part: string) => (part ? part.split(':') : [])
  const left = groups(head), right = groups(tail ?? ''), all = tail === undefined ? left : [...left, ...Array.from({ length: 8 - left.length - right.length }, () => '0'), ...right]
  return new IpValue(6, all.reduce((bits, part) => (bits << 16n) | BigInt(`0x${part}`), 0n))
}

function parseCidr(text: string): CidrValue {
  const [, address = '', digits = ''] = /^(.+)\/(0|[1-9]\d*)$/.exec(text) ?? []
  if (!address) throw new Error(`network address parse error during conversion from string: netip.ParsePrefix(${JSON.stringify(text)}): no '/'`)
  const ip = parseIp(address), length = Number(digits)
  if (length > widthOf(ip)) throw new Error(`network address parse error during conversion from string: netip.ParsePrefix(${JSON.stringify(text)}): prefix length out of range`)
  return new CidrValue(ip, length)
}

/** The canonical text; of IPv6 the longest run of at least two zero groups is left out (RFC 5952). */
function textOf({ family, bits }: IpValue): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (bits >> shift) & 0xffn).join('.')
  const groups = Array.from({ length: 8 }, (_, i) => ((bits >> BigInt(112 - 16 * i)) & 0xffffn).toString(16))
  let best = { at: -1, length: 1 }
  for (let at = 0; at < 8; at++) {
    let length = 0
    while (groups[at + length] === '0') length++
    if (length > best.length) best = { at, length }
  }
  return best.at < 0 ? groups.join(':') : `${groups.slice(0, best.at).join(':')}::${groups.slice(best.at + best.length).join(':')}`
}
