import type { Clock } from '../lib/clock.ts'
import type { Connector, ListerWatcher } from '../machinery/meta/core.ts'
import { StatusError } from '../machinery/meta/status-error.ts'
import type { Pod } from './workload.ts'

const FOLLOW_MS = 5000

/** `pods/{name}/log`: one line when the container started; with `follow` one more every few seconds. */
export function podLog(member: string, pods: ListerWatcher, clock: Clock): Connector {
  return {
    verbs: ['get'], responseKind: { group: '', version: 'v1', kind: 'Pod' },
    handle: async ({ namespace, name }, { query }, signal) => {
      const [entry] = (await pods.list({ name, ...(namespace !== undefined && { namespace }) }, signal)).entries
      if (!entry) throw StatusError.notFound({ group: '', resource: 'pods' }, name)
      const pod = entry.parse() as Pod, startedAt = started(pod, query.get('container')), stamp = query.get('timestamps') === 'true'
      const line = (at: number, text: string) => Buffer.from(`${stamp ? `${new Date(at).toISOString()} ` : ''}${text}\n`)
      const first = query.get('tailLines') === '0' ? Buffer.alloc(0) : line(startedAt, `${name} started on ${pod.spec.nodeName ?? ''} in ${member}`)
      const follow = query.get('follow') === 'true'
      return { status: 200, headers: [['content-type', 'text/plain']], body: follow ? followed(first, (at) => line(at, `${name} is alive in ${member}`), clock, signal) : first }
    },
  }
}

async function* followed(first: Uint8Array, next: (at: number) => Uint8Array, clock: Clock, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  if (first.length > 0) yield first
  for (;;) {
    await clock.sleep(FOLLOW_MS, signal)
    if (signal.aborted) return
    yield next(clock.now())
  }
}

/** When its container started. Throws BadRequest, in a kube-apiserver's words, where there is no such container or it has not started. */
function started(pod: Pod, container: string | null): number {
  const name = pod.metadata.name!, wanted = container ?? pod.spec.containers[0]?.name ?? ''
  if (!pod.spec.containers.some((each) => each.name === wanted)) throw StatusError.badRequest(`container ${wanted} is not valid for pod ${name}`)
  const state = pod.status?.containerStatuses?.find((each) => each.name === wanted)?.['state'] as { waiting?: { reason: string }; running?: { startedAt: string }; terminated?: { startedAt: string } } | undefined
  const at = state?.running?.startedAt ?? state?.terminated?.startedAt
  if (at === undefined) throw StatusError.badRequest(`container "${wanted}" in pod "${name}" is waiting to start: ${state?.waiting?.reason ?? 'ContainerCreating'}`)
  return Date.parse(at)
}
