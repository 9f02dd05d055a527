/** What holds once everything works again and has come to rest; each mistake is a line. And what holds of every single write meanwhile. */
import { isDeepStrictEqual } from 'node:util'
import type { ClusterState, FederatedObject } from '../../src/apis/types.federation/v1alpha1/federated-object.ts'
import { MANAGED_LABEL as MANAGED, TEMPLATE_ANNOTATION as TEMPLATE } from '../../src/federation/template/marks.ts'
import type { KubeObject } from '../../src/machinery/meta/core.ts'
import type { Notes } from './notes.ts'
import type { SimulatedFleet } from './simulated-fleet.ts'
import { copyKey, KINDS, type SimulatedKind } from './simulated-kinds.ts'

type Json = Record<string, unknown>
/** The part of a policy that says how its templates are carried out. */
interface Rules { readonly conflictResolution?: string; readonly propagateDeps?: boolean; readonly suspension?: { readonly dispatching?: boolean; readonly dispatchingOnClusters?: { readonly clusterNames?: readonly string[] } } }
type Templates = ReadonlyMap<string, FederatedObject>

/** Empty: all is well. */
export async function mistakesAtRest(fleet: SimulatedFleet, notes: Notes): Promise<string[]> {
  const wrong: string[] = [], templates = new Map<string, FederatedObject>()
  for (const kind of KINDS) {
    const { entries } = await fleet.templates(kind.kind).resource.reader.list({}, fleet.server.signal)
    for (const entry of entries) templates.set(`${kind.plural} ${entry.key}`, entry.parse() as FederatedObject)
  }
  const rules = await rulesOf(fleet)
  wrong.push(...ofDependencies(fleet, templates, rules))
  for (const kind of KINDS) {
    for (const [id, federated] of templates) if (id.startsWith(`${kind.plural} `)) wrong.push(...await ofTemplate(fleet, notes, kind, id.slice(kind.plural.length + 1), federated, rules(federated)))
    for (const stub of fleet.stubs.values()) for (const copy of await stub.list(kind.plural)) wrong.push(...ofCopy(fleet, notes, { cluster: stub.name, plural: kind.plural, copy, templates, rules }))
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

/** What the policy that claimed a template says, read anew from the store. */
async function rulesOf(fleet: SimulatedFleet): Promise<(federated: FederatedObject) => Rules> {
  const policies = new Map<string, Rules>()
  for (const kind of ['PropagationPolicy', 'ClusterPropagationPolicy']) for (const entry of (await fleet.policies(kind).reader.list({}, fleet.server.signal)).entries) policies.set(`${kind} ${entry.key}`, entry.parse()['spec'] as Rules)
  return ({ status }) => { const { kind = '', namespace, name = '' } = status?.policy ?? {}; return policies.get(`${kind} ${namespace === undefined ? name : `${namespace}/${name}`}`) ?? {} }
}

/** What workloads name goes where they go, if they say so, and nowhere for their sake alone when they do not. */
function ofDependencies(fleet: SimulatedFleet, templates: Templates, rules: (federated: FederatedObject) => Rules): string[] {
  const wrong: string[] = [], needed = new Map<string, Set<string>>()
  for (const [id, federated] of templates) {
    if (!id.startsWith('deployments ') || !(federated.spec.propagateDeps ?? rules(federated).propagateDeps)) continue
    const { containers, volumes = [] } = ((federated.spec.template as Json)['spec'] as { template: { spec: { containers: { envFrom?: { configMapRef: { name: string } }[] }[]; volumes?: { secret: { secretName: string } }[] } } }).template.spec
    const names = [...containers.flatMap(({ envFrom = [] }) => envFrom.map(({ configMapRef: { name } }) => `configmaps ${federated.metadata.namespace}/${name}`)), ...volumes.map(({ secret: { secretName } }) => `secrets ${federated.metadata.namespace}/${secretName}`)]
    for (const name of names) needed.set(name, new Set([...(needed.get(name) ?? []), ...(federated.status?.schedule?.targets ?? []).map(({ cluster }) => cluster)]))
  }
  for (const [id, { status }] of templates) {
    const targets = status?.schedule?.targets ?? [], wanted = needed.get(id) ?? new Set()
    for (const cluster of wanted) if (fleet.clusters.has(cluster) && !targets.some((target) => target.cluster === cluster)) wrong.push(`${id}: a workload needs it in ${cluster}, and it does not go there`)
    for (const { cluster, required } of targets) if (required && !wanted.has(cluster)) wrong.push(`${id}: goes to ${cluster} for workloads, and none needs it there`)
  }
  return wrong
}

const isSuspended = ({ spec }: FederatedObject, { suspension }: Rules, cluster: string) => spec.suspend === true || suspension?.dispatching === true || suspension?.dispatchingOnClusters?.clusterNames?.includes(cluster) === true

async function ofTemplate(fleet: SimulatedFleet, notes: Notes, kind: SimulatedKind, template: string, federated: FederatedObject, rules: Rules): Promise<string[]> {
  const wrong: string[] = [], key = copyKey(kind, template), name = `${kind.kind} ${template}`, { metadata, status, spec } = federated, overwrites = (spec.conflictResolution ?? rules.conflictResolution) === 'Overwrite', targets = status?.schedule?.targets ?? []
  if (metadata.deletionTimestamp !== undefined) return [`${name} hangs in deletion: ${JSON.stringify(status?.clusters)}`]
  if (status?.schedule?.observedGeneration !== metadata.generation) wrong.push(`${name}: generation ${metadata.generation} was not decided about`)
  if (new Set(targets.map(({ cluster }) => cluster)).size !== targets.length) wrong.push(`${name}: a cluster is chosen twice`)
  for (const { cluster } of targets) {
    if (!fleet.clusters.has(cluster)) wrong.push(`${name}: goes to ${cluster}, which has left`)
    else if (!fleet.stubs.get(cluster)!.serves(kind.plural)) wrong.push(`${name}: goes to ${cluster}, which does not serve it`)
  }
  for (const { name: cluster } of status?.clusters ?? []) if (!targets.some((target) => target.cluster === cluster) && !isKept(status, cluster) && !isSuspended(federated, rules, cluster)) wrong.push(`${name}: ${cluster} is remembered without need: ${JSON.stringify(status?.clusters?.find((state) => state.name === cluster))}`)
  const isLeaving = status?.clusters?.some(({ name: cluster }) => !targets.some((target) => target.cluster === cluster)) === true
  let ready = 0, isWhole = true
  for (const { cluster, replicas } of targets) {
    const copy = await fleet.stubs.get(cluster)!.get(kind.plural, key), state = status?.clusters?.find((one) => one.name === cluster)
    if (isSuspended(federated, rules, cluster)) {
      isWhole = false
      if (state?.state !== 'Suspended') wrong.push(`${name} in ${cluster}: nothing is sent, and status says ${JSON.stringify(state)}`)
      continue
    }
    if (!overwrites && copy && copy.metadata.labels?.[MANAGED] === undefined && isOthers(fleet, notes, cluster, copy)) {
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
  if (propagated !== (targets.length > 0 && isWhole && !isLeaving ? 'True' : 'False')) wrong.push(`${name}: Propagated is ${JSON.stringify(status?.conditions?.find(({ type }) => type === 'Propagated'))}`)
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
  if (federated.spec.retainReplicas) {
    delete (body['spec'] as Json)['replicas']
    return body
  }
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

function ofCopy(fleet: SimulatedFleet, notes: Notes, { cluster, plural, copy, templates, rules }: { readonly rules: (federated: FederatedObject) => Rules; readonly cluster: string; readonly plural: string; readonly copy: KubeObject; readonly templates: Templates }): string[] {
  const { labels = {}, annotations = {}, name = '', namespace, uid } = copy.metadata, key = namespace ? `${namespace}/${name}` : name, id = `${cluster} ${plural} ${key}`, federated = templates.get(`${plural} ${plural === 'namespaces' ? `${name}/${name}` : key}`)
  // A member that has left keeps what it has.
  if (!fleet.clusters.has(cluster)) return []
  if (labels[MANAGED] === undefined) {
    const isMarked = annotations[TEMPLATE] !== undefined || annotations['cluster.federation/revision'] !== undefined
    return isMarked && notes.orphans.get(id) === uid ? [`${id}: was left, and carries marks`] : []
  }
  if (notes.leftBehind.has(`${cluster} ${annotations[TEMPLATE]}`) && federated?.metadata.uid !== annotations[TEMPLATE]) return []
  if (!federated) return [`${id}: is an orphan of ${annotations[TEMPLATE]}`]
  if (isSuspended(federated, rules(federated), cluster)) return []
  return isKept(federated.status, cluster) || federated.status?.schedule?.targets?.some((target) => target.cluster === cluster) ? [] : [`${id}: has no business there`]
}

/** A copy that is not wanted any more, and the only one there is; or a namespace that holds what is not to go. */
function isKept(status: FederatedObject['status'], cluster: string): boolean {
  const states = new Map(status?.clusters?.map((state) => [state.name, state]))
  if (states.get(cluster)?.message?.startsWith('it still holds ')) return true
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
