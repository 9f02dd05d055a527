import { expect, test } from 'vitest'
import { ValueCipher } from './value-cipher.ts'

const secret = (fill: number) => Buffer.alloc(32, fill).toString('base64'), FILE = `# of November\nnew:${secret(1)}\n\nold:${secret(2)}\n`
const bytes = (text: string) => new TextEncoder().encode(text), text = (value: Uint8Array) => Buffer.from(value).toString(), PLACE = '/types.federation/federatedsecrets/shop/db'

test('a value comes back, looks different each time, and says nothing of what it is', () => {
  const cipher = new ValueCipher(FILE), value = bytes('{"password":"secret"}'), [one, two] = [cipher.encrypt(value, PLACE), cipher.encrypt(value, PLACE)]
  expect(text(one)).toMatch(/^enc:aesgcm:v1:new:/)
  expect([one, two].some((it) => text(it).includes('password'))).toBe(false)
  expect(one.equals(two)).toBe(false)
  expect(cipher.decrypt(one, PLACE)).toEqual({ value: Buffer.from(value), isStale: false })
  expect(text(cipher.decrypt(cipher.encrypt(new Uint8Array(), PLACE), PLACE).value)).toBe('')
})

test('the first key encrypts, all decrypt; what is in the clear is read as it is', () => {
  const before = new ValueCipher(`old:${secret(2)}`).encrypt(bytes('{}'), PLACE), cipher = new ValueCipher(FILE), plain = bytes('{"a":1}')
  expect(cipher.decrypt(before, PLACE)).toEqual({ value: Buffer.from('{}'), isStale: true })
  expect(cipher.decrypt(plain, PLACE)).toEqual({ value: plain, isStale: true })
  expect(() => new ValueCipher(`other:${secret(2)}`).decrypt(before, PLACE)).toThrow(`${PLACE} is encrypted by key "old", which the file of --encryption-key-file does not have`)
})

test.each([
  ['in another place', (value: Buffer) => value, `${PLACE}2`], ['with a bit turned', (value: Buffer) => { value[value.length - 1]! ^= 1; return value }, PLACE],
  ['with another tag', (value: Buffer) => { value[value.length - 3]! ^= 1; return value }, PLACE], ['cut short', (value: Buffer) => value.subarray(0, 60), PLACE], ['cut at its prefix', (value: Buffer) => value.subarray(0, 18), PLACE],
])('a value %s is refused', (_, change, place) => {
  const cipher = new ValueCipher(FILE)
  expect(() => cipher.decrypt(change(cipher.encrypt(bytes('{}'), PLACE)), place)).toThrow('the key is another, or the value was changed')
})

test('a key of the same name that is another is found out', () => {
  expect(() => new ValueCipher(`new:${secret(9)}`).decrypt(new ValueCipher(FILE).encrypt(bytes('{}'), PLACE), PLACE)).toThrow('cannot be decrypted by key "new"')
})

test.each([
  ['', 'there is no key in it'], ['# nothing\n', 'there is no key in it'], [secret(1), 'line 1 has no name of a key before a colon'], ['a:AAAA', 'the key a has 3 bytes, not 32'],
  [`a:${secret(1)}\na:${secret(2)}`, 'there are two keys a'], [`\nA b:${secret(1)}`, 'line 2 has no name'],
])('a file that holds %j is refused', (file, message) => {
  expect(() => new ValueCipher(file)).toThrow(message)
})
