/** A fleet of a few members to try one thing with, and short words for what is done to it. */
import type { FederatedObject, FederatedSpec } from '../../src/apis/types.federation/v1alpha1/federated-object.ts'
import type { DeleteOptions, KubeObject } from '../../src/machinery/meta/core.ts'
import { author, SimulatedFleet } from './simulated-fleet.ts'
import type { StubMember } from './stub-member.ts'

export const onAll = { clusterSelector: {} }
export const on = (...names: readonly string[]) => ({ clusters: names.map((name) => ({ name })) })
export const deployment = (replicas: number, image = 'app:1') => ({ spec: { replicas, selector: { matchLabels: { app: 'x' } }, template: { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'main', image }] } } } })
export const job = (completions = 1) => ({ spec: { completions, parallelism: completions, template: { spec: { containers: [{ name: 'main', image: 'app:1' }], restartPolicy: 'Never' } } } })

const PLURALS: Readonly<Record<string, string>> = { ConfigMap: 'configmaps', Deployment: 'deployments', Job: 'jobs', ClusterRole: 'clusterroles', Namespace: 'namespaces', Gadget: 'gadgets', HorizontalPodAutoscaler: 'horizontalpodautoscalers' }

export class SmallFleet extends SimulatedFleet {
  static async start(members: number, prepare: (fleet: SmallFleet) => void = () => undefined): Promise<SmallFleet> {
    const fleet = new SmallFleet(1)
    for (let at = 1; at <= members; at++) await fleet.addMember(`m${at}`, { env: at === 1 ? 'prod' : 'dev' })
    prepare(fleet)
    await fleet.start()
    await fleet.advance(2000)
    return fleet
  }

  stub(name: string): StubMember { return this.stubs.get(name)! }
  copy(cluster: string, kind: string, key: string): Promise<KubeObject | undefined> { return this.stub(cluster).get(PLURALS[kind]!, key) }

  /** Names of the members that have an object of that name. */
  async having(kind: string, key: string): Promise<string[]> {
    const names: string[] = []
    for (const name of [...this.stubs.keys()].toSorted()) if (await this.copy(name, kind, key)) names.push(name)
    return names
  }

  async create(kind: string, key: string, spec: Partial<FederatedSpec>, waitMs = 5000): Promise<void> {
    const [namespace, name] = key.includes('/') ? key.split('/') as [string, string] : [undefined, key]
    await this.until(this.templates(kind).resource.writer.create({ apiVersion: 'types.federation/v1alpha1', kind: `Federated${kind}`, metadata: { name, ...(namespace !== undefined && { namespace }) }, spec }, author, this.server.signal))
    await this.advance(waitMs)
  }

  async edit(kind: string, key: string, change: Partial<FederatedSpec>, waitMs = 5000): Promise<void> {
    await this.until(this.templates(kind).resource.writer.update(key, (current) => ({ ...current!, spec: { ...(current as FederatedObject).spec, ...change } }), author, this.server.signal))
    await this.advance(waitMs)
  }

  async drop(kind: string, key: string, propagation: DeleteOptions['propagation'] = 'Background', waitMs = 5000): Promise<void> {
    await this.templates(kind).resource.writer.delete(key, { ...author, propagation }, this.server.signal)
    await this.advance(waitMs)
  }

  async policy(kind: 'PropagationPolicy' | 'OverridePolicy' | 'FederatedResourceQuota', key: string, spec: object | undefined): Promise<void> {
    const [namespace, name] = key.split('/') as [string, string], { writer } = this.policies(kind)
    if (spec) await writer!.update(key, (current) => ({ ...(current ?? { apiVersion: 'policy.federation/v1alpha1', kind, metadata: { namespace, name } }), spec }), author, this.server.signal)
    else await writer!.delete(key, author, this.server.signal)
    await this.advance(5000)
  }

  /** `cluster: state` of each cluster that status tells of, and its message. */
  async states(kind: string, key: string): Promise<Record<string, string>> {
    const clusters = (await this.template(kind, key))?.status?.clusters ?? []
    return Object.fromEntries(clusters.map(({ name, state, message }) => [name, message ? `${state}: ${message}` : state]))
  }

  async condition(kind: string, key: string, type: string): Promise<string | undefined> {
    const found = (await this.template(kind, key))?.status?.conditions?.find((condition) => condition.type === type)
    return found && `${found.status} ${found.reason}`
  }

  /** A member that answers nobody from now on, or again. */
  async cutOff(name: string, isOff: boolean, waitMs = 35_000): Promise<void> {
    if (isOff) this.stub(name).faults.refuse()
    else this.stub(name).faults.heal()
    this.setReachable(name, !isOff)
    this.probe()
    await this.advance(waitMs)
  }
}
