/**
 * Values at rest: AES-256-GCM, each value under a key of its own that is derived from one of the file's and a random salt, so that no number of writes wears a key out
 * (as KMS v2 of Kubernetes derives its own: k8s.io/apiserver/pkg/storage/value/encrypt/aes). The place where a value belongs is authenticated with it: values cannot change places.
 *
 *   enc:aesgcm:v1:NAME: | salt, 32 bytes | tag, 16 bytes | ciphertext
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { StatusError } from '../meta/status-error.ts'

interface Key { readonly name: string; readonly secret: Buffer }

const CIPHER = 'aes-256-gcm', KEY_BYTES = 32, IV_BYTES = 12, SALT_BYTES = 32, TAG_BYTES = 16, COLON = 58
/** Values that are not encrypted are JSON objects: none begins so. */
const PREFIX = Buffer.from('enc:aesgcm:v1:')
const NAME = /^[a-z0-9][-a-z0-9]{0,62}$/

export class ValueCipher {
  readonly #keys: readonly [Key, ...Key[]]

  /** `file`: a key a line, `NAME:BASE64` of 32 bytes; blank lines and those that begin with # say nothing. The first encrypts, all decrypt. Errors: Error with a sentence for people, without any key. */
  constructor(file: string) {
    const keys: Key[] = []
    for (const [at, line] of file.split('\n').entries()) {
      if (line.trim() === '' || line.startsWith('#')) continue
      const [name = '', encoded = ''] = line.trim().split(':', 2), secret = Buffer.from(encoded, 'base64')
      if (!NAME.test(name)) throw new Error(`line ${at + 1} has no name of a key before a colon (lower case letters, digits and dashes)`)
      if (secret.length !== KEY_BYTES) throw new Error(`the key ${name} has ${secret.length} bytes, not ${KEY_BYTES} in base64 (head -c ${KEY_BYTES} /dev/urandom | base64)`)
      if (keys.some((one) => one.name === name)) throw new Error(`there are two keys ${name}`)
      keys.push({ name, secret })
    }
    const [first, ...rest] = keys
    if (!first) throw new Error('there is no key in it')
    this.#keys = [first, ...rest]
  }

  /** `place`: the key of the store under which the value is kept. */
  encrypt(value: Uint8Array, place: string): Buffer {
    const [{ name, secret }] = this.#keys, salt = randomBytes(SALT_BYTES), { key, iv } = derived(secret, salt)
    const cipher = createCipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(place)), body = [cipher.update(value), cipher.final()]
    return Buffer.concat([PREFIX, Buffer.from(`${name}:`), salt, cipher.getAuthTag(), ...body])
  }

  /** `isStale`: in the clear, or of another key than is used now. Errors: StatusError InternalError. */
  decrypt(value: Uint8Array, place: string): { readonly value: Uint8Array; readonly isStale: boolean } {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    if (!bytes.subarray(0, PREFIX.length).equals(PREFIX)) return { value, isStale: true }
    const end = bytes.indexOf(COLON, PREFIX.length), name = bytes.toString('utf8', PREFIX.length, Math.max(end, PREFIX.length)), found = this.#keys.find((one) => one.name === name)
    if (!found) throw StatusError.internal(`${place} is encrypted by key "${name}", which the file of --encryption-key-file does not have`)
    const rest = bytes.subarray(end + 1), salt = rest.subarray(0, SALT_BYTES), tag = rest.subarray(SALT_BYTES, SALT_BYTES + TAG_BYTES), body = rest.subarray(SALT_BYTES + TAG_BYTES)
    try {
      const { key, iv } = derived(found.secret, salt), decipher = createDecipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(place)).setAuthTag(tag)
      return { value: Buffer.concat([decipher.update(body), decipher.final()]), isStale: found !== this.#keys[0] }
    } catch (cause) {
      throw new StatusError('InternalError', `${place} cannot be decrypted by key "${name}": the key is another, or the value was changed`, { cause })
    }
  }
}

function derived(secret: Buffer, salt: Uint8Array): { readonly key: Buffer; readonly iv: Buffer } {
  const bytes = Buffer.from(hkdfSync('sha256', secret, salt, 'federation-apiserver value', KEY_BYTES + IV_BYTES))
  return { key: bytes.subarray(0, KEY_BYTES), iv: bytes.subarray(KEY_BYTES) }
}
