/** What holds once everything works again and has come to rest; each mistake is a line. And what holds of every single write meanwhile. */
import { isDeepStrictEqual } from 'node:util'
import type { ClusterState, FederatedObject } from '../../src/apis/types.federation/v1alpha1/federated-object.ts'
import { MANAGED_LABEL as MANAGED, TEMPLATE_ANNOTATION as TEMPLATE } from '../../src/federation/template/marks.ts'
import type { KubeObject } from '../../src/machinery/meta/core.ts'
import { KINDS, type Notes, type SimulatedKind } from './random-events.ts'
import { type MemberRequest, type SimulatedFleet } from './simulated-fleet.ts'

type Json = Record<string, unknown>

/** Empty: all is well. */
export async function mistakesAtRest(fleet: SimulatedFleet, notes: Notes): Promise<string[]> {
  const wrong: string[] = [], templates = new Map<string, FederatedObject>()
  for (const kind of KINDS) {
    const { entries } = await fleet.templates(kind.kind).resource.reader.list({}, fleet.server.signal)
    for (const entry of entries) templates.set(`${kind.plural} ${entry.key}`, entry.parse() as FederatedObject)
  }
  for (const kind of KINDS) {
    for (const [id, federated] of templates) if (id.startsWith(`${kind.plural} `)) wrong.push(...await ofTemplate(fleet, notes, kind, id.slice(kind.plural.length + 1), federated))
    for (const stub of fleet.stubs.values()) for (const copy of await stub.list(kind.plural)) wrong.push(...ofCopy(fleet, notes, { cluster: stub.name, plural: kind.plural, copy, templates }))
  }
  for (const [id, object] of notes.foreign) {
    const [cluster = '', plural = '', key = ''] = id.split(' '), there = await fleet.stubs.get(cluster)!.get(plural, key)
    // Adopted, it goes with its template.
    if (fleet.stubs.get(cluster)!.everManaged.has(object.metadata.uid!) && notes.overwritten.has(`${plural} ${key}`)) continue
    if (there?.metadata.uid !== object.metadata.uid) wrong.push(`${id}: what others made is gone`)
    else if (!fleet.stubs.get(cluster)!.everManaged.has(object.metadata.uid!) && !isDeepStrictEqual(withoutLife(there!), withoutLife(object))) wrong.push(`${id}: what others made was changed`)
  }
  for (const [id, uid] of notes.orphans) {
    const [cluster = '', plural = '', key = ''] = id.split(' '), there = await fleet.stubs.get(cluster)!.get(plural, key)
    if (there?.metadata.uid !== uid) wrong.push(`${id}: a copy that was to be left is gone`)
  }
  return wrong
}

async function ofTemplate(fleet: SimulatedFleet, notes: Notes, kind: SimulatedKind, key: string, federated: FederatedObject): Promise<string[]> {
  const wrong: string[] = [], name = `${kind.kind} ${key}`, { metadata, status, spec } = federated, targets = status?.schedule?.targets ?? []
  if (metadata.deletionTimestamp !== undefined) return [`${name} hangs in deletion: ${JSON.stringify(status?.clusters)}`]
  if (status?.schedule?.observedGeneration !== metadata.generation) wrong.push(`${name}: generation ${metadata.generation} was not decided about`)
  if (new Set(targets.map(({ cluster }) => cluster)).size !== targets.length) wrong.push(`${name}: a cluster is chosen twice`)
  for (const { cluster } of targets) if (!fleet.clusters.has(cluster)) wrong.push(`${name}: goes to ${cluster}, which has left`)
  for (const { name: cluster } of status?.clusters ?? []) if (!targets.some((target) => target.cluster === cluster) && !isKept(status, cluster)) wrong.push(`${name}: ${cluster} is remembered without need: ${JSON.stringify(status?.clusters?.find((state) => state.name === cluster))}`)
  let ready = 0, isWhole = true
  for (const { cluster, replicas } of targets) {
    const copy = await fleet.stubs.get(cluster)!.get(kind.plural, key), state = status?.clusters?.find((one) => one.name === cluster)
    if (spec.conflictResolution !== 'Overwrite' && copy && copy.metadata.labels?.[MANAGED] === undefined && isOthers(fleet, notes, cluster, copy)) {
      isWhole = false
      if (state?.state !== 'AlreadyExists') wrong.push(`${name} in ${cluster}: is in the way, and status says ${state?.state}`)
      continue
    }
    if (!copy && kind.kind === 'Job' && notes.tidied.has(`${cluster} ${key}`)) continue
    wrong.push(...await ofTarget(fleet, notes, { name: `${name} in ${cluster}`, kind, federated, cluster, replicas, copy, state }))
    ready += (copy?.['status'] as { readyReplicas?: number } | undefined)?.readyReplicas ?? 0
  }
  if (kind.kind === 'Deployment' && isWhole && targets.length > 0) {
    const aggregated = status?.aggregated as { readyReplicas?: number; observedGeneration?: number } | undefined
    if ((aggregated?.readyReplicas ?? 0) !== ready) wrong.push(`${name}: ${aggregated?.readyReplicas} replicas are said to be ready, ${ready} are`)
    if (aggregated?.observedGeneration !== metadata.generation) wrong.push(`${name}: all copies have observed generation ${metadata.generation}, and status says ${aggregated?.observedGeneration}`)
  }
  const propagated = status?.conditions?.find(({ type }) => type === 'Propagated')?.status
  if (propagated !== (targets.length > 0 && isWhole ? 'True' : 'False')) wrong.push(`${name}: Propagated is ${JSON.stringify(status?.conditions?.find(({ type }) => type === 'Propagated'))}`)
  return wrong
}

interface Target { readonly name: string; readonly kind: SimulatedKind; readonly federated: FederatedObject; readonly cluster: string; readonly replicas: number | undefined; readonly copy: KubeObject | undefined; readonly state: ClusterState | undefined }

async function ofTarget(fleet: SimulatedFleet, notes: Notes, { name, kind, federated, cluster, replicas, copy, state }: Target): Promise<string[]> {
  if (!copy) return [`${name}: there is no copy; status says ${JSON.stringify(state)}`]
  const wrong: string[] = [], { labels = {}, annotations = {} } = copy.metadata, wanted = await expected(fleet, federated, cluster, replicas)
  if (labels[MANAGED] !== fleet.server.fleetId) wrong.push(`${name}: it does not carry our label; status says ${state?.state} ${state?.message}`)
  if (annotations[TEMPLATE] !== federated.metadata.uid) wrong.push(`${name}: it was made from ${annotations[TEMPLATE]}, not ${federated.metadata.uid}`)
  if (annotations['kubectl.kubernetes.io/last-applied-configuration'] !== undefined) wrong.push(`${name}: a mark of kubectl was sent along`)
  if (!contains(copy, wanted)) wrong.push(`${name}: is ${JSON.stringify(pick(copy, wanted))}, not ${JSON.stringify(wanted)}; status says ${JSON.stringify({ ...state, status: undefined })}`)
  const extra = kind.kind === 'ConfigMap' && !isOthers(fleet, notes, cluster, copy) ? Object.keys(copy['data'] as Json).filter((field) => !(field in (wanted['data'] as Json)) && field !== 'intruded') : []
  if (extra.length > 0) wrong.push(`${name}: ${extra.join()} should be gone`)
  if (state?.state !== 'OK' || state.uid !== copy.metadata.uid || state.appliedGeneration !== federated.metadata.generation) wrong.push(`${name}: it is fine, and status says ${JSON.stringify({ ...state, status: undefined })}`)
  if (kind.kind === 'Deployment' && !isDeepStrictEqual((state?.status as Json | undefined)?.['readyReplicas'], (copy['status'] as Json | undefined)?.['readyReplicas'])) wrong.push(`${name}: status is ${JSON.stringify(state?.status)}, not ${JSON.stringify(copy['status'])}`)
  return wrong
}

/** What the template and overrides say, worked out anew from their documentation. */
async function expected(fleet: SimulatedFleet, federated: FederatedObject, cluster: string, replicas: number | undefined): Promise<Json> {
  const { apiVersion: _version, kind, metadata: _metadata, ...body } = structuredClone(federated.spec.template) as Json, { namespace = '' } = federated.metadata
  if (kind === 'Deployment' && replicas !== undefined) (body['spec'] as Json)['replicas'] = replicas
  for (const { clusterName, clusterOverrides = [] } of federated.spec.overrides ?? []) if (clusterName === cluster) for (const { value } of clusterOverrides) (body['spec'] as Json)['replicas'] = value
  for (const entry of kind === 'ConfigMap' ? (await fleet.policies('OverridePolicy').reader.list({ namespace }, fleet.server.signal)).entries : []) {
    const { overrideRules } = entry.parse()['spec'] as { overrideRules: { targetCluster?: { labelSelector: { matchLabels: { env: string } } }; overriders: { plaintext: { value: string }[] } }[] }
    for (const { targetCluster, overriders } of overrideRules) {
      if (targetCluster && targetCluster.labelSelector.matchLabels.env !== fleet.clusters.get(cluster)?.metadata.labels?.['env']) continue
      body['data'] = { ...(body['data'] as Json), where: overriders.plaintext[0]!.value.replace('${cluster.name}', cluster) }
    }
  }
  return body
}

function ofCopy(fleet: SimulatedFleet, notes: Notes, { cluster, plural, copy, templates }: { readonly cluster: string; readonly plural: string; readonly copy: KubeObject; readonly templates: ReadonlyMap<string, FederatedObject> }): string[] {
  const { labels = {}, annotations = {}, name = '', namespace, uid } = copy.metadata, key = namespace ? `${namespace}/${name}` : name, id = `${cluster} ${plural} ${key}`, federated = templates.get(`${plural} ${key}`)
  // A member that has left keeps what it has.
  if (!fleet.clusters.has(cluster)) return []
  if (labels[MANAGED] === undefined) {
    const isMarked = annotations[TEMPLATE] !== undefined || annotations['cluster.federation/revision'] !== undefined
    return isMarked && notes.orphans.get(id) === uid ? [`${id}: was left, and carries marks`] : []
  }
  if (notes.leftBehind.has(`${cluster} ${annotations[TEMPLATE]}`) && federated?.metadata.uid !== annotations[TEMPLATE]) return []
  if (!federated) return [`${id}: is an orphan of ${annotations[TEMPLATE]}`]
  return isKept(federated.status, cluster) || federated.status?.schedule?.targets?.some((target) => target.cluster === cluster) ? [] : [`${id}: has no business there`]
}

/** A copy that is not wanted any more, and the only one there is. */
function isKept(status: FederatedObject['status'], cluster: string): boolean {
  const states = new Map(status?.clusters?.map((state) => [state.name, state]))
  return states.get(cluster)?.message === 'it is the last copy that works' && (status?.schedule?.targets ?? []).every((target) => states.get(target.cluster)?.state !== 'OK')
}

/** Made by others, or let go by us: it may hold what no template says. */
const isOthers = (fleet: SimulatedFleet, notes: Notes, cluster: string, { metadata: { uid = '' } }: KubeObject) => notes.adoptable.has(uid) || fleet.stubs.get(cluster)!.everReleased.has(uid)

/** Whether all of `part` is in `whole`. Lists are compared item by item. */
function contains(whole: unknown, part: unknown): boolean {
  if (Array.isArray(part)) return Array.isArray(whole) && whole.length === part.length && part.every((item, at) => contains(whole[at], item))
  if (typeof part === 'object' && part !== null) return typeof whole === 'object' && whole !== null && Object.entries(part).every(([field, value]) => contains((whole as Json)[field], value))
  return whole === part
}
const pick = (whole: KubeObject, part: Json) => Object.fromEntries(Object.keys(part).map((field) => [field, whole[field]]))
const withoutLife = ({ metadata: { name, namespace, uid, labels, annotations }, ...rest }: KubeObject) => ({ ...rest, status: undefined, metadata: { name, namespace, uid, labels, annotations } })

/** Watches every write to members, and every decision that is stored. */
export class SafetyMonitor {
  readonly mistakes: string[] = []
  readonly #fleet: SimulatedFleet
  readonly #notes: Notes

  constructor(fleet: SimulatedFleet, notes: Notes) {
    this.#fleet = fleet
    this.#notes = notes
    fleet.onRequest = (request) => this.#check(request)
  }

  /** Follows the store until the signal aborts. */
  async follow(signal: AbortSignal): Promise<void> {
    for await (const { lines } of this.#fleet.store.watch('/types.federation/', 1, signal)) for (const { key, before, now } of lines) {
      if (!before || !now) continue
      const [was, is] = [before, now].map(({ value }) => JSON.parse(Buffer.from(value).toString()) as FederatedObject) as [FederatedObject, FederatedObject]
      const kept = new Set(is.status?.schedule?.targets?.map(({ cluster }) => cluster)), scheduled = is.status?.conditions?.find(({ type }) => type === 'Scheduled')
      for (const { cluster } of was.status?.schedule?.targets ?? []) if (!kept.has(cluster) && scheduled?.status !== 'True' && this.#fleet.clusters.has(cluster)) this.mistakes.push(`${key}: ${cluster} was given up though nothing was decided: ${scheduled?.reason}`)
    }
  }

  #check({ cluster, method, path, body }: MemberRequest): void {
    const stub = this.#fleet.stubs.get(cluster)!, uid = (body as { preconditions?: { uid?: string } } | undefined)?.preconditions?.uid
    if (method === 'DELETE' && (uid === undefined || !stub.everManaged.has(uid))) this.mistakes.push(`${cluster}: DELETE ${path} of ${uid}, which never was ours`)
    const orphan = [...this.#notes.orphans].find(([id, held]) => held === uid && id.startsWith(`${cluster} `))
    if (method === 'DELETE' && orphan) this.mistakes.push(`${cluster}: DELETE ${path}, which was to be left`)
  }
}

