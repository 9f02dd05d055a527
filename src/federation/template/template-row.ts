import type { ClusterState, FederatedObject } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import type { KubeObject } from '../../machinery/meta/core.ts'
import { isJsonObject, type JsonObject } from '../../machinery/meta/json-value.ts'
import { withDefaults } from '../interpreter/defaults.ts'
import { foldStatus, type Copy } from '../interpreter/fold.ts'
import { CLUSTERS_ANNOTATION, TARGETS_ANNOTATION } from '../interpreter/marks.ts'
import { MANAGED_LABEL } from './marks.ts'
import { toNative } from './native-object.ts'
import type { TargetKind } from './target-kind.ts'

interface RowOptions {
  readonly target: TargetKind
  readonly hub: { readonly group: string; readonly version: string }
  readonly fleetId: string
  readonly uid: string
}

/**
 * What a fleet shows of a template: metadata and body as its author wrote them, defaulted, and the status of its copies. `copies`: the objects of that name in members; those that
 * are not ours do not count. A copy that is known but not to be seen now is taken for what was last reported of it.
 */
export function templateRow(federated: FederatedObject, copies: readonly Copy[], { target, hub, fleetId, uid }: RowOptions): KubeObject {
  const native = withDefaults(target.kind, toNative(federated, target, hub, uid)), own = copies.filter(({ object }) => object.metadata.labels?.[MANAGED_LABEL] === fleetId)
  const targets = federated.status?.schedule?.targets?.map(({ cluster }) => cluster) ?? [], status = statusOfCopies(federated, own, target)
  const annotations = { ...native.metadata.annotations, [CLUSTERS_ANNOTATION]: own.map(({ cluster }) => cluster).toSorted().join(','), [TARGETS_ANNOTATION]: targets.join(',') }
  const { managedFields, ...metadata } = native.metadata, row: KubeObject = { ...native, metadata: { ...metadata, annotations, ...(managedFields && { managedFields }) } }
  if (status) row['status'] = status
  return row
}

/** The status of all copies as one; undefined where none was ever reported. Its observedGeneration is the template's once every target has observed the latest. */
export function statusOfCopies(federated: FederatedObject, copies: readonly Copy[], { group, kind }: Pick<TargetKind, 'group' | 'kind'>): JsonObject | undefined {
  const { generation } = federated.metadata, states = new Map(federated.status?.clusters?.map((state) => [state.name, state])), targets = federated.status?.schedule?.targets ?? []
  const seen = new Map(copies.map((copy) => [copy.cluster, copy]))
  const all = targets.flatMap(({ cluster }): Copy[] => { const copy = seen.get(cluster) ?? remembered(cluster, states.get(cluster)); return copy ? [copy] : [] })
  if (all.length === 0) return undefined
  const isComplete = all.length === targets.length && federated.status?.schedule?.observedGeneration === generation
  return foldStatus({ group, kind }, all, {
    generation,
    hasObserved: ({ cluster, object }, observed) => {
      const state = states.get(cluster)
      return isComplete && state?.appliedGeneration === generation && (object.metadata.generation ?? 0) >= (state?.copyGeneration ?? 0) && observed >= (object.metadata.generation ?? 0)
    },
  })
}

/** What was last reported of a copy. Its generation is not known: it counts as what it was applied as. */
function remembered(cluster: string, state: ClusterState | undefined): Copy | undefined {
  if (!state || !isJsonObject(state.status)) return undefined
  return { cluster, object: { metadata: { ...(state.copyGeneration !== undefined && { generation: state.copyGeneration }) }, status: state.status } }
}
