import { expect, test } from 'vitest'
import { deleteParameters, writeOptions } from './write-options.ts'

const NOTHING = Buffer.alloc(0), deletion = (query: string, body = NOTHING) => deleteParameters({ query: new URLSearchParams(query), headers: [] }, body)

test('without a body the query may hold preconditions', () => {
  expect(deletion('uid=u&resourceVersion=5')).toMatchObject({ uid: 'u', position: '5' })
  expect(deletion('resourceVersion=0')).toMatchObject({ position: '0' })
  expect(deletion('')).toEqual({ waitsForDependents: false })
  expect(deletion('uid=u', Buffer.from('{}'))).toEqual({ waitsForDependents: false })
})

test.each([
  ['{"gracePeriodSeconds":"soon"}', 'json: cannot unmarshal string into Go struct field DeleteOptions.gracePeriodSeconds of type int64'],
  ['{"preconditions":{"uid":5}}', 'json: cannot unmarshal number into Go struct field Preconditions.preconditions.uid of type types.UID'],
])('options %s', (body, message) => { expect(() => deletion('', Buffer.from(body))).toThrow(message) })

test('a user agent is read as UTF-8', () => {
  const manager = (agent: string) => writeOptions({ query: new URLSearchParams(), headers: [['user-agent', Buffer.from(agent).toString('latin1')]] }, 'CreateOptions').manager
  expect([manager('käse/1.0'), manager('kubectl/v1 (x)')]).toEqual(['käse', 'kubectl'])
})
