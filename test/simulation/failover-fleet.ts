/** A small fleet whose Clusters are stored, so that their conditions and taints are what the server makes of them. */
import type { Cluster } from '../../src/apis/cluster.federation/v1alpha1/cluster.ts'
import { clusterKind } from '../../src/apis/cluster.federation/v1alpha1/cluster-kind.ts'
import type { Taint } from '../../src/apis/cluster.federation/v1alpha1/taint.ts'
import type { Failover } from '../../src/apis/policy.federation/v1alpha1/failover.ts'
import type { Eviction, Template } from '../../src/apis/types.federation/v1alpha1/federated-object.ts'
import { defaultFailover, type FailoverOptions } from '../../src/federation/scheduler/evict/failover-options.ts'
import { runTaintController } from '../../src/federation/taint/taint-controller.ts'
import { alwaysLeader } from '../../src/host/leases.ts'
import { follow } from '../../src/machinery/controller/follow.ts'
import type { KubeObject } from '../../src/machinery/meta/core.ts'
import { timestamp } from '../../src/machinery/meta/timestamp.ts'
import { createStoredResource, type StoredResource } from '../../src/machinery/registry/stored-resource.ts'
import { author } from './simulated-fleet.ts'
import type { SimulatedServer } from './simulated-server.ts'
import { SmallFleet } from './small-fleet.ts'

/** So that a member that is killed for five minutes is left in time: by default that takes ten and a half. */
export const QUICK: FailoverOptions = { ...defaultFailover, evictionTimeoutMs: 60_000, notReadyTolerationSeconds: 60, unreachableTolerationSeconds: 60 }
export const divided = { clusterAffinity: {}, replicaScheduling: { replicaSchedulingType: 'Divided' } }
export const single = { spreadConstraints: [{ spreadByField: 'cluster', maxGroups: 1 }] }

export class FailoverFleet extends SmallFleet {
  #clusters: StoredResource | undefined

  static async begin(members: number, failover: FailoverOptions = QUICK): Promise<FailoverFleet> {
    const fleet = new FailoverFleet(1)
    for (let at = 1; at <= members; at++) await fleet.addMember(`m${at}`)
    fleet.failover = failover
    await fleet.start()
    await fleet.advance(2000)
    return fleet
  }

  override async start(): Promise<SimulatedServer> {
    const server = await super.start(), { clock, logger } = this, { signal } = server, clusters = createStoredResource(clusterKind({ allowLoopback: false, secretNamespace: 'federation' }), server.storage, server.stored, signal)
    this.#clusters = clusters
    for (const cluster of this.clusters.values()) await clusters.writer.update(cluster.metadata.name!, (current) => current ?? cluster, author, signal)
    follow(clusters.reader, (name, cluster) => { if (cluster) this.#use(server, name, cluster as Cluster) }, { clock, logger }, signal)
    void runTaintController({ clusters, policies: this.policies('ClusterTaintPolicy').reader, leadership: alwaysLeader, evictionTimeoutMs: this.failover.evictionTimeoutMs, onChange: () => undefined, clock, random: () => this.random.next(), logger }, signal)
    server.members.onChange(() => { for (const member of server.members.list()) if (member.state.state !== 'connecting') void this.#setCondition(server, member.name, 'Ready', member.state.state === 'ready') }, signal)
    return server
  }

  /** A condition of a Cluster as a controller would set it. */
  async setCondition(name: string, type: string, isTrue: boolean): Promise<void> {
    await this.#setCondition(this.server, name, type, isTrue)
    await this.advance(5000)
  }

  async taint(name: string, taints: readonly Taint[]): Promise<void> {
    const automatic = (one: Taint) => one.key.startsWith('cluster.federation/')
    await this.#clusters!.writer.update(name, (current) => ({ ...current!, spec: { ...(current as Cluster).spec, taints: [...((current as Cluster).spec.taints ?? []).filter(automatic), ...taints] } }), author, this.server.signal)
    await this.advance(1000)
  }

  taintsOf(name: string): string[] { return (this.clusters.get(name)!.spec.taints ?? []).map(({ key, effect }) => `${key.replace('cluster.federation/', '')}:${effect}`) }

  /** A Deployment of that many replicas that follows a policy. */
  async deploy(name: string, template: Template, { placement = divided, failover, ...rest }: { readonly placement?: object; readonly failover?: Failover; readonly propagateDeps?: boolean } = {}): Promise<void> {
    await this.policy('PropagationPolicy', `default/${name}`, { resourceSelectors: [{ apiVersion: 'apps/v1', kind: 'Deployment', name }], placement, ...(failover && { failover }), ...rest })
    await this.create('Deployment', `default/${name}`, { template }, 10_000)
  }

  /** `m1: 5, m2: 5`, as it was decided. */
  async targets(name: string): Promise<string> {
    return ((await this.template('Deployment', `default/${name}`))?.status?.schedule?.targets ?? []).map(({ cluster, replicas }) => (replicas === undefined ? cluster : `${cluster}: ${replicas}`)).join(', ')
  }

  async evictions(name: string): Promise<readonly Eviction[]> { return (await this.template('Deployment', `default/${name}`))?.status?.schedule?.evictions ?? [] }

  /** Replicas that are ready in the members together; in those that are cut off nobody gets to them. */
  async ready(name: string): Promise<number> {
    let ready = 0
    for (const member of this.stubs.keys()) if (this.isReachable(member)) ready += readyOf(await this.copy(member, 'Deployment', `default/${name}`))
    return ready
  }

  /** The fewest that were ready, looked at once a second while time passes. */
  async fewestReady(name: string, ms: number): Promise<number> {
    let fewest = Infinity
    for (let passed = 0; passed < ms; passed += 1000) {
      await this.advance(1000)
      fewest = Math.min(fewest, await this.ready(name))
    }
    return fewest
  }

  /** A copy's status as its controller would write it when so many replicas are ready. */
  async setReady(member: string, name: string, ready: number): Promise<void> {
    await this.stub(member).change('deployments', `default/${name}`, (object) => ({ ...object, status: { ...object['status'] as object, readyReplicas: ready, availableReplicas: ready } }), { manager: 'kube-controller-manager', subresource: 'status' })
  }

  async #setCondition(server: SimulatedServer, name: string, type: string, isTrue: boolean): Promise<void> {
    const status = isTrue ? 'True' as const : 'False' as const, of = (cluster: Cluster | undefined) => cluster?.status?.conditions?.find((one) => one.type === type)?.status
    if (of(this.clusters.get(name)) === status) return
    try {
      await this.#clusters!.writer.update(name, (current) => {
        const cluster = current as Cluster, others = (cluster.status?.conditions ?? this.clusters.get(name)?.status?.conditions ?? []).filter((one) => one.type !== type)
        if (of(cluster) === status) return cluster
        return { ...cluster, status: { ...this.clusters.get(name)!.status, ...cluster.status, conditions: [...others, { type, status, reason: 'Simulated', message: '', lastTransitionTime: timestamp(this.clock.now()) }] } }
      }, { ...author, subresource: 'status' }, server.signal)
    } catch (error) { if (!server.signal.aborted) throw error }
  }

  #use(server: SimulatedServer, name: string, cluster: Cluster): void {
    const known = { ...cluster, status: { ...this.clusters.get(name)?.status, ...cluster.status } }
    this.clusters.set(name, known)
    server.members.get(name)?.setCluster(known)
  }
}

function readyOf(copy: KubeObject | undefined): number { return (copy?.['status'] as { readyReplicas?: number } | undefined)?.readyReplicas ?? 0 }
