import { expect, test } from 'vitest'
import { copyKeyOf, hubKeyOf, validateNamespaceTemplate } from './namespace-template.ts'

test.each<[string, string, string[]]>([
  ['shop', 'shop', []], ['shop', 'other', ['metadata.name: Invalid value: "other": must be the name of its namespace, shop']],
  ...['default', 'kube-system', 'kube-public', 'kube-node-lease', 'kube-anything'].map((name): [string, string, string[]] => [name, name, [`metadata.name: Forbidden: ${name} is every cluster's own namespace, and not distributed`]]),
  ['ours', 'ours', ['metadata.name: Forbidden: ours is the namespace of this server, and not distributed']],
])('in %s a FederatedNamespace %s', (namespace, name, expected) => {
  expect(validateNamespaceTemplate({ metadata: { namespace, name }, spec: { template: {} } }, 'ours').map(({ field, message }) => `${field}: ${message}`)).toEqual(expected)
})

test.each([[{ group: '', kind: 'Namespace' }, 'shop/shop', 'shop'], [{ group: 'apps', kind: 'Deployment' }, 'shop/web', 'shop/web'], [{ group: 'example.com', kind: 'Namespace' }, 'a', 'a']])('keys of %o: %s in the hub is %s in members', (target, hub, copy) => {
  expect([copyKeyOf(target, hub), hubKeyOf(target, copy)]).toEqual([copy, hub])
})
