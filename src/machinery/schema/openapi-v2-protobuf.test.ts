import { expect, test } from 'vitest'
import { encodeOpenApiV2 } from './openapi-v2-protobuf.ts'

/** Read back by gnostic-models (Go), it equals what ParseDocument of gnostic-models makes of the JSON. */
const DOCUMENT = {
  swagger: '2.0', info: { title: 't', version: '1' },
  paths: { '/a/{n}': { get: { operationId: 'g', parameters: [{ in: 'query', name: 'q', type: 'integer', uniqueItems: true }, { $ref: '#/parameters/p' }, { in: 'body', name: 'b', required: true, schema: { $ref: '#/definitions/T' } }], responses: { 200: { description: 'OK', schema: { type: 'string' } } }, 'x-a': { b: 1 } } } },
  definitions: { T: { type: 'object', properties: { m: { type: 'object', additionalProperties: { type: 'string' } }, o: { type: 'object', additionalProperties: false }, l: { type: 'array', items: { type: 'number', format: 'double' }, maximum: 1.5 } }, required: ['m'], 'x-k': [{ group: 'g' }], default: {}, enum: ['a'] } },
  securityDefinitions: { B: { type: 'apiKey', name: 'authorization', in: 'header' } }, security: [{ B: [] }],
}
const ENCODED = 'CgMyLjASBgoBdBIBMUKcARKZAQoGL2Eve259Eo4BEosBKgFnQhwKGhIYGhYSBXF1ZXJ5IgFxMgdpbnRlZ2VyoAEBQhISEAoOIy9wYXJhbWV0ZXJzL3BCIgogCh4aBGJvZHkSAWIgASoRCg8jL2RlZmluaXRpb25zL1RKHgocCgMyMDASFQoTCgJPSxINCguyAQgKBnN0cmluZ2oQCgN4LWESCRIHeyJiIjoxfUqvAQqsAQoBVBKmAbIBCAoGb2JqZWN0ygFrCiAKAW0SG7IBCAoGb2JqZWN0qgENCguyAQgKBnN0cmluZwoVCgFvEhCyAQgKBm9iamVjdKoBAhAACjAKAWwSK7IBBwoFYXJyYXm6ARUKE7IBCAoGbnVtYmVyEgZkb3VibGU5AAAAAAAA+D+aAQFt+gEYCgN4LWsSERIPW3siZ3JvdXAiOiJnIn1dKgQSAnt9ogEFEgMiYSJqKAomCgFCEiESHwoGYXBpS2V5Eg1hdXRob3JpemF0aW9uGgZoZWFkZXJiBwoFCgFCEgA='

test('a document with one of each sort of thing', () => { expect(encodeOpenApiV2(DOCUMENT).toString('base64')).toBe(ENCODED) })
test('what the format does not know is left out', () => { expect(encodeOpenApiV2({ swagger: '2.0', nonsense: 1, paths: { nowhere: {} } }).length).toBe(7) })
