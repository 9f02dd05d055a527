/**
 * Which revision of a template a cluster has while a change goes from wave to wave. What was before is kept in status.rollout by the very write that changes it, so it is never lost:
 *
 *   generation   3        4 (new image)             5 (scaled)            6 (newer image)
 *   revisions    –        [3]                       [3]                   [3, 5]
 *   clusters     –        –        a: 4             a: 4                  a: 5, a: 6
 *   a has        3        3        4                4, scaled             5       6
 *   b has        3        3        3                3, scaled             3       3
 */
import type { FederatedObject, Template } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import type { RolloutStatus, TemplateRevision } from '../../apis/types.federation/v1alpha1/rollout-status.ts'
import type { KubeObject } from '../../machinery/meta/core.ts'
import { equalJson } from '../../machinery/meta/json-value.ts'
import { stringifyJson } from '../../machinery/meta/json.ts'
import { type Path, valueAt, withField } from '../interpreter/fields.ts'
import { interpretationOf } from '../interpreter/interpretation-of.ts'
import { prunedForPropagation } from '../interpreter/prune.ts'
import type { TargetKind } from './target-kind.ts'

type Target = Pick<TargetKind, 'group' | 'version' | 'kind' | 'scale'>

/** Stores hold values of a mebibyte or so, and the template itself takes its part. A change that was superseded more often on its way is not kept either. */
const KEPT_BYTES = 400_000, KEPT_MAX = 6

/** `next`, which is about to replace `before`, with what clusters keep until its change reaches them. For templates whose changes go in waves only. */
export function keepRevision(next: FederatedObject, before: FederatedObject, target: Target): FederatedObject {
  const { status } = before
  if (!status?.schedule?.targets?.length || next.metadata.deletionTimestamp !== undefined || isSame(next.spec, before.spec, target)) return next
  const known = status.rollout, generation = before.metadata.generation ?? 0, [complete] = known?.revisions ?? []
  const { rollout: _, ...rest } = next.status ?? status
  // Going back to what was complete is no change to be tried out: it is what most clusters have.
  if (complete?.template !== undefined && isSame(next.spec, { template: complete.template as Template, ...(complete.overrides && { overrides: complete.overrides }) }, target)) return { ...next, status: rest }
  const clusters = known?.clusters?.map((one) => (one.generation === known.generation ? { ...one, generation } : one)), superseded = revisionOf(before)
  const needed = !known ? [superseded] : clusters?.some((one) => one.generation === generation) ? [...known.revisions, superseded] : known.revisions
  return { ...next, status: { ...rest, rollout: { generation: generation + 1, revisions: bounded(needed), ...(clusters?.length && { clusters }) } } }
}

/** The template as a cluster is to have it now; undefined: what it has is not known any more, and stays. */
export function revisionFor(federated: FederatedObject, cluster: string, target: Target): FederatedObject | undefined {
  const { rollout, schedule } = federated.status ?? {}, given = rollout && generationOf(rollout, cluster)
  if (!rollout || given === rollout.generation) return federated
  const revision = rollout.revisions.find(({ generation }) => generation === given)
  if (revision?.template === undefined) return undefined
  const { overrides: _, ...spec } = federated.spec, { generation, overrides } = revision, isDecided = schedule?.observedGeneration === federated.metadata.generation
  return {
    ...federated, metadata: { ...federated.metadata, generation }, spec: { ...spec, template: scaled(revision.template as Template, spec.template, target), ...(overrides && { overrides }) },
    status: { ...federated.status, ...(schedule && { schedule: { ...schedule, observedGeneration: isDecided ? generation : generation - 1 } }) },
  }
}

/** The generation of the revision that a cluster is to have. */
export const generationOf = ({ clusters = [], revisions, generation }: RolloutStatus, cluster: string): number => clusters.find(({ name }) => name === cluster)?.generation ?? revisions[0]?.generation ?? generation

const revisionOf = ({ metadata, spec: { template, overrides } }: FederatedObject): TemplateRevision => ({ generation: metadata.generation ?? 0, template, ...(overrides && { overrides }) })

/** Whether members would be sent the same, but for the number of replicas: scaling is no change to be tried out. */
function isSame(a: Pick<FederatedObject['spec'], 'template' | 'overrides'>, b: Pick<FederatedObject['spec'], 'template' | 'overrides'>, target: Target): boolean {
  const sent = ({ template }: typeof a) => {
    const object = prunedForPropagation(withoutReplicas(template, target)), { labels = {}, annotations = {} } = object.metadata
    return { ...object, metadata: { labels, annotations } }
  }
  return equalJson(a.overrides ?? [], b.overrides ?? []) && (equalJson(a.template, b.template) || equalJson(sent(a), sent(b)))
}

/** The first one is kept before all others. */
function bounded(revisions: readonly TemplateRevision[]): TemplateRevision[] {
  let left = KEPT_BYTES
  return revisions.map((revision, at): TemplateRevision => {
    const size = revision.template === undefined ? 0 : stringifyJson(revision).length, isKept = size <= left && (at === 0 || at >= revisions.length - (KEPT_MAX - 1))
    if (!isKept) return { generation: revision.generation }
    left -= size
    return revision
  })
}

function replicasPath(template: Template, { group, version, kind, scale }: Target): Path | undefined {
  return interpretationOf(typed(template, { group, version, kind })).replicas?.at ?? scale?.specReplicasPath.slice(1)
}

const typed = (template: Template, { group, version, kind }: Omit<Target, 'scale'>): KubeObject => ({ ...template, apiVersion: group ? `${group}/${version}` : version, kind, metadata: { ...template.metadata } })

function withoutReplicas(template: Template, target: Target): KubeObject {
  const path = replicasPath(template, target), object = typed(template, target)
  return path === undefined ? object : withField(object, path, undefined)
}

/** The number of replicas is that of now. */
function scaled(template: Template, now: Template, target: Target): Template {
  const path = replicasPath(template, target)
  return path === undefined ? template : withField(template, path, valueAt(now, path))
}
