import type { Clock } from '../../lib/clock.ts'
import type { HealthChecks } from './health.ts'
import type { RunningServer } from './http-server.ts'

/**
 * Ends a server so that nobody notices (apiserver/pkg/server/genericapiserver.go Run): first /readyz fails while everything is still served, for `delayMs`,
 * so that load balancers look elsewhere; then nothing new is accepted, watches end, and what is being answered is answered, within `graceMs`.
 */
export async function drain({ health, server, delayMs, graceMs, clock }: { health: HealthChecks; server: RunningServer; delayMs: number; graceMs: number; clock: Clock }): Promise<void> {
  health.stop()
  if (delayMs > 0) await clock.sleep(delayMs)
  await server.shutdown(graceMs)
}
