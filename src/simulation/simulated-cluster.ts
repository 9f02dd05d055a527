import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import { nameSuffix } from '../machinery/meta/generate-name.ts'
import type { DeleteOptions, Kind, KubeObject, Resource } from '../machinery/meta/core.ts'
import type { NamespaceGuard } from '../machinery/registry/namespace-guard.ts'
import { createStoredResource } from '../machinery/registry/stored-resource.ts'
import { keyPrefix } from '../machinery/storage/storage-key.ts'
import { MemoryStorage } from '../machinery/storage/memory-storage.ts'
import { builtInKinds } from './built-in-kinds.ts'
import { ControlLoop, asSimulation } from './control-loop.ts'
import { decideDaemonSet } from './daemon-set.ts'
import { decideDeployment } from './deployment.ts'
import { decideJob } from './job.ts'
import { memberSeed } from './member-seed.ts'
import { decideNamespace } from './namespace.ts'
import { decidePod } from './pod.ts'
import { decideReplicaSet } from './replica-set.ts'
import { SeededRandom } from './seeded-random.ts'
import { decideStatefulSet } from './stateful-set.ts'

export interface SimulatedClusterOptions {
  readonly name: string
  readonly nodes: number
  readonly clock: Clock
  /** The same seed and the same requests give the same names, uids, placement and timing. */
  readonly seed: string
  readonly logger: Logger
}

export interface SimulatedCluster {
  readonly resources: readonly Resource[]
  /** In this order; status is kept where the object has one. */
  create(...objects: readonly KubeObject[]): Promise<void>
  /** `resource`: its plural. `key`: 'namespace/name' or 'name'. */
  change(resource: string, key: string, change: (object: KubeObject) => KubeObject): Promise<void>
  remove(resource: string, key: string, propagation?: DeleteOptions['propagation']): Promise<void>
}

/** Kubernetes without HTTP: the built-in kinds in memory, and controllers that make them live until the signal aborts. */
export async function createSimulatedCluster({ name, nodes, clock, seed, logger }: SimulatedClusterOptions, signal: AbortSignal): Promise<SimulatedCluster> {
  const random = new SeededRandom(`${seed}/${name}`), storage = new MemoryStorage(), kinds = await builtInKinds()
  const prefix = keyPrefix({ group: '', plural: 'namespaces' })
  const namespaces: NamespaceGuard = { phase: async (namespace) => ((await storage.get(prefix + namespace, signal)).record ? 'active' : 'missing') }
  const dependencies = { clock, logger, namespaces, randomUuid: () => random.uuid(), randomSuffix: () => nameSuffix(() => random.next()) }
  const resources = kinds.map((kind) => createStoredResource(kind, storage, dependencies, signal)), cluster = new Cluster(resources, signal)
  await cluster.create(...memberSeed({ name, nodes, version: KUBERNETES_VERSION }))
  const onError = (error: unknown, doing: string) => logger.warn({ member: name, doing, error: String(error) }, 'a simulated controller failed and tries again')
  new ControlLoop({ resources, controllers, clock, onError }).run(signal).catch((error: unknown) => { if (!signal.aborted) logger.error({ member: name, error: String(error) }, 'a simulated member stopped acting') })
  return cluster
}

export const KUBERNETES_VERSION = 'v1.36.3'

const controllers = {
  Deployment: decideDeployment, ReplicaSet: decideReplicaSet, StatefulSet: decideStatefulSet, DaemonSet: decideDaemonSet, Job: decideJob, Pod: decidePod, Namespace: decideNamespace, Node: () => [],
}

class Cluster implements SimulatedCluster {
  readonly resources: readonly Resource[]
  readonly #signal: AbortSignal

  constructor(resources: readonly Resource[], signal: AbortSignal) {
    this.resources = resources
    this.#signal = signal
  }

  async create(...objects: readonly KubeObject[]): Promise<void> {
    for (const object of objects) {
      const { writer } = this.#find(({ kind, group, version }) => kind === object.kind && (group ? `${group}/${version}` : version) === object.apiVersion, `${object.apiVersion} ${object.kind}`)
      const { key } = await writer!.create(object, asSimulation, this.#signal)
      if (object['status'] !== undefined) await writer!.update(key, (current) => ({ ...current!, status: object['status'] }), { ...asSimulation, subresource: 'status' }, this.#signal)
    }
  }

  async change(resource: string, key: string, change: (object: KubeObject) => KubeObject): Promise<void> {
    await this.#find(({ plural }) => plural === resource, resource).writer!.update(key, (current) => change(current!), asSimulation, this.#signal)
  }

  async remove(resource: string, key: string, propagation: DeleteOptions['propagation'] = 'Background'): Promise<void> {
    await this.#find(({ plural }) => plural === resource, resource).writer!.delete(key, { ...asSimulation, propagation }, this.#signal)
  }

  #find(which: (kind: Kind) => boolean, text: string): Resource {
    const resource = this.resources.find(({ kind }) => which(kind))
    if (!resource) throw new Error(`a simulated member has no ${text}`)
    return resource
  }
}
