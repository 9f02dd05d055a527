import { expect, test } from 'vitest'
import type { KubeObject } from '../machinery/meta/core.ts'
import { noPlacement, placementOf } from './member-placement.ts'

const of = { group: '', resource: 'pods' }, isCluster = (name: string) => name === 'member1' || name === 'member2'
const pod = (name: string | undefined, label?: string, nodeName?: string): KubeObject => ({ metadata: { ...(name !== undefined && { name }), ...(label !== undefined && { labels: { 'cluster.federation/name': label } }) }, ...(nodeName !== undefined && { spec: { nodeName } }) })

test.each([
  ['its name', pod('web@member1'), { cluster: 'member1', name: 'web' }],
  ['its label', pod('web', 'member2'), { cluster: 'member2', name: 'web' }],
  ['both', pod('web@member1', 'member1'), { cluster: 'member1', name: 'web' }],
  ['its node', pod('web', undefined, 'n1@member2'), { cluster: 'member2', name: 'web' }],
  ['its node, which its name holds', pod('node-debugger-n1@member2-x2x4t', undefined, 'n1@member2'), { cluster: 'member2', name: 'node-debugger-n1-x2x4t' }],
  ['the label, for a name yet to be made', pod(undefined, 'member1'), { cluster: 'member1' }],
  ['the label, where an @ names no cluster', pod('system@x', 'member1'), { cluster: 'member1', name: 'system@x' }],
])('a new object goes where %s says', (_, object, expected) => { expect(placementOf(object, of, isCluster)).toEqual(expected) })

test.each([
  ['nothing is named', pod('web'), 'pods "web" lives in one cluster, which has to be named: as web@CLUSTER, or by the label cluster.federation/name'],
  ['not even a name is there', pod(undefined), 'pods lives in one cluster, which has to be named: as NAME@CLUSTER, or by the label cluster.federation/name'],
  ['the name is of no cluster', pod('web@nowhere'), 'pods "web@nowhere" lives in one cluster, which has to be named: as web@CLUSTER, or by the label cluster.federation/name'],
])('without a cluster: %s', (_, object, message) => {
  expect(placementOf(object, of, isCluster)).toBeUndefined()
  expect(noPlacement(object, of)).toMatchObject({ reason: 'BadRequest', message })
})

test.each([
  ['the label is of no cluster', pod('web', 'nowhere'), 'pods "web" cannot be created: there is no cluster "nowhere" in this fleet'],
  ['name and label disagree', pod('web@member1', 'member2'), 'pods "web@member1" cannot be created in several clusters: member1, member2'],
  ['label and node disagree', pod('web', 'member1', 'n1@member2'), 'pods "web" cannot be created in several clusters: member1, member2'],
])('refused: %s', (_, object, message) => { expect(() => placementOf(object, of, isCluster)).toThrow(expect.objectContaining({ reason: 'BadRequest', message })) })
