import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../machinery/meta/json-value.ts'
import { inMemberTerms, operationsInTerms, optionsInTerms, type MemberTerms } from './member-terms.ts'

/** In member1 versions are the last two digits of positions, and uids of the fleet begin with `f-`. */
const terms: MemberTerms = {
  cluster: 'member1',
  version: (position) => Promise.resolve(typeof position === 'string' ? position.slice(-2) : position),
  uid: ({ kind }, given) => Promise.resolve(given.startsWith('f-') ? `${kind} of member1` : undefined),
}
const LABEL = 'cluster.federation/name', owner = (uid: string, name = 'web') => ({ apiVersion: 'apps/v1', kind: 'ReplicaSet', name, uid, controller: true })

describe('an object, or a patch that looks like one', () => {
  test.each<[string, JsonObject, JsonObject]>([
    ['name and label', { metadata: { name: 'web@member1', labels: { [LABEL]: 'member1', app: 'web' } } }, { metadata: { name: 'web', labels: { app: 'web' } } }],
    ['the label alone leaves no labels', { metadata: { labels: { [LABEL]: 'member1' } } }, { metadata: {} }],
    ['a label that is to be removed', { metadata: { labels: { [LABEL]: null, app: null } } }, { metadata: { labels: { app: null } } }],
    ['names of other clusters stay', { metadata: { name: 'web@member2' }, spec: { nodeName: 'n1@member2' } }, { metadata: { name: 'web@member2' }, spec: { nodeName: 'n1@member2' } }],
    ['the version', { metadata: { resourceVersion: '9970' } }, { metadata: { resourceVersion: '70' } }],
    ['its own uid stays', { metadata: { uid: 'u1' } }, { metadata: { uid: 'u1' } }],
    ['the node', { spec: { nodeName: 'n1@member1', hostNetwork: true } }, { spec: { nodeName: 'n1', hostNetwork: true } }],
    ['what is scaled, but no user', { spec: { scaleTargetRef: { kind: 'Deployment', name: 'web@member1' } }, subjects: [{ kind: 'User', name: 'alice@member1' }] }, { spec: { scaleTargetRef: { kind: 'Deployment', name: 'web' } }, subjects: [{ kind: 'User', name: 'alice@member1' }] }],
    ['folded owners, and others', { metadata: { ownerReferences: [owner('f-1'), owner('u2', 'n1@member1')] } }, { metadata: { ownerReferences: [owner('ReplicaSet of member1'), owner('u2', 'n1')] } }],
    ['what an Event is about', { involvedObject: { kind: 'Pod', name: 'web@member1', uid: 'f-2' } }, { involvedObject: { kind: 'Pod', name: 'web', uid: 'Pod of member1' } }],
    ['a volume\'s claim', { spec: { claimRef: { name: 'data', namespace: 'shop', uid: 'f-3' } } }, { spec: { claimRef: { name: 'data', namespace: 'shop', uid: 'PersistentVolumeClaim of member1' } } }],
    ['an Eviction\'s conditions', { metadata: { name: 'web@member1' }, deleteOptions: { preconditions: { uid: 'u1', resourceVersion: '9970' } } }, { metadata: { name: 'web' }, deleteOptions: { preconditions: { uid: 'u1', resourceVersion: '70' } } }],
    ['all else stays', { spec: { containers: [{ name: 'c@member1' }] }, data: null, list: [1, 'a@member1'] }, { spec: { containers: [{ name: 'c@member1' }] }, data: null, list: [1, 'a@member1'] }],
  ])('%s', async (_, given, expected) => { expect(await inMemberTerms(given, terms)).toEqual(expected) })

  test('cannot move to another cluster', async () => {
    await expect(inMemberTerms({ metadata: { labels: { [LABEL]: 'member2' } } }, terms)).rejects.toMatchObject({ reason: 'BadRequest', message: 'the label cluster.federation/name says where the object is, which is member1: it cannot become "member2"' })
  })
})

test.each<[string, JsonObject, JsonObject]>([
  ['both', { preconditions: { uid: 'u1', resourceVersion: '9970' }, dryRun: ['All'] }, { preconditions: { uid: 'u1', resourceVersion: '70' }, dryRun: ['All'] }],
  ['the uid only', { preconditions: { uid: 'u1' } }, { preconditions: { uid: 'u1' } }],
  ['none', { propagationPolicy: 'Orphan' }, { propagationPolicy: 'Orphan' }],
])('conditions of a deletion: %s', async (_, given, expected) => { expect(await optionsInTerms(given, terms)).toEqual(expected) })

describe('operations', () => {
  test.each<[string, unknown, unknown[]]>([
    ['the version', { op: 'test', path: '/metadata/resourceVersion', value: '9970' }, [{ op: 'test', path: '/metadata/resourceVersion', value: '70' }]],
    ['the name', { op: 'test', path: '/metadata/name', value: 'web@member1' }, [{ op: 'test', path: '/metadata/name', value: 'web' }]],
    ['metadata as a whole', { op: 'replace', path: '/metadata', value: { name: 'web@member1', resourceVersion: '9970' } }, [{ op: 'replace', path: '/metadata', value: { name: 'web', resourceVersion: '70' } }]],
    ['one owner', { op: 'add', path: '/metadata/ownerReferences/-', value: owner('f-1') }, [{ op: 'add', path: '/metadata/ownerReferences/-', value: owner('ReplicaSet of member1') }]],
    ['the node', { op: 'replace', path: '/spec/nodeName', value: 'n1@member1' }, [{ op: 'replace', path: '/spec/nodeName', value: 'n1' }]],
    ['all labels', { op: 'replace', path: '/metadata/labels', value: { [LABEL]: 'member1' } }, [{ op: 'replace', path: '/metadata/labels', value: {} }]],
    ['the label itself falls away', { op: 'test', path: '/metadata/labels/cluster.federation~1name', value: 'member1' }, []],
    ['so does its removal', { op: 'remove', path: '/metadata/labels/cluster.federation~1name' }, []],
    ['numbers that are keys', { op: 'add', path: '/metadata/labels/5', value: 'a' }, [{ op: 'add', path: '/metadata/labels/5', value: 'a' }]],
    ['false and null', { op: 'replace', path: '/spec/unschedulable', value: false }, [{ op: 'replace', path: '/spec/unschedulable', value: false }]],
    ['without a value', { op: 'remove', path: '/spec/taints' }, [{ op: 'remove', path: '/spec/taints' }]],
    ['what is none', 'x', ['x']],
  ])('%s', async (_, operation, expected) => { expect(await operationsInTerms([operation], terms)).toEqual(expected) })

  test('cannot move to another cluster', async () => {
    await expect(operationsInTerms([{ op: 'replace', path: '/metadata/labels/cluster.federation~1name', value: 'member2' }], terms)).rejects.toMatchObject({ reason: 'BadRequest' })
  })
})
