/** Every way of reading that a kube-apiserver has: the same request to a member and to the fleet's view by cluster, answers compared but for names, labels and versions. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { describeFleet, FLEET, kubectl, raw } from './fleet-bed.ts'
import { createOneOfEach } from './one-of-each.ts'
import type { RawAnswer } from './raw-client.ts'

const NAMESPACE = 'e2e-reads', MEMBER = 'member1', BY_CLUSTER = `${FLEET}/by-cluster`
const CORE = `/api/v1/namespaces/${NAMESPACE}`, apis = (version: string, resource: string) => `/apis/${version}/namespaces/${NAMESPACE}/${resource}`
const POD = `${CORE}/pods`, CONFIG = `${CORE}/configmaps`, WIDGETS = apis('example.com/v1', 'widgets'), EVENTS = `${CORE}/events`, NODES = '/api/v1/nodes'
const as = (what: string, version = 'v1', group = 'meta.k8s.io') => ({ accept: `application/json;as=${what};v=${version};g=${group}` })

/** `@` behind a name in a path or query stands for the name in the fleet. */
const inFleet = (path: string) => path.replaceAll(/@(?=&|\?|$|%2C|%26)/g, `@${MEMBER}`), inMember = (path: string) => path.replaceAll(/@(?=&|\?|$|%2C|%26)/g, '')
const fields = (path: string, ...selectors: readonly string[]) => selectors.map((selector) => `${path}?fieldSelector=${encodeURIComponent(selector).replaceAll('%40', '@')}`)
const labels = (path: string, ...selectors: readonly string[]) => selectors.map((selector) => `${path}?labelSelector=${encodeURIComponent(selector)}`)
const queries = (path: string, ...texts: readonly string[]) => texts.map((text) => `${path}?${text}`)

const REQUESTS: Readonly<Record<string, readonly string[]>> = {
  'fields of pods': fields(POD, 'spec.nodeName=', 'spec.nodeName=member1-node-1@', 'spec.nodeName!=member1-node-1@', 'spec.restartPolicy=Never', 'spec.restartPolicy!=Never', 'spec.schedulerName=default-scheduler', 'spec.serviceAccountName=default', 'spec.serviceAccountName=', 'spec.hostNetwork=false', 'spec.hostNetwork=true', 'status.phase=Running', 'status.phase!=Running,spec.restartPolicy=Always', 'status.podIP=', 'status.podIPs=x', 'spec.host=member1-node-1@', 'status.nominatedNodeName=', 'metadata.namespace=' + NAMESPACE, 'metadata.namespace=other', 'spec.hostname=x', 'status.reason=x'),
  'fields of events': fields(EVENTS, 'involvedObject.kind=Deployment', 'involvedObject.kind=Deployment,involvedObject.name=web@', 'involvedObject.namespace=' + NAMESPACE, 'involvedObject.apiVersion=apps/v1', 'involvedObject.uid=none', 'involvedObject.fieldPath=', 'involvedObject.resourceVersion=', 'reason=ScalingReplicaSet', 'reason!=ScalingReplicaSet', 'reportingComponent=deployment-controller', 'source=deployment-controller', 'type=Normal', 'type=Warning', 'message=x'),
  'fields of events.k8s.io': fields(apis('events.k8s.io/v1', 'events'), 'regarding.kind=Deployment', 'regarding.name=web@', 'reportingController=deployment-controller', 'reason=ScalingReplicaSet', 'involvedObject.kind=Deployment', 'type=Normal', 'note=x'),
  'fields of other kinds': [
    ...fields(NODES, 'spec.unschedulable=true', 'spec.unschedulable=false', 'metadata.name=member1-node-1@', 'status.phase=x'), ...fields('/api/v1/namespaces', 'status.phase=Terminating', 'status.phase=x', 'metadata.name=default@', 'spec.finalizers=x'),
    ...fields(`${CORE}/secrets`, 'type=kubernetes.io/basic-auth', 'type!=kubernetes.io/basic-auth', 'data=x'), ...fields(`${CORE}/services`, 'spec.type=ExternalName', 'spec.clusterIP=None', 'spec.ports=x'), ...fields(`${CORE}/replicationcontrollers`, 'status.replicas=1', 'status.replicas=7', 'spec.replicas=1'),
    ...fields(apis('apps/v1', 'replicasets'), 'status.replicas=0', 'status.replicas=2', 'spec.replicas=2'), ...fields(apis('batch/v1', 'jobs'), 'status.successful=0', 'status.successful=2'), ...fields('/apis/certificates.k8s.io/v1/certificatesigningrequests', 'spec.signerName=example.com/none', 'spec.signerName=x', 'spec.username=x'),
    ...fields(apis('apps/v1', 'deployments'), 'metadata.name=web@', 'metadata.name!=web@', 'spec.replicas=2'), ...fields('/api/v1/persistentvolumes', 'metadata.name=e2e@', 'status.phase=Available'), ...fields(`${CORE}/persistentvolumeclaims`, 'status.phase=Pending'),
  ],
  'fields of a custom kind': fields(WIDGETS, 'spec.color=red', 'spec.color!=red', 'spec.size=3', 'spec.size=', 'spec.on=true', 'spec.on=false', 'spec.color=red,spec.size=3', 'spec.tags=x', 'status.phase=Ready', 'metadata.name=first@'),
  'what selectors are written like': [...fields(POD, 'metadata.name', 'a=b=c', ',', 'metadata.name=a\\,b', 'metadata.name=a\\', 'metadata.name in (a)'), ...labels(POD, 'app=web', 'app==web', 'app!=web', 'app in (web, once)', 'app notin (web)', 'app', '!app', 'app=web,made', 'a in (', 'a=b=c', 'app in ()', '-=x', 'app=' + 'x'.repeat(64), 'x/y/z=1', 'app>1', 'app=Ü')],
  pages: queries(CONFIG, 'limit=1', 'limit=0', 'limit=-1', 'limit=abc', 'limit=500', 'continue=abc', 'continue=&limit=1', `limit=1&labelSelector=made`, 'limit=9223372036854775808'),
  versions: queries(CONFIG, 'resourceVersion=0', 'resourceVersion=', 'resourceVersion=abc', 'resourceVersion=-1', 'resourceVersionMatch=Exact', 'resourceVersionMatch=NotOlderThan', 'resourceVersionMatch=Sometimes&resourceVersion=0', 'resourceVersionMatch=Exact&resourceVersion=0', 'resourceVersionMatch=NotOlderThan&resourceVersion=0', 'resourceVersionMatch=Exact&resourceVersion=', 'resourceVersion=0&limit=1', 'sendInitialEvents=true', 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan'),
  watches: queries(CONFIG, 'watch=1&timeoutSeconds=1&resourceVersion=0', 'watch=true&timeoutSeconds=1', 'watch&timeoutSeconds=1', 'watch=x&timeoutSeconds=1', 'watch=1&timeoutSeconds=1&resourceVersion=abc', 'watch=1&timeoutSeconds=1&sendInitialEvents=true', 'watch=1&timeoutSeconds=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan', 'watch=1&timeoutSeconds=1&sendInitialEvents=true&resourceVersionMatch=Exact', 'watch=1&timeoutSeconds=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true', 'watch=1&timeoutSeconds=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan', 'watch=1&timeoutSeconds=1&resourceVersionMatch=NotOlderThan', 'watch=1&timeoutSeconds=1&resourceVersion=0&labelSelector=made', 'watch=1&timeoutSeconds=1&resourceVersion=0&fieldSelector=metadata.name=settings@', 'watch=1&timeoutSeconds=1&fieldSelector=x=y', 'watch=0', 'watch=false', 'watch=1&timeoutSeconds=abc'),
  'single objects': [`${CONFIG}/settings@`, `${CONFIG}/settings@?resourceVersion=0`, `${CONFIG}/settings@?resourceVersion=abc`, `${CONFIG}/settings@?watch=true`, `${CONFIG}/settings@?pretty=true`, `${CONFIG}/settings@?fieldSelector=x`, `${CONFIG}/gone@`, `${WIDGETS}/first@`, `${POD}/gone@`, `${CORE}/gone`, `${CORE}/gone/x`, '/apis/gone.example.com/v1/things', '/apis/apps/v9/deployments', `${CONFIG}/settings@/status`, `${apis('apps/v1', 'deployments')}/web@/status`, `${apis('apps/v1', 'deployments')}/web@/scale`],
}

/** Kinds of answers: for a list, an object, a watch, an error. */
const SHAPED: readonly (readonly [what: string, path: string])[] = [['a list', CONFIG], ['a custom list', WIDGETS], ['an object', `${CONFIG}/settings@`], ['a custom object', `${WIDGETS}/first@`], ['pods', POD], ['a watch', `${CONFIG}?watch=1&resourceVersion=0&timeoutSeconds=1`], ['a watch from the start', `${WIDGETS}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=1`], ['nothing', `${CONFIG}?labelSelector=none`], ['an error', `${CONFIG}/gone@`]]
const HEADERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Table: as('Table'), 'Table v1beta1': as('Table', 'v1beta1'), 'Table of another group': as('Table', 'v1', 'apps'), 'Table or JSON': { accept: `${as('Table').accept},application/json` }, metadata: as('PartialObjectMetadata'), 'list of metadata': as('PartialObjectMetadataList'), 'metadata v1beta1': as('PartialObjectMetadataList', 'v1beta1'),
  YAML: { accept: 'application/yaml' }, anything: { accept: '*/*' }, nothing: {}, HTML: { accept: 'text/html' }, 'HTML or anything': { accept: 'text/html,*/*;q=0.1' }, 'JSON, preferred less': { accept: 'application/json;q=0.5, text/plain' }, pretty: { accept: 'application/json;pretty=1' }, 'a parameter that nobody knows': { accept: 'application/json;as=Else;v=v1;g=meta.k8s.io' }, streams: { accept: 'application/json;stream=watch' },
}

interface Told { readonly status: number; readonly type: string | undefined; readonly body: unknown }

/** What a fleet cannot say in the member's words: names, its label, versions, tokens, times of an answer. */
function normalised({ status, headers, text }: RawAnswer, path: string): Told {
  const type = headers['content-type'], isStream = type?.includes('stream=watch') || (path.includes('watch') && status === 200 && !text.trimStart().startsWith('{\n') && text.includes('"type":'))
  const decoded: unknown = isStream ? text.split('\n').filter(Boolean).map((line) => parseOr(line)) : type?.startsWith('application/yaml') ? parseYaml(text) : parseOr(text)
  // Which types there are is told by those who have them: protobuf is never ours to send.
  if (status === 406) return { status, type, body: (decoded as { reason?: string }).reason }
  return { status, type, body: plain(withoutEmptyToken(decoded)) }
}

/** Lists of custom kinds have an empty token: ours are as those of Kubernetes' own kinds. */
function withoutEmptyToken(decoded: unknown): unknown {
  const { kind, metadata, ...list } = decoded as { kind?: string; metadata?: { continue?: string } }
  if (kind !== 'WidgetList') return decoded
  const { continue: token, ...rest } = metadata!
  return { ...list, kind, metadata: { ...rest, ...(token && { continue: token }) } }
}
const parseOr = (text: string): unknown => { try { return JSON.parse(text) } catch { return text } }

const VERSIONED = new Set(['resourceVersion', 'continue', 'selfLink'])
function plain(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll(`@${MEMBER}`, '').replaceAll(/\b\d+[smhd](?:\d+[smhd])?(?= ago|$)/g, 'AGE').replaceAll(/\b\d{9,}\b/g, 'NUMBER').replaceAll(/\*(?:core|unstructured)\.\w+/g, 'TYPE')
  if (Array.isArray(value)) return value.map(plain).toSorted(byName)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).filter(([key, of]) => key !== 'cluster.federation/name' && !(key === 'labels' && isOnlyOurs(of))).map(([key, of]) => [key, VERSIONED.has(key) && of !== '' ? 'VERSION' : key === 'uid' ? 'UID' : plain(of)]))
}
const isOnlyOurs = (labels: unknown) => typeof labels === 'object' && labels !== null && Object.keys(labels).join() === 'cluster.federation/name'
const nameOf = (item: unknown) => { const { metadata, object } = (item ?? {}) as { metadata?: { name?: string }; object?: { metadata?: { name?: string } } }; return (metadata ?? object?.metadata)?.name ?? '' }
/** `a` before `a-b` in a member, behind it in a fleet: `a@m` and `a-b@m`. */
const byName = (a: unknown, b: unknown) => (nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0)

/** Where two documents differ: a few words for each place. */
function differences(own: unknown, fleet: unknown, place = ''): string[] {
  if (JSON.stringify(own) === JSON.stringify(fleet)) return []
  if (typeof own !== 'object' || typeof fleet !== 'object' || own === null || fleet === null || Array.isArray(own) !== Array.isArray(fleet)) return [`${place}: ${short(fleet)} instead of ${short(own)}`]
  const [a, b] = [own, fleet] as Record<string, unknown>[]
  return [...new Set([...Object.keys(a!), ...Object.keys(b!)])].flatMap((key) => differences(a![key], b![key], `${place}/${key}`)).slice(0, 8)
}
const short = (value: unknown) => (JSON.stringify(value) ?? 'nothing').slice(0, 200)

/** The last column is the fleet's; a description is not told for the others. */
function withoutCluster(told: Told, isFleet: boolean): Told {
  const tables = Array.isArray(told.body) ? told.body.map((event) => (event as { object?: unknown }).object) : [told.body]
  for (const table of tables as ({ kind?: string; columnDefinitions?: { name: string; description?: string }[] | null; rows?: { cells: unknown[] }[] } | undefined)[]) {
    if (table?.kind !== 'Table') continue
    if (isFleet) table.columnDefinitions?.pop()
    for (const column of table.columnDefinitions ?? []) delete column.description
    for (const { cells } of isFleet ? (table.rows ?? []) : []) cells.pop()
  }
  return told
}

describeFleet('reads by cluster', () => {
  beforeAll(async () => { await createOneOfEach(MEMBER, NAMESPACE) }, 120_000)
  afterAll(async () => { await kubectl(MEMBER, `delete ns ${NAMESPACE} --wait=false`) })

  async function compared(path: string, headers: Readonly<Record<string, string>> = { accept: 'application/json' }): Promise<readonly string[]> {
    const [host, member] = await Promise.all([raw(), raw('admin', MEMBER)]), restricted = path.includes(`/${NAMESPACE}/`) ? path : `${path}&labelSelector=cluster.federation/name%3D${MEMBER}`
    const ask = async () => Promise.all([host.get(`${BY_CLUSTER}${inFleet(restricted)}`, headers), member.get(inMember(path), headers)])
    const told = async () => (await ask()).map((answer, at) => withoutCluster(normalised(answer, path), at === 0))
    let [fleet, own] = await told()
    // Once more where something was under way.
    if (differences(own, fleet).length > 0) [fleet, own] = await told()
    return differences(own, fleet)
  }
  describe.each(Object.entries(REQUESTS))('%s', (_, paths) => {
    test.each(paths)('%s', async (path) => { expect(await compared(path)).toEqual([]) })
  })
  describe.each(Object.entries(HEADERS))('as %s', (_, headers) => {
    // A list of metadata is asked for where a list is: elsewhere kube-apiserver's own kinds and custom ones disagree.
    test.each(SHAPED.filter(([, path]) => !headers['accept']?.includes('MetadataList') || (!path.includes('@') && !path.includes('watch'))))('%s', async (_what, path) => { expect(await compared(path, headers)).toEqual([]) })
  })
  test.each([['alone', '', 406], ['before JSON', ',application/json', 200], ['as a Table, before it as JSON', `;as=Table;v=v1;g=meta.k8s.io,${as('Table').accept}`, 200]])('protobuf %s is never what is sent', async (_, rest, status) => {
    const answer = await (await raw()).get(`${BY_CLUSTER}${CONFIG}`, { accept: `application/vnd.kubernetes.protobuf${rest}` })
    expect([answer.status, answer.headers['content-type']]).toEqual([status, 'application/json'])
  })
  test.each(['None', 'Metadata', 'Object', 'Everything', ''])('includeObject=%s', async (include) => { for (const path of [CONFIG, `${WIDGETS}/first@`]) expect(await compared(`${path}?includeObject=${include}`, as('Table'))).toEqual([]) })
})
