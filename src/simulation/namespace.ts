import type { KubeObject } from '../machinery/meta/core.ts'
import type { Action, World } from './decision.ts'

/** What every namespace is born with. */
export function decideNamespace({ metadata: { name, deletionTimestamp } }: KubeObject, world: World): readonly Action[] {
  if (deletionTimestamp !== undefined) return []
  const births: readonly (readonly [kind: string, object: KubeObject])[] = [
    ['ServiceAccount', { metadata: { namespace: name!, name: 'default' } }],
    ['ConfigMap', { metadata: { namespace: name!, name: 'kube-root-ca.crt', annotations: { 'kubernetes.io/description': 'Contains a CA bundle that can be used to verify the kube-apiserver.' } }, data: { 'ca.crt': 'simulated\n' } }],
  ]
  return births.filter(([kind, object]) => !world.has(kind, `${name!}/${object.metadata.name!}`)).map(([kind, object]) => ({ do: 'create', kind, object }))
}
