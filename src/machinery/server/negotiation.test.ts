import { expect, test } from 'vitest'
import { negotiate } from './negotiation.ts'

const of = (accept: string | undefined, options = {}, query = '', agent = 'test') => {
  try {
    const { format, pretty, transform } = negotiate({ headers: [['user-agent', agent], ...(accept === undefined ? [] : [['accept', accept] as const])], query: new URLSearchParams(query) }, { transforms: true, ...options })
    return [format, ...(pretty ? ['pretty'] : []), ...(transform ? [transform.as, transform.version] : [])].join(' ')
  } catch (error) {
    return (error as Error).message
  }
}
const META = 'g=meta.k8s.io;v=v1'

test.each([
  [undefined, 'json'],
  ['*/*', 'json'],
  ['application/json;q=0.5,application/yaml', 'yaml'],
  [`application/json;as=Table;${META},application/json`, 'json Table v1'],
  ['application/json;as=Table;g=meta.k8s.io;v=v1beta1', 'json Table v1beta1'],
  ['application/json;as=Nothing;g=meta.k8s.io;v=v1,application/json', 'json'],
  ['application/json;as=Nothing;g=meta.k8s.io;v=v1', 'only the following media types are accepted: application/json, application/yaml'],
  [`application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;${META},application/json;as=PartialObjectMetadata;${META},application/json`, 'json PartialObjectMetadata v1'],
  ['application/vnd.kubernetes.protobuf,application/json', 'json'],
  ['text/html', '406: Not Acceptable\n\nAvailable representations: application/json, application/yaml'],
  ['application/json;pretty=1', 'json pretty'],
  ['application/json;stream=watch', 'json'],
])('Accept %s', (accept, expected) => {
  expect(of(accept)).toBe(expected)
})

test('pretty by parameter and by agent', () => {
  expect([of(undefined, {}, 'pretty=true'), of(undefined, {}, 'pretty=false', 'curl/8'), of(undefined, {}, '', 'curl/8')]).toEqual(['json pretty', 'json', 'json pretty'])
})

test('a stream is JSON', () => {
  expect(of('application/yaml', { stream: true })).toBe('only the following media types are accepted: application/json;stream=watch')
})
