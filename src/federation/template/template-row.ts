import type { FederatedObject } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import type { KubeObject } from '../../machinery/meta/core.ts'
import { isJsonObject, type JsonObject } from '../../machinery/meta/json-value.ts'
import { withDefaults } from '../interpreter/defaults.ts'
import { aggregateStatus, type Report } from '../interpreter/aggregate-status.ts'
import { valueAt } from '../interpreter/fields.ts'
import type { Copy } from '../interpreter/fold.ts'
import { reflectedStatus } from '../interpreter/reflected-status.ts'
import { CLUSTERS_ANNOTATION, DEPLOYMENT_REVISION_ANNOTATION, REPLICAS_ANNOTATION, TARGETS_ANNOTATION } from '../interpreter/marks.ts'
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
  // Kinds of other groups may be called as Kubernetes' own are.
  const plain = toNative(federated, target, hub, uid), native = target.group.includes('.') ? plain : withDefaults(target.kind, plain), own = copies.filter(({ object }) => object.metadata.labels?.[MANAGED_LABEL] === fleetId)
  const targets = federated.status?.schedule?.targets?.map(({ cluster }) => cluster) ?? [], status = statusOfCopies(federated, own, native), total = totalReplicas(federated, own, native, target)
  const revision = revisionOf(own)
  const annotations = { ...native.metadata.annotations, ...(revision > 0 && { [DEPLOYMENT_REVISION_ANNOTATION]: `${revision}` }), [CLUSTERS_ANNOTATION]: own.map(({ cluster }) => cluster).toSorted().join(','), [TARGETS_ANNOTATION]: targets.join(','), ...(total !== undefined && { [REPLICAS_ANNOTATION]: `${total}` }) }
  const { managedFields, ...metadata } = native.metadata, row: KubeObject = { ...native, metadata: { ...metadata, annotations, ...(managedFields && { managedFields }) } }
  if (status) row['status'] = status
  return row
}

/** The latest of the copies: `kubectl rollout status --revision` and others wait for it. 0: none says. */
const revisionOf = (copies: readonly Copy[]): number => Math.max(0, ...copies.map(({ object }) => Number(object.metadata.annotations?.[DEPLOYMENT_REVISION_ANNOTATION] ?? 0) || 0))

/** What all copies together are to have; undefined: what the template says, or replicas are not counted. A copy that is not known has what was decided for it. */
function totalReplicas({ status }: FederatedObject, copies: readonly Copy[], native: KubeObject, { scale }: TargetKind): number | undefined {
  const of = (object: KubeObject | undefined): number | undefined => {
    const value = valueAt(object, 'spec.replicas')
    return typeof value === 'number' ? value : undefined
  }
  const named = of(native), targets = status?.schedule?.targets ?? []
  if (scale?.specReplicasPath !== '.spec.replicas' || named === undefined || targets.length === 0) return undefined
  const total = targets.reduce((sum, { cluster, replicas }) => sum + (of(copies.find((copy) => copy.cluster === cluster)?.object) ?? replicas ?? named), 0)
  return total === named ? undefined : total
}

/** The status of all copies as one; undefined where none was ever reported. Its observedGeneration is the template's once every target has observed the latest. */
export function statusOfCopies(federated: FederatedObject, copies: readonly Copy[], native: KubeObject): JsonObject | undefined {
  const { generation } = federated.metadata, states = new Map(federated.status?.clusters?.map((state) => [state.name, state])), { targets = [], observedGeneration } = federated.status?.schedule ?? {}, seen = new Map(copies.map((copy) => [copy.cluster, copy]))
  const isDecided = observedGeneration === generation
  const reports = targets.flatMap(({ cluster }): Report[] => {
    const copy = seen.get(cluster), state = states.get(cluster), isApplied = isDecided && state?.appliedGeneration === generation, latest = generation === undefined ? {} : { templateGeneration: generation }
    if (!copy) return state && isJsonObject(state.status) ? [{ cluster, status: state.status, ...(state.copyGeneration !== undefined && { generation: state.copyGeneration }), ...(isApplied && latest) }] : []
    const { status, generation: own } = reflectedStatus(copy.object), isLatest = isApplied && (own ?? 0) >= (state?.copyGeneration ?? 0)
    return [{ cluster, ...(status && { status }), ...(own !== undefined && { generation: own }), ...(isLatest && latest) }]
  })
  // A target of which nothing is known yet is one that has not caught up.
  const unknown = targets.filter(({ cluster }) => !reports.some((report) => report.cluster === cluster)).map(({ cluster }): Report => ({ cluster }))
  return targets.length === 0 ? undefined : aggregateStatus(native, [...reports, ...unknown])
}
