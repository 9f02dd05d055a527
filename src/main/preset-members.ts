/** Members that need no endpoint and Secret: simulated ones, and contexts of the user's own kubeconfig. */
import type { Cluster } from '../apis/cluster.federation/v1alpha1/cluster.ts'
import { SYSTEM } from '../fleet/membership.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import { connect, type MemberConnection } from '../machinery/client/connect.ts'
import { readKubeconfig } from '../machinery/client/kubeconfig.ts'
import type { Resource } from '../machinery/meta/core.ts'
import { isReason, StatusError } from '../machinery/meta/status-error.ts'
import type { SimulatedMember } from '../simulation/simulated-member.ts'

export interface PresetMember { readonly name: string; readonly connection: MemberConnection; readonly spec: Partial<Cluster['spec']> }

/** `count` Kubernetes clusters in this process, with something to look at. */
export async function simulatedMembers(count: number, { clock, logger }: { clock: Clock; logger: Logger }, signal: AbortSignal): Promise<{ presets: readonly PresetMember[]; members: readonly SimulatedMember[] }> {
  if (count === 0) return { presets: [], members: [] }
  // Loaded on demand: a server with a host never needs it.
  const { createSimulatedMember } = await import('../simulation/simulated-member.ts'), { seedDemo } = await import('../simulation/demo-scenario.ts')
  const members = await Promise.all(Array.from({ length: count }, (_, i) => createSimulatedMember({ name: `member${i + 1}`, nodes: 3, clock, seed: 'demo', logger }, signal)))
  await seedDemo(members)
  return {
    members,
    presets: members.map(({ name, handler }, i) => ({
      name, spec: { apiEndpoint: `https://${name}.simulated`, provider: 'simulation', region: `region-${i + 1}` },
      connection: { handler, upgrade: () => Promise.reject(StatusError.badRequest('a simulated member does not switch protocols')), drain: () => Promise.resolve(), close: () => Promise.resolve() },
    })),
  }
}

/** Throws with the context's name where it does not exist or cannot be used. */
export async function contextMembers(kubeconfig: string, contexts: readonly string[], clock: Clock): Promise<readonly PresetMember[]> {
  const optionsOf = await readKubeconfig(kubeconfig, { requestTimeoutMs: 10_000, clock })
  return Promise.all(contexts.map(async (context) => {
    const options = await optionsOf(context)
    return { name: memberName(context), connection: connect(options), spec: { apiEndpoint: options.server } }
  }))
}

/** A context may have any name, a Cluster must be a DNS label. */
const memberName = (context: string) => context.toLowerCase().replaceAll(/[^a-z0-9-]+/g, '-').replaceAll(/^-+|-+$/g, '').slice(0, 48)

/** Creates the Cluster objects that are not there yet. */
export async function joinPresets({ writer }: Resource, presets: readonly PresetMember[], signal: AbortSignal): Promise<void> {
  for (const { name, spec } of presets) {
    try {
      await writer!.create({ metadata: { name }, spec: { syncMode: 'Push', ...spec } }, SYSTEM, signal)
    } catch (error) {
      if (!isReason(error, 'AlreadyExists')) throw error
    }
  }
}
