import { expect, test } from 'vitest'
import { uuidV5 } from './uuid.ts'

const DNS = '6ba7b810-9dad-11d1-80b4-00c04fd430c8'

test.each([
  ['the example of RFC 9562', 'www.example.com', '2ed6657d-e927-568b-95e1-2665a8aea6a2'],
  ['text beyond ASCII is UTF-8', 'bücher.example', '849d4d8f-6c8e-59fa-9721-89ccba396bf9'],
])('%s', (_, name, expected) => expect(uuidV5(DNS, name)).toBe(expected))

test('a namespace that is no UUID is a mistake of the program', () => expect(() => uuidV5('fleet', 'x')).toThrow(TypeError))
