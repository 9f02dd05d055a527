import type { KubeObject } from '../machinery/meta/core.ts'
import { timestamp } from '../machinery/meta/timestamp.ts'
import { podOf, withStatus, type Action, type World } from './decision.ts'
import { isActive, isReady, withCondition, type Condition, type Job } from './workload.ts'

/** Pods until enough of them have succeeded, `parallelism` at a time. A finished Job is left alone. */
export function decideJob(object: KubeObject, world: World): readonly Action[] {
  const job = object as Job, { parallelism = 1, completions = 1, backoffLimit = 6, suspend = false } = job.spec
  if (job.metadata.deletionTimestamp !== undefined || job.status?.conditions?.some(({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True')) return []
  const pods = world.podsOf(job), active = pods.filter(isActive), phase = (wanted: string) => pods.filter((pod) => pod.status?.phase === wanted).length
  const succeeded = phase('Succeeded'), failed = phase('Failed'), complete = succeeded >= completions, exhausted = failed > backoffLimit
  const wanted = complete || exhausted || suspend ? 0 : Math.min(parallelism, completions - succeeded)
  const labels = { 'batch.kubernetes.io/job-name': job.metadata.name!, 'batch.kubernetes.io/controller-uid': job.metadata.uid!, 'job-name': job.metadata.name!, 'controller-uid': job.metadata.uid! }
  const created = Array.from({ length: Math.max(0, wanted - active.length) }, () => podOf('batch/v1', 'Job', job, job.spec.template, { generateName: `${job.metadata.name!}-`, labels }))
  const removed = active.slice(0, Math.max(0, active.length - wanted)).map((pod): Action => ({ do: 'delete', kind: 'Pod', object: pod }))
  const ready = active.filter(isReady).length, startTime = job.status?.startTime ?? (suspend ? undefined : timestamp(world.now))
  const ends: Condition[] = complete ? [{ type: 'SuccessCriteriaMet', status: 'True', reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' }, { type: 'Complete', status: 'True', reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' }]
    : exhausted ? [{ type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit' }] : []
  const conditions = ends.reduce<readonly Condition[]>((all, next) => withCondition(all, { ...next, lastProbeTime: timestamp(world.now) }, world.now), job.status?.conditions ?? [])
  const status = {
    ...(conditions.length > 0 && { conditions }), ...(startTime !== undefined && { startTime }), ...(complete && { completionTime: timestamp(world.now) }),
    ...(active.length > 0 && !complete && { active: active.length }), ...(succeeded > 0 && { succeeded }), ...(failed > 0 && { failed }), terminating: 0, uncountedTerminatedPods: {}, ready,
  }
  return [...created, ...removed, ...withStatus('Job', job, status)]
}
