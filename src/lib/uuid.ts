import { createHash } from 'node:crypto'

/** The same UUID for the same name in the same namespace, everywhere (RFC 9562, version 5). Throws TypeError where `namespace` is no UUID. */
export function uuidV5(namespace: string, name: string): string {
  const bytes = Buffer.from(namespace.replaceAll('-', ''), 'hex')
  if (bytes.length !== 16) throw new TypeError(`not a UUID: ${JSON.stringify(namespace)}`)
  const hash = createHash('sha1').update(bytes).update(name).digest()
  hash[6] = (hash[6]! & 0x0f) | 0x50
  hash[8] = (hash[8]! & 0x3f) | 0x80
  const hex = hash.toString('hex', 0, 16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
