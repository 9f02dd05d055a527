import { expect, test } from 'vitest'
import { systemClock as clock } from '../../lib/clock.ts'
import { silentLogger as logger } from '../../lib/logger.ts'
import type { Batch, Kind, KubeObject, ListerWatcher } from '../../machinery/meta/core.ts'
import { NamespaceSets } from './namespace-sets.ts'

/** Tells of objects as they are given. */
function told() {
  const waiting: Batch[] = []
  let wake = () => {}
  const reader = {
    kind: { plural: 'things' } as Kind, list: () => Promise.reject(new Error('nobody lists')),
    async *watch() { for (;;) { for (const batch of waiting.splice(0)) yield batch; await new Promise<void>((resolve) => { wake = resolve }) } },
  } as unknown as ListerWatcher
  const tell = async (object: KubeObject, type: 'MODIFIED' | 'DELETED' = 'MODIFIED') => {
    waiting.push([{ type, entry: { key: object.metadata.name, parse: () => object } }] as unknown as Batch)
    wake()
    await new Promise((resolve) => { setImmediate(resolve) })
  }
  return { reader, tell }
}

test('sets choose namespaces by label; what is merely told of them changes nothing', async () => {
  const stop = new AbortController(), sets = told(), namespaces = told(), heard = { count: 0 }, known = new NamespaceSets(() => { heard.count++ })
  known.follow({ clusterSets: sets.reader, namespaces: namespaces.reader }, { clock, logger }, stop.signal)
  const changes = async (does: Promise<void>) => { const before = heard.count; await does; return heard.count - before }, names = (namespace?: string) => known.of(namespace).map(({ metadata }) => metadata.name)
  const namespace = (labels: Record<string, string> | undefined, annotations = {}) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', annotations, ...(labels && { labels }) } })
  const set = (name: string, generation: number, matchLabels?: Record<string, string>, status = {}) => ({ apiVersion: 'cluster.federation/v1alpha1', kind: 'ClusterSet', metadata: { name, uid: name, generation }, spec: matchLabels ? { namespaceSelector: { matchLabels } } : {}, status })
  expect(await changes(sets.tell(set('default', 1)))).toBe(1)
  expect(await changes(namespaces.tell(namespace({ team: 'a' })))).toBe(0)
  expect(await changes(sets.tell(set('a-team', 1, { team: 'a' })))).toBe(1)
  expect(await changes(sets.tell(set('a-team', 1, { team: 'a' }, { clusters: 3 })))).toBe(0)
  expect([names('shop'), names('other'), names()]).toEqual([['a-team', 'default'], ['default'], ['a-team', 'default']])
  expect(await changes(namespaces.tell(namespace({ team: 'a' }, { note: 'x' })))).toBe(0)
  expect(await changes(namespaces.tell(namespace({ team: 'b' })))).toBe(1)
  expect(names('shop')).toEqual(['default'])
  expect(await changes(sets.tell(set('a-team', 2, { team: 'b' })))).toBe(1)
  expect(names('shop')).toEqual(['a-team', 'default'])
  expect(await changes(namespaces.tell(namespace(undefined), 'DELETED'))).toBe(1)
  expect(await changes(sets.tell(set('a-team', 2), 'DELETED'))).toBe(1)
  expect(names('shop')).toEqual(['default'])
  stop.abort()
})
