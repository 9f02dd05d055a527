import { expect, test } from 'vitest'
import { requestInfo } from './request-info.ts'

const info = (method: string, url: string) => {
  const [path, query = ''] = url.split('?') as [string, string?]
  const { isResource, verb, group, version, namespace, resource, name, subresource, rest, labelSelector, fieldSelector } = requestInfo(method, path, new URLSearchParams(query))
  if (!isResource) return `${verb} ${path}`
  return [verb, `${group}/${version}`, namespace, resource, name, subresource, rest, labelSelector ?? '', fieldSelector ?? ''].join('|')
}

test.each([
  ['GET', '/', 'get /'],
  ['GET', '/apis/G/v', 'get /apis/G/v'],
  ['POST', '/api/v1', 'post /api/v1'],
  ['GET', '/version', 'get /version'],
  ['GET', '/openapi/v3/apis/apps/v1', 'get /openapi/v3/apis/apps/v1'],
  ['GET', '/api/v1/pods', 'list|/v1||pods||||||'],
  ['GET', '/apis/G/v/rs', 'list|G/v||rs|||||'],
  ['GET', '/apis/G/v/rs/', 'list|G/v||rs|||||'],
  ['GET', '/apis/G/v/namespaces/n/rs/x', 'get|G/v|n|rs|x||||'],
  ['HEAD', '/apis/G/v/namespaces/n/rs/x', 'get|G/v|n|rs|x||||'],
  ['PUT', '/apis/G/v/namespaces/n/rs/x/status', 'update|G/v|n|rs|x|status|||'],
  ['PATCH', '/apis/G/v/rs/x', 'patch|G/v||rs|x||||'],
  ['DELETE', '/apis/G/v/rs/x', 'delete|G/v||rs|x||||'],
  ['DELETE', '/apis/G/v/namespaces/n/rs', 'deletecollection|G/v|n|rs|||||'],
  ['POST', '/apis/G/v/namespaces/n/rs', 'create|G/v|n|rs|||||'],
  ['OPTIONS', '/apis/G/v/rs', '|G/v||rs|||||'],
  ['GET', '/apis/G/v/rs?watch', 'watch|G/v||rs|||||'],
  ['GET', '/apis/G/v/rs?watch=yes', 'watch|G/v||rs|||||'],
  ['GET', '/apis/G/v/rs?watch=0', 'list|G/v||rs|||||'],
  ['GET', '/apis/G/v/rs?watch=False', 'list|G/v||rs|||||'],
  ['GET', '/apis/G/v/rs/x?watch=1', 'get|G/v||rs|x||||'],
  ['GET', '/apis/G/v/watch/namespaces/n/rs', 'watch|G/v|n|rs|||||'],
  ['GET', '/apis/G/v/watch/rs/x', 'watch|G/v||rs|x||||'],
  ['GET', '/api/v1/proxy/nodes/n1/metrics/x', 'proxy|/v1||nodes|n1||/x||'],
  ['GET', '/api/v1/namespaces', 'list|/v1||namespaces|||||'],
  ['GET', '/api/v1/namespaces/n', 'get|/v1|n|namespaces|n||||'],
  ['PUT', '/api/v1/namespaces/n/finalize', 'update|/v1|n|namespaces|n|finalize|||'],
  ['GET', '/apis/G/v/rs?fieldSelector=metadata.name%3Dx&labelSelector=a', 'list|G/v||rs|x|||a|metadata.name=x'],
  ['GET', '/apis/G/v/rs?fieldSelector=metadata.name%3Da/b', 'list|G/v||rs|||||metadata.name=a/b'],
  ['GET', '/apis/G/v/clusters/m1/proxy/api/v1/pods/', 'get|G/v||clusters|m1|proxy|/api/v1/pods/||'],
  ['POST', '/apis/G/v/clusters/m1/proxy', 'create|G/v||clusters|m1|proxy|||'],
  ['GET', '/apis/G/v/clusters/m1/proxy/a%2Fb%2e', 'get|G/v||clusters|m1|proxy|/a%2Fb%2e||'],
  ['GET', '/apis/G/v/namespaces/n/rs/a%2Fb', 'get|G/v|n|rs|a/b||||'],
])('%s %s is %s', (method, url, expected) => {
  expect(info(method, url).replace(/\|+$/, '')).toBe(expected.replace(/\|+$/, ''))
})

test('undecodable paths, and a special verb without a resource, are refused', () => {
  expect(() => info('GET', '/apis/G/v/%zz')).toThrow('invalid URL escape')
  expect(() => info('GET', '/apis/G/v/watch')).toThrow('unable to determine kind and namespace')
})
