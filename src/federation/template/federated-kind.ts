import type { FederatedObject } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import { definitionsOf, federatedDefinitions, openDefinitionsOf, openFederatedDefinitions } from '../../apis/types.federation/v1alpha1/definitions.ts'
import { ageColumn, nameColumn } from '../../apis/meta/v1/columns.ts'
import { conditionStatus } from '../../apis/meta/v1/condition.ts'
import type { Column } from '../../machinery/meta/core.ts'
import type { JsonSchema } from '../../machinery/meta/json-schema.ts'
import type { StoredKind, Strategy } from '../../machinery/meta/strategy.ts'
import { resolveSchema, type Definitions } from '../../machinery/schema/resolve-schema.ts'
import type { TargetKind } from './target-kind.ts'

/** `Federated<Kind>` for one kind: how it is stored and served, and what OpenAPI says of it. */
export interface FederatedKind {
  readonly target: TargetKind
  readonly kind: StoredKind<FederatedObject>
  /** All that documents need, this kind's own definitions included. */
  readonly definitions: () => Definitions
  /** The same, with a template that may be anything. */
  readonly openDefinitions: () => Definitions
}

const VERSION = 'v1alpha1'

/** Kubernetes' own kinds share a group; those of a group `example.com` get `types.example.com.federation` in their own version. */
const federatedGroup = ({ group, version, isBuiltIn }: TargetKind): { readonly group: string; readonly version: string } =>
  isBuiltIn ? { group: 'types.federation', version: VERSION } : { group: `types.${group}.federation`, version }

/** The schema is resolved when it is first needed: there are many kinds, and few are used. */
export function federatedKind(target: TargetKind, strategy: (hub: { readonly group: string; readonly version: string }, schema: () => JsonSchema) => Strategy<FederatedObject>): FederatedKind {
  const { group, version } = federatedGroup(target), kind = `Federated${target.kind}`
  let known: { readonly schema: JsonSchema } | undefined
  const definitions = () => {
    const source = target.definitions[target.definition]
    if (!source) throw new Error(`there is no definition ${target.definition}`)
    return definitionsOf({ kind: target.kind, schema: source }, { group, version })
  }
  const schema = () => {
    if (!known) {
      const { definitions: own, object } = definitions()
      known = { schema: resolveSchema({ ...target.definitions, ...federatedDefinitions, ...own }, object) }
    }
    return known.schema
  }
  return {
    target,
    definitions: () => ({ ...federatedDefinitions, ...definitions().definitions }),
    openDefinitions: () => ({ ...openFederatedDefinitions, ...openDefinitionsOf(target.kind, { group, version }) }),
    kind: {
      group, version, kind, listKind: `${kind}List`, plural: `federated${target.plural}`, singular: kind.toLowerCase(), shortNames: target.shortNames.map((name) => `f${name}`), categories: ['federation'], namespaced: target.namespaced || target.kind === 'Namespace',
      strategicMerge: true, describesItems: true, schema: () => Promise.resolve(schema()), columns, fields: {}, hasStatus: true, strategy: strategy({ group, version }, schema),
      ...(target.scale && { scale: { ...target.scale, specReplicasPath: `.spec.template${target.scale.specReplicasPath}`, statusReplicasPath: `.status.aggregated${target.scale.statusReplicasPath.replace(/^\.status/, '')}` } }),
    },
  }
}

const columns: readonly Column<FederatedObject>[] = [
  nameColumn,
  { name: 'Clusters', type: 'string', description: 'Copies that are as wanted, of clusters chosen.', cell: ({ status }) => `${status?.clusters?.filter(({ state }) => state === 'OK').length ?? 0}/${status?.schedule?.targets?.length ?? 0}` },
  { name: 'Propagated', type: 'string', description: 'Whether all chosen clusters have the latest.', cell: ({ status }) => conditionStatus(status?.conditions, 'Propagated') },
  { name: 'Healthy', type: 'string', description: 'Whether the copies work.', cell: ({ status }) => conditionStatus(status?.conditions, 'Healthy') },
  ageColumn,
  { name: 'Policy', type: 'string', priority: 1, description: 'The policy that claimed it.', cell: ({ status }) => status?.policy?.name ?? '' },
  { name: 'Targets', type: 'string', priority: 1, description: 'The clusters chosen, with replicas.', cell: ({ status }) => (status?.schedule?.targets ?? []).map(({ cluster, replicas }) => (replicas === undefined ? cluster : `${cluster}=${replicas}`)).join(',') },
]
