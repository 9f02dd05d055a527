import { isIP, isIPv6 } from 'node:net'

/**
 * Whether a string is of a format, as kube-openapi/pkg/validation/strfmt decides it; true for formats it does not know.
 * Not checked: isbn and creditcard.
 */
export const isFormat = (format: string, text: string): boolean => FORMATS[format.replaceAll('-', '')]?.(text) ?? true

const matches = (pattern: RegExp) => (text: string) => pattern.test(text)
const isDate = (text: string) => {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text) ?? []
  if (!year) return false
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)))
  return date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day)
}
const isDateTime = (text: string) => {
  const [date, time] = text.toLowerCase().split('t'), [, hours, minutes, seconds] = /^(\d{2}):(\d{2}):(\d{2})(?:.\d+)?(?:z|[+-]\d{2}:\d{2})$/.exec(time ?? '') ?? []
  return isDate(date!) && hours !== undefined && hours <= '23' && minutes! <= '59' && seconds! <= '59'
}
const isCidr = (text: string) => {
  const [, address, bits] = /^(.+)\/(\d{1,3})$/.exec(text) ?? [], version = isIP(address ?? '')
  return version > 0 && Number(bits) <= (version === 4 ? 32 : 128)
}
const isUri = (text: string) => text.startsWith('/') || URL.canParse(text)
/** Odd as upstream: one label without two dashes in a row, or labels that end in letters, two at least (`a.bc`, but not `a.b`). */
const HOSTNAME = /^(?:[a-zA-Z0-9\p{S}\p{L}](?:-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?|(?:[a-zA-Z0-9\p{S}\p{L}](?:[a-zA-Z0-9\-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?\.)+[a-zA-Z\p{L}]{2,63})$/u
const isHostname = (text: string) => HOSTNAME.test(text) && Buffer.byteLength(text) <= 255 && text.split('.').every((label) => Buffer.byteLength(label) <= 63)
/** Go's own, or any number with a unit somewhere in it. */
const isDuration = (text: string) => /^[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/.test(text) || [...text.matchAll(/\d+\s*([A-Za-zµ]+)/g)].some(([, unit]) => /^(?:ns|us|µs|ms|s|m|h|hr|d|w|wk|nano.*|micro.*|milli.*|sec.*|min.*|hour.*|day.*|week.*)$/i.test(unit!))
const uuid = (third: string, fourth: string) => matches(new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${third}-?${fourth}-?[0-9a-f]{12}$`, 'i'))
const LABEL = '[a-z0-9](?:[-a-z0-9]*[a-z0-9])?'

const FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  // Custom resources may not have empty bytes, built-in kinds may: a Secret often has.
  byte: matches(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/),
  date: isDate,
  datetime: isDateTime,
  duration: isDuration,
  email: matches(/^(?:[^<>]*<)?[^\s@<>]+@[^\s@<>]+>?$/),
  hexcolor: matches(/^#?(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/),
  hostname: isHostname,
  // Zeros may lead a part, as they could when the first of these objects were written.
  ipv4: (text) => isIP(text.replaceAll(/\b0+(?=\d)/g, '')) > 0 && text.includes('.'),
  ipv6: (text) => isIPv6(text) && !text.includes('%'),
  cidr: isCidr,
  mac: matches(/^(?:[0-9a-f]{2}([:-]))(?:[0-9a-f]{2}\1){4}(?:[0-9a-f]{2}\1[0-9a-f]{2}\1)?[0-9a-f]{2}$|^(?:[0-9a-f]{4}\.){2,3}[0-9a-f]{4}$/i),
  rgbcolor: matches(/^rgb\(\s*(?:\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])\s*(?:,\s*(?:\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])\s*){2}\)$/),
  bsonobjectid: matches(/^[0-9a-f]{24}$/i),
  ssn: matches(/^\d{3}[- ]?\d{2}[- ]?\d{4}$/),
  uri: isUri,
  uuid: uuid('[0-9a-f]{4}', '[0-9a-f]{4}'),
  uuid3: uuid('3[0-9a-f]{3}', '[0-9a-f]{4}'),
  uuid4: uuid('4[0-9a-f]{3}', '[89ab][0-9a-f]{3}'),
  uuid5: uuid('5[0-9a-f]{3}', '[89ab][0-9a-f]{3}'),
  k8sshortname: (text) => text.length <= 63 && new RegExp(`^${LABEL}$`).test(text),
  k8slongname: (text) => text.length <= 253 && new RegExp(`^${LABEL}(?:\\.${LABEL})*$`).test(text),
}
