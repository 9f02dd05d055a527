import { age as formatAge } from '../../../machinery/server/age.ts'
import type { Cell, Column, Kind, KubeObject } from '../../../machinery/meta/core.ts'
import { age, column, name, text, valueAt } from './column.ts'

const containerReads = ['name', 'ready', 'started', 'restartCount', 'state.waiting.reason', 'state.running', 'state.terminated.exitCode', 'state.terminated.signal', 'state.terminated.reason', 'lastState.terminated.finishedAt']
const summaryReads: readonly string[] = [
  'metadata.deletionTimestamp', 'spec.containers.name', 'spec.initContainers.name', 'spec.initContainers.restartPolicy', 'status.phase', 'status.reason', 'status.conditions.type', 'status.conditions.status', 'status.conditions.reason',
  ...['initContainerStatuses', 'containerStatuses'].flatMap((statuses) => containerReads.map((field) => `status.${statuses}.${field}`)),
]
const ofSummary = (name: string, cell: (summary: Summary) => Cell) => column(name, (pod) => cell(summary(pod)), { reads: summaryReads })

export const podColumns: readonly Column[] = [
  name, ofSummary('Ready', ({ ready, total }) => `${ready}/${total}`), ofSummary('Status', ({ status }) => status), ofSummary('Restarts', restartsCell),
  age,
  column('IP', (pod) => (valueAt(pod, ['status', 'podIPs']) as { ip?: string }[] | undefined)?.[0]?.ip || '<none>', { wide: true, reads: ['status.podIPs.ip'] }),
  text('Node', 'spec.nodeName', { absent: '<none>', wide: true }),
  text('Nominated Node', 'status.nominatedNodeName', { absent: '<none>', wide: true }),
  column('Readiness Gates', readinessGates, { wide: true, reads: ['spec.readinessGates.conditionType', 'status.conditions.type', 'status.conditions.status'] }),
]

/** A pod that has come to its end says so of its whole row. */
export const podRowConditions: NonNullable<Kind['rowConditions']> = {
  reads: ['status.phase'],
  of: ({ status }) => {
    const message = ENDED[(status as PodStatus | undefined)?.phase ?? '']
    return message === undefined ? [] : [{ type: 'Completed', status: 'True', reason: (status as PodStatus).phase!, message }]
  },
}
const ENDED: Readonly<Record<string, string>> = { Succeeded: 'The pod has completed successfully.', Failed: 'The pod failed.' }

interface Terminated { exitCode?: number; signal?: number; reason?: string; finishedAt?: string }
interface ContainerStatus { name: string; ready?: boolean; started?: boolean; restartCount?: number; state?: { waiting?: { reason?: string }; running?: object; terminated?: Terminated }; lastState?: { terminated?: Terminated } }
interface PodSpec { containers?: { name: string }[]; initContainers?: { name: string; restartPolicy?: string }[]; readinessGates?: { conditionType: string }[] }
interface PodStatus { phase?: string; reason?: string; conditions?: { type: string; status: string; reason?: string }[]; initContainerStatuses?: ContainerStatus[]; containerStatuses?: ContainerStatus[] }

interface Summary { readonly ready: number; readonly total: number; readonly status: string; readonly restarts: number; readonly lastRestart: number }

/** While init containers run the pod is about them; restartable ones (sidecars) count for good. The order of the rules is kubectl's. */
function summary(pod: KubeObject): Summary {
  const { containers = [], initContainers = [] } = (pod['spec'] ?? {}) as PodSpec, status = (pod['status'] ?? {}) as PodStatus, { conditions = [] } = status
  const sidecars = new Set(initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always').map(({ name }) => name)), total = containers.length + sidecars.size
  const gated = conditions.some(({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated')
  const phase = gated ? 'SchedulingGated' : status.reason || status.phase || ''
  const init = initSummary(status.initContainerStatuses ?? [], sidecars, initContainers.length)
  const initialized = init.status === undefined || conditions.find(({ type }) => type === 'Initialized')?.status === 'True'
  const main = initialized ? mainSummary(status.containerStatuses ?? [], init.status ?? phase, conditions.some(({ type, status }) => type === 'Ready' && status === 'True')) : undefined
  return {
    total,
    ready: init.ready + (main?.ready ?? 0),
    restarts: main ? init.sidecarRestarts + main.restarts : init.restarts,
    lastRestart: main ? Math.max(init.lastSidecarRestart, main.lastRestart) : init.lastRestart,
    status: deletion(pod, status) ?? main?.status ?? init.status ?? phase,
  }
}

function deletion({ metadata }: KubeObject, { phase, reason }: PodStatus): string | undefined {
  if (metadata.deletionTimestamp === undefined) return undefined
  if (reason === 'NodeLost') return 'Unknown'
  return phase === 'Succeeded' || phase === 'Failed' ? undefined : 'Terminating'
}

/** Up to the first init container that has not done its part; `status` undefined: all have. */
function initSummary(statuses: readonly ContainerStatus[], sidecars: ReadonlySet<string>, total: number) {
  let ready = 0, restarts = 0, lastRestart = 0, sidecarRestarts = 0, lastSidecarRestart = 0, status: string | undefined
  for (const [i, container] of statuses.entries()) {
    const { state: { terminated, waiting } = {}, restartCount = 0 } = container, isSidecar = sidecars.has(container.name)
    restarts += restartCount
    lastRestart = Math.max(lastRestart, finished(container))
    if (isSidecar) { sidecarRestarts += restartCount; lastSidecarRestart = Math.max(lastSidecarRestart, finished(container)) }
    if (terminated && !terminated.exitCode) continue
    if (isSidecar && container.started) { if (container.ready) ready++; continue }
    status = terminated ? `Init:${ended(terminated)}` : waiting?.reason && waiting.reason !== 'PodInitializing' ? `Init:${waiting.reason}` : `Init:${i}/${total}`
    break
  }
  return { ready, restarts, lastRestart, sidecarRestarts, lastSidecarRestart, status }
}

/** The first container with something to say speaks for the pod, so they are asked from the last on. */
function mainSummary(statuses: readonly ContainerStatus[], before: string, isReady: boolean) {
  let ready = 0, restarts = 0, lastRestart = 0, running = false, failure = '', status = before
  for (const container of statuses.toReversed()) {
    const { state: { waiting, terminated, running: isRunning } = {} } = container
    restarts += container.restartCount ?? 0
    lastRestart = Math.max(lastRestart, finished(container))
    if (waiting?.reason) status = waiting.reason
    else if (terminated) {
      status = ended(terminated)
      if (terminated.exitCode) failure = status
    } else if (container.ready && isRunning) { running = true; ready++ }
  }
  // One container is done while others run: the pod is not.
  if (status === 'Completed') status = running && isReady ? 'Running' : failure || (running ? 'NotReady' : status)
  return { ready, restarts, lastRestart, status }
}

const ended = ({ reason, signal, exitCode = 0 }: Terminated) => reason || (signal ? `Signal:${signal}` : `ExitCode:${exitCode}`)
const finished = ({ lastState }: ContainerStatus) => (lastState?.terminated?.finishedAt ? Date.parse(lastState.terminated.finishedAt) : 0)

function restartsCell({ restarts, lastRestart }: Summary): Cell {
  return restarts > 0 && lastRestart > 0 ? { live: (now) => `${restarts} (${formatAge(now - lastRestart)} ago)` } : String(restarts)
}

function readinessGates(pod: KubeObject): string {
  const { readinessGates: gates = [] } = (pod['spec'] ?? {}) as PodSpec, { conditions = [] } = (pod['status'] ?? {}) as PodStatus
  if (gates.length === 0) return '<none>'
  return `${gates.filter(({ conditionType }) => conditions.find(({ type }) => type === conditionType)?.status === 'True').length}/${gates.length}`
}
