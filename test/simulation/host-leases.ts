import { leaseKind } from '../../src/apis/coordination.k8s.io/v1/lease.ts'
import type { Clock } from '../../src/lib/clock.ts'
import { silentLogger } from '../../src/lib/logger.ts'
import { denyAll } from '../../src/machinery/auth/authorizer.ts'
import type { Handler } from '../../src/machinery/meta/core.ts'
import { createStoredResource } from '../../src/machinery/registry/stored-resource.ts'
import { resourceHandler } from '../../src/machinery/server/resource-handler.ts'
import { MemoryStorage } from '../../src/machinery/storage/memory-storage.ts'

/** The Leases of a host, as the user that the servers are there. */
export function leasesOfHost(clock: Clock, uuid: () => string, signal: AbortSignal): Handler {
  const leases = createStoredResource(leaseKind, new MemoryStorage(), { clock, randomUuid: uuid, randomSuffix: () => 'x', logger: silentLogger }, signal)
  const serve = resourceHandler({ groups: () => [{ name: 'coordination.k8s.io', versions: [{ version: 'v1', resources: [leases] }] }] }, { clock, random: () => 0, authorizer: denyAll })
  return (request, inner) => serve({ ...request, user: { name: 'server', groups: ['system:masters'], extra: {} } }, inner)
}
