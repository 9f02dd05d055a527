import { isOneOf } from '../checks.ts'
import { countAt, listAt, textAt, valueAt } from '../fields.ts'
import type { Interpretation } from '../interpretation.ts'
import { byField, CONCATENATED, eachMember, LARGEST, LAST, LONGEST, SUM, UNITED } from '../merges.ts'
import { requirementsOf } from '../pod-template.ts'
import { referencesOfPods } from '../workload.ts'

const status = {
  state: LAST, minAvailable: SUM, taskStatusCount: eachMember(eachMember(eachMember(SUM))), pending: SUM, running: SUM, succeeded: SUM, failed: SUM, terminating: SUM, unknown: SUM,
  version: LARGEST, retryCount: SUM, runningDuration: LONGEST, controlledResources: UNITED, conditions: CONCATENATED,
}

const job: Interpretation = {
  /** A task without a name gets that of its place, as in Volcano. Nothing runs before `minAvailable` of each can. */
  components: (object) => listAt(object, 'spec.tasks').map((task, i) => {
    const requirements = requirementsOf(valueAt(task, 'template.spec'), object.metadata.namespace)
    return { name: textAt(task, 'name') ?? `task-${i}`, replicas: countAt(task, 'minAvailable') || countAt(task, 'replicas') || 1, ...(requirements && { requirements }) }
  }),
  isHealthy: isOneOf('status.state.phase', 'Pending', 'Running', 'Completing', 'Completed', 'Aborting', 'Aborted', 'Restarting', 'Terminating', 'Terminated'),
  reflected: Object.keys(status),
  aggregate: byField(status, { alone: true }),
  references: referencesOfPods('spec.tasks.*.template'),
}

export const volcano: Readonly<Record<string, Interpretation>> = { 'batch.volcano.sh/Job': job }
