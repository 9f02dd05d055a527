import { expect, test } from 'vitest'
import { compileJsonPath } from './json-path.ts'

const object = {
  kind: 'Thing', metadata: { name: 'a', labels: { 'example.com/zone': 'z', plain: 'p' } },
  spec: { list: ['x', 'y', 'z'], ports: [{ name: 'http', port: 80 }, { name: 'https', port: 443 }], nothing: null, deep: { deeper: { found: 1 } } },
  status: { conditions: [{ type: 'Ready', status: 'True', n: 2 }, { type: 'Synced', status: 'False', n: 1 }] },
}

test.each([
  ['.kind', 'Thing'], ['$.kind', 'Thing'], ['.spec.deep.deeper', { found: 1 }], ['.missing.further', undefined], ['.kind.further', undefined], ['.spec.nothing', null],
  ['.spec.list[1]', 'y'], ['.spec.list[-1]', 'z'], ['.spec.list[9]', undefined], ['.spec.list[-9]', undefined], ['.spec.list[*]', 'x'], ['.spec.deep.*', { found: 1 }],
  ['.metadata.labels.example\\.com/zone', 'z'], ["['metadata']['name']", 'a'], ["['metadata.name']", 'a'], [".metadata.labels['example\\.com/zone']", 'z'], [".metadata.labels['example.com/zone']", undefined],
  ['.status.conditions[?(@.type=="Synced")].status', 'False'], [".status.conditions[?(@.type=='Ready')].status", 'True'], ['.status.conditions[?(@.type != "Ready")].status', 'False'], ['.status.conditions[?(@.n<2)].type', 'Synced'],
  ['.status.conditions[?(@.n>=2)].type', 'Ready'], ['.status.conditions[?(@.n=="2")].type', undefined], ['.status.conditions[?(@.type=="None")].status', undefined], ['.spec.list[?(@=="z")]', 'z'], ['.spec.ports[?(@.name)].port', 80],
  ['..found', 1], ['.spec.list[0:2]', 'x'], ['.spec.list[-1:]', 'z'], ['.spec.list[2,0]', 'z'],
  ['.spec.list[?(@.constructor.constructor("return process")())]', undefined],
])('%s', (path, expected) => expect(compileJsonPath(path)(object)).toEqual(expected))

test('a path that is none', () => expect(() => compileJsonPath('{.kind}')).toThrow(SyntaxError))
