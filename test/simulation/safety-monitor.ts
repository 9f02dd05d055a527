import type { FederatedObject } from '../../src/apis/types.federation/v1alpha1/federated-object.ts'
import { isFinished } from '../../src/federation/propagation/deletion.ts'
import { COPIES_FINALIZER, MANAGED_LABEL as MANAGED, REVISION_ANNOTATION as REVISION, TEMPLATE_ANNOTATION as TEMPLATE } from '../../src/federation/template/marks.ts'
import type { MemberRequest } from './member-network.ts'
import type { Notes } from './notes.ts'
import type { SimulatedFleet } from './simulated-fleet.ts'
import { KINDS } from './simulated-kinds.ts'

/** What was found out before a request is sent may be so old when it arrives. */
const OLD_MS = 40_000, SUSPENDED_MS = 15_000, MINUTE_MS = 60_000

/** Watches every write to members, and every decision that is stored. */
export class SafetyMonitor {
  readonly mistakes: string[] = []
  readonly #fleet: SimulatedFleet
  readonly #notes: Notes
  /** Since when templates are suspended, by uid. */
  readonly #suspended = new Map<string, number>()
  /** When each server removed copies of templates that are not being deleted. */
  readonly #removals = new WeakMap<object, number[]>()

  constructor(fleet: SimulatedFleet, notes: Notes) {
    this.#fleet = fleet
    this.#notes = notes
    fleet.onRequest = (request) => this.#check(request)
  }

  /** Follows the store until the signal aborts. */
  async follow(signal: AbortSignal): Promise<void> {
    for await (const { lines } of this.#fleet.store.watch('/types.', 1, signal)) for (const { key, before, now } of lines) {
      const [was, is] = [before, now].map((record) => record && JSON.parse(Buffer.from(record.value).toString()) as FederatedObject)
      if (is?.spec.suspend) this.#suspended.set(is.metadata.uid!, this.#suspended.get(is.metadata.uid!) ?? this.#fleet.clock.now())
      else if (is) this.#suspended.delete(is.metadata.uid!)
      if (was && is) this.#checkDecision(key, was, is)
    }
  }

  #checkDecision(key: string, was: FederatedObject, is: FederatedObject): void {
    const kept = new Set(is.status?.schedule?.targets?.map(({ cluster }) => cluster)), scheduled = is.status?.conditions?.find(({ type }) => type === 'Scheduled')
    for (const { cluster, required } of was.status?.schedule?.targets ?? []) if (!kept.has(cluster) && !required && scheduled?.status !== 'True' && this.#fleet.clusters.has(cluster)) this.mistakes.push(`${key}: ${cluster} was given up though nothing was decided: ${scheduled?.reason}`)
    const [before, after] = [was, is].map(({ status }) => status?.schedule?.decision ?? 0) as [number, number]
    if (after < before) this.mistakes.push(`${key}: decision ${before} was followed by ${after}`)
  }

  async #check(request: MemberRequest): Promise<void> {
    if (request.method === 'DELETE') await this.#checkDelete(request)
    else this.#checkWrite(request)
  }

  async #checkDelete({ server, cluster, path, body }: MemberRequest): Promise<void> {
    const stub = this.#fleet.stubs.get(cluster)!, uid = (body as { preconditions?: { uid?: string } } | undefined)?.preconditions?.uid, wrong = (what: string) => { this.mistakes.push(`${cluster}: DELETE ${path} of ${uid}${what}`) }
    if (uid === undefined || !stub.everManaged.has(uid)) wrong(', which never was ours')
    if ([...this.#notes.orphans].some(([id, held]) => held === uid && id.startsWith(`${cluster} `))) wrong(', which was to be left')
    const namespace = /\/api\/v1\/namespaces\/([^/]+)$/.exec(path)?.[1]
    if (namespace !== undefined) await this.#checkNamespace(cluster, namespace, wrong)
    const copy = await stub.byUid(uid ?? ''), template = copy?.metadata.annotations?.[TEMPLATE], federated = template === undefined ? undefined : this.#fleet.storedTemplate(template)
    if (federated && federated.metadata.deletionTimestamp === undefined) this.#countRemoval(server, wrong)
    // What has run and is taken away does not run again where it is wanted back at that very moment.
    if (copy && path.includes('/jobs/') && isFinished({ ...copy, kind: 'Job' })) this.#notes.tidied.add(`${cluster} ${copy.metadata.namespace}/${copy.metadata.name}`)
  }

  /** Only what the fleet made goes, and holding nothing of others that was there to be seen. */
  async #checkNamespace(cluster: string, namespace: string, wrong: (what: string) => void): Promise<void> {
    const stub = this.#fleet.stubs.get(cluster)!, there = await stub.get('namespaces', namespace), now = this.#fleet.clock.now()
    if (there && there.metadata.annotations?.['cluster.federation/created-by'] !== this.#fleet.server.fleetId) wrong(', which others made')
    for (const { plural } of KINDS) for (const { metadata } of await stub.list(plural)) if (metadata.namespace === namespace && metadata.labels?.[MANAGED] === undefined && now - Date.parse(metadata.creationTimestamp!) > OLD_MS) wrong(`, which holds ${plural} ${metadata.name} of others`)
  }

  #countRemoval(server: object, wrong: (what: string) => void): void {
    const { maxRemovalsPerMinute: max, clock } = this.#fleet, now = clock.now(), times = [...(this.#removals.get(server) ?? []).filter((at) => now - at < MINUTE_MS), now]
    this.#removals.set(server, times)
    // A minute's worth may be saved up.
    if (max > 0 && times.length > 2 * max) wrong(`, the removal number ${times.length} in a minute`)
  }

  #checkWrite({ server, cluster, path, body }: MemberRequest): void {
    const { annotations = {}, labels = {} } = body?.metadata ?? {}, template = annotations[TEMPLATE], revision = annotations[REVISION]
    if (template == null || labels[MANAGED] == null || revision == null) return
    const federated = this.#fleet.storedTemplate(template), since = this.#suspended.get(template)
    if ((body!.metadata.finalizers ?? []).includes(COPIES_FINALIZER)) this.mistakes.push(`${cluster}: ${path} was sent the finalizer of its template`)
    if (!federated || server.wasPaused) return
    const { observedGeneration = 0, decision = 0 } = federated.status?.schedule ?? {}, [generation = 0, made = 0] = revision.split('.').map(Number)
    if (generation > observedGeneration || made > decision) this.mistakes.push(`${cluster}: ${path} was sent decision ${revision}, and the store has ${observedGeneration}.${decision}`)
    if (since !== undefined && federated.metadata.deletionTimestamp === undefined && this.#fleet.clock.now() - since > SUSPENDED_MS) this.mistakes.push(`${cluster}: ${path} was sent though its template has been suspended for ${this.#fleet.clock.now() - since} ms`)
  }
}
