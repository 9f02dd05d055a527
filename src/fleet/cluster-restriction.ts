import { CLUSTER_LABEL } from '../federation/interpreter/identity-bound.ts'
import { compileSelector } from '../machinery/meta/selector.ts'
import type { Kind, Query } from '../machinery/meta/core.ts'
import { LabelSelector, parseLabelSelector } from '../machinery/meta/label-selector.ts'

/** `clusters` undefined: all of them. */
interface Restricted<Q extends Query> { readonly query: Q; readonly clusters: readonly string[] | undefined }

/**
 * `-l cluster.federation/name in (a,b)` chooses clusters, not rows: a folded row is then merged from these clusters alone.
 * What is left of the selector chooses among the rows.
 */
export function restrictClusters<Q extends Query>(query: Q, kind: Kind, members: readonly string[]): Restricted<Q> {
  const labels = query.where?.labels
  if (labels === undefined || !labels.includes(CLUSTER_LABEL)) return { query, clusters: undefined }
  const { requirements } = parseLabelSelector(labels), ofCluster = requirements.filter(({ key }) => key === CLUSTER_LABEL)
  if (ofCluster.length === 0) return { query, clusters: undefined }
  const chosen = new LabelSelector(ofCluster), rest = new LabelSelector(requirements.filter(({ key }) => key !== CLUSTER_LABEL)), { where: _where, ...others } = query
  const texts = { ...(!rest.isEmpty && { labels: rest.toString() }), ...(query.where?.fields !== undefined && { fields: query.where.fields }) }
  const where = texts.labels === undefined && texts.fields === undefined ? {} : { where: compileSelector(texts, kind) }
  return { query: { ...others, ...where } as Q, clusters: members.filter((cluster) => chosen.matches({ [CLUSTER_LABEL]: cluster })) }
}
