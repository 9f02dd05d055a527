import type { Column, KubeObject } from '../../../machinery/meta/core.ts'
import { defineKind } from '../../../machinery/meta/define-kind.ts'
import type { StoredKind, Strategy } from '../../../machinery/meta/strategy.ts'
import { resolveSchema } from '../../../machinery/schema/resolve-schema.ts'
import { wellFormed } from '../../../machinery/schema/well-formed.ts'
import { policyDefinitions } from './definitions.ts'

/** In what the two scopes of a policy differ. */
export interface PolicyNaming { readonly kind: string; readonly plural: string; readonly shortNames: readonly string[]; readonly scope: 'Namespaced' | 'Cluster' }

export function definePolicyKind<T extends KubeObject>(naming: PolicyNaming, { strategy, ...rest }: { readonly columns: readonly Column<T>[]; readonly hasStatus: boolean; readonly strategy: Strategy<T> }): StoredKind<T> {
  const schema = resolveSchema(policyDefinitions, `federation.policy.v1alpha1.${naming.kind}`)
  return defineKind<T>({ group: 'policy.federation', version: 'v1alpha1', ...naming, categories: ['federation'], schema, describesItems: true, ...rest, strategy: wellFormed<T>(schema, strategy) })
}
