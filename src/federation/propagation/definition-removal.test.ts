import { expect, test } from 'vitest'
import type { FederatedObject } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import type { Handler, KubeObject } from '../../machinery/meta/core.ts'
import { StatusError } from '../../machinery/meta/status-error.ts'
import type { Member } from '../member/member.ts'
import { builtInTargets } from '../template/target-kind.ts'
import type { TemplateStore } from '../template/templates.ts'
import { CopyActor } from './copy-actor.ts'
import { holdsOthers, isDefinitions } from './definition-removal.ts'
import type { PropagationOptions } from './propagation-context.ts'

const established = { conditions: [{ type: 'Established', status: 'True' }] }, spec = { group: 'example.com', names: { plural: 'gears' }, versions: [{ name: 'v1alpha1', served: false }, { name: 'v1', served: true }] }
const definition = (more: object = {}): KubeObject => ({ metadata: { name: 'gears.example.com' }, spec, status: established, ...more })

/** What is asked of the member, and what comes of it where it answers with these items, or with an error. */
async function ask(of: KubeObject, answer: readonly KubeObject[] | null | StatusError): Promise<readonly [others: unknown, asked: readonly string[]]> {
  const asked: string[] = []
  const handler: Handler = ({ path, query }) => {
    asked.push(`${path}?${decodeURIComponent(query.toString())}`)
    return Promise.resolve(answer instanceof StatusError ? { status: answer.code, headers: [], body: Buffer.from(JSON.stringify(answer.status())) } : { status: 200, headers: [], body: Buffer.from(JSON.stringify({ items: answer })) })
  }
  return [await holdsOthers(handler, of, 'fleet', new AbortController().signal).catch((error: unknown) => (error as StatusError).reason), asked]
}
const ASKED = ['/apis/example.com/v1/gears?labelSelector=cluster.federation/managed!=fleet&limit=1'], denied = new StatusError('Forbidden', 'no'), away = StatusError.unavailable('no')

test.each<readonly [what: string, of: KubeObject, answer: Parameters<typeof ask>[1], expected: readonly [unknown, readonly string[]]]>([
  ['no objects but ours', definition(), null, [false, ASKED]],
  ['an object of somebody else', definition(), [{ metadata: { name: 'theirs' } }], [true, ASKED]],
  ['what may not be seen may be there', definition(), denied, [true, ASKED]],
  ['what is not known is asked for again', definition(), away, ['ServiceUnavailable', ASKED]],
  ['no version is served: there may be any', definition({ spec: { ...spec, versions: [{ name: 'v1', served: false }] } }), null, [true, []]],
  ['it never took effect', definition({ status: {} }), null, [false, []]],
])('%s', async (_what, of, answer, expected) => { expect(await ask(of, answer)).toEqual(expected) })

const target = builtInTargets.find(isDefinitions)!, federated: FederatedObject = { metadata: { name: 'gears.example.com', uid: 'template' }, spec: { template: {} } }

test.each<readonly [what: string, items: readonly KubeObject[], methods: readonly string[]]>([
  ['that others have objects of is let go', [{ metadata: { name: 'theirs' } }], ['PATCH', 'PATCH']],
  ['that nobody else uses is deleted', [], ['DELETE', 'DELETE']],
])('a copy %s: when it is wanted no more, and when a tombstone is worked off', async (_what, items, methods) => {
  const written: string[] = [], there = { ...definition(), metadata: { name: 'gears.example.com', uid: 'copy', labels: { 'cluster.federation/managed': 'fleet' } } }
  const handler: Handler = ({ method, path }) => {
    if (method !== 'GET') written.push(method)
    return Promise.resolve({ status: 200, headers: [], body: Buffer.from(JSON.stringify(path.endsWith('/gears') ? { items } : method === 'DELETE' ? { kind: 'Status' } : there)) })
  }
  const options = { fleetId: 'fleet', clock: { now: () => 0 }, budget: { take: () => 0 }, record: () => undefined } as unknown as PropagationOptions, { signal } = new AbortController()
  const actor = new CopyActor(options, { name: 'member1', handler } as unknown as Member, { id: 'customresourcedefinitions.apiextensions.k8s.io', target } as unknown as TemplateStore, federated)
  await actor.delete('copy', undefined, signal)
  await actor.remove(there, 'Background', signal)
  expect(written).toEqual(methods)
})
