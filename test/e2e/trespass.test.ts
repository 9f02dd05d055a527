/** A person with view rights in one namespace tries to see more, and to do more, by every way there is. What she must not see carries a mark, as text and in base64. */
import http2 from 'node:http2'
import https from 'node:https'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { certificatesFolder } from '../testbed/cluster.ts'
import { readKeyPair } from '../testbed/certificates.ts'
import { applyTo, CLUSTERS, createNamespace, deployment, describeFleet, eventually, FLEET, kubectl, raw, testbed, tryKubectl } from './fleet-bed.ts'

const OWN = 'e2e-trespass', OTHER = 'e2e-trespass-hidden', MARK = 'not-for-alice', MARKS = [MARK, ...[0, 1, 2].map((shift) => Buffer.from('x'.repeat(shift) + MARK).toString('base64').slice(shift === 0 ? 0 : 4, -4))]
const BY_CLUSTER = `${FLEET}/by-cluster`, MIRRORED = '/apis/apps.federation/v1', JSON_TYPE = 'application/json'
const hidden = [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', annotations: { mark: MARK } }, data: { mark: MARK } }, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'key' }, stringData: { mark: MARK } }, { ...deployment('web', 1), metadata: { name: 'web', annotations: { mark: MARK }, labels: { app: 'web' } } }]
const table = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }, upgrade = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==', 'sec-websocket-version': '13', origin: 'https://localhost' }

interface Attempt { readonly method?: string; readonly path: string; readonly headers?: Readonly<Record<string, string | readonly string[]>>; readonly body?: object; /** Allowed, as long as nothing of what is hidden is in it. */ readonly mayAnswer?: boolean }
type Attempts = Readonly<Record<string, Attempt>>
const get = (path: string, rest: Omit<Attempt, 'path'> = {}): Attempt => ({ path, ...rest })
const inCore = (rest: string, root = FLEET) => `${root}/api/v1/namespaces/${rest}`, inApps = (rest: string, root = FLEET) => `${root}/apis/apps/v1/namespaces/${rest}`

const PATHS: Attempts = {
  'another namespace': get(inCore(`${OTHER}/configmaps`)), 'all namespaces': get(`${FLEET}/api/v1/configmaps`), 'one object there': get(inCore(`${OTHER}/configmaps/settings`)), 'Secrets in her own': get(inCore(`${OWN}/secrets`)), 'one Secret of her own': get(inCore(`${OWN}/secrets/key`)),
  'by cluster': get(inCore(`${OTHER}/configmaps`, BY_CLUSTER)), 'one object by cluster': get(inCore(`${OTHER}/configmaps/settings@member1`, BY_CLUSTER)), 'Secrets by cluster': get(inCore(`${OWN}/secrets/key@member1`, BY_CLUSTER)), 'all of a cluster': get(`${BY_CLUSTER}/api/v1/configmaps?labelSelector=cluster.federation/name%3Dmember1`),
  'the mirrored group': get(`${MIRRORED}/namespaces/${OTHER}/deployments`), 'all of the mirrored group': get(`${MIRRORED}/deployments`), 'Secrets as a mirrored group': get(`/apis/core.federation/v1/namespaces/${OWN}/secrets`), 'Secrets as a mirrored group inside the fleet': get(`${FLEET}/apis/core.federation/v1/namespaces/${OWN}/secrets`),
  'another version': get(`${FLEET}/apis/apps/v1beta1/namespaces/${OTHER}/deployments`), 'the core group among the groups': get(`${FLEET}/apis/v1/namespaces/${OTHER}/configmaps`),
  'templates': get(`/apis/types.federation/v1alpha1/namespaces/${OTHER}/federatedconfigmaps`), 'templates of Secrets': get(`/apis/types.federation/v1alpha1/namespaces/${OWN}/federatedsecrets`), 'templates inside the fleet': get(`${FLEET}/apis/types.federation/v1alpha1/namespaces/${OWN}/federatedsecrets`),
  'a member': get(`${CLUSTERS}/member1/proxy/api/v1/namespaces/${OTHER}/configmaps`), 'a member inside the fleet': get(`${FLEET}${CLUSTERS}/member1/proxy/api/v1/namespaces/${OTHER}/configmaps`), 'the fleet inside the fleet': get(inCore(`${OTHER}/configmaps`, FLEET + FLEET)), 'another set': get(inCore(`${OTHER}/configmaps`, FLEET.replace('/default/', '/other/'))),
  'the Cluster and where its credential is': get(`${CLUSTERS}/member1`), 'metrics': get('/metrics'), 'metrics inside the fleet': get(`${FLEET}/metrics`), 'namespaces': get(`${FLEET}/api/v1/namespaces`), 'another namespace itself': get(`${FLEET}/api/v1/namespaces/${OTHER}`), 'nodes': get(`${FLEET}/api/v1/nodes`),
}

const QUERIES: Attempts = {
  'a watch': get(inCore(`${OTHER}/configmaps?watch=1&timeoutSeconds=1`)), 'a watch of all': get(`${FLEET}/api/v1/configmaps?watch=true&timeoutSeconds=1`), 'a watch without a value': get(`${FLEET}/api/v1/configmaps?watch&timeoutSeconds=1`), 'two values of watch': get(inCore(`${OWN}/secrets?watch=false&watch=true&timeoutSeconds=1`)), 'watch in capitals': get(inCore(`${OTHER}/configmaps?Watch=1&timeoutSeconds=1`)),
  'the old path of watches': get(`${FLEET}/api/v1/watch/namespaces/${OTHER}/configmaps?timeoutSeconds=1`), 'the old path for one object': get(`${FLEET}/api/v1/watch/namespaces/${OWN}/secrets/key?timeoutSeconds=1`), 'the old path of proxies': get(`${FLEET}/api/v1/proxy/namespaces/${OTHER}/configmaps/settings`),
  'initial events': get(`${FLEET}/api/v1/configmaps?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=1`),
  'a selector of her namespace over all': get(`${FLEET}/api/v1/configmaps?fieldSelector=metadata.namespace%3D${OWN}`), 'a selector of the other in hers': get(inCore(`${OWN}/configmaps?fieldSelector=metadata.namespace%3D${OTHER}`), { mayAnswer: true }), 'a selector of a name': get(`${FLEET}/api/v1/configmaps?fieldSelector=metadata.name%3Dsettings`), 'two selectors': get(inCore(`${OWN}/secrets?fieldSelector=metadata.name%3Dx&fieldSelector=metadata.name%3Dkey`)),
  'Secrets by their metadata': get(inCore(`${OWN}/secrets`), { headers: { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' } }), 'Secrets as a Table with their objects': get(inCore(`${OWN}/secrets?includeObject=Object`), { headers: table }), 'a namespace in the query': get(inCore(`${OWN}/configmaps?namespace=${OTHER}`), { mayAnswer: true }),
  'any state': get(`${FLEET}/api/v1/configmaps?resourceVersion=0`), 'a dry run of reading': get(inCore(`${OTHER}/configmaps/settings?dryRun=All`)), 'as YAML': get(inCore(`${OTHER}/configmaps`), { headers: { accept: 'application/yaml' } }), 'a continue token of nobody': get(inCore(`${OWN}/configmaps?continue=${Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: 1, start: `/../${OTHER}/` })).toString('base64url')}`)),
}

/** Segments that mean something else to whoever reads them after authorisation. */
const SEGMENTS: Attempts = Object.fromEntries([
  `${OWN}/../${OTHER}`, `${OWN}%2F..%2F${OTHER}`, `${OWN}/%2e%2e/${OTHER}`, `${OWN}/.%2e/${OTHER}`, `${OWN}%2f%2e%2e%2f${OTHER}`, `${OWN}%252F..%252F${OTHER}`, `${OWN}%5C..%5C${OTHER}`, `${OWN}//${OTHER}`, `${OWN}/./../${OTHER}`, `${OWN};/../${OTHER}`, `${OWN}%00/../${OTHER}`, `${OTHER}%20`, `%20${OTHER}`, OTHER.toUpperCase(), `${OTHER}%3F`, `${OTHER}%23`, `${OWN},${OTHER}`, `${OTHER}.`,
].map((segment) => [segment, get(inCore(`${segment}/configmaps`))]))
const MORE_SEGMENTS: Attempts = {
  'SECRETS in capitals': get(inCore(`${OWN}/SECRETS`)), 'Secrets by their kind': get(inCore(`${OWN}/Secret`)), 'a path in capitals': get(inCore(`${OWN}/secrets`).replace('/api/v1', '/API/V1')), 'NAMESPACES in capitals': get(`${FLEET}/api/v1/NAMESPACES/${OTHER}/configmaps`), 'an encoded letter': get(inCore(`${OWN}/%73ecrets`)), 'an encoded at sign': get(inCore(`${OWN}/secrets/key%40member1`, BY_CLUSTER)),
  'out of the proxy': get(`${FLEET}/../../../../../../api/v1/secrets`), 'out of by-cluster': get(`${BY_CLUSTER}/../api/v1/namespaces/${OWN}/secrets`), 'by-cluster, encoded': get(`${FLEET}/%62y-cluster/api/v1/namespaces/${OTHER}/configmaps`), 'an empty segment': get(`${FLEET}//api/v1/namespaces/${OTHER}/configmaps`), 'a slash at the end': get(inCore(`${OTHER}/configmaps/`)), 'a set with a slash': get(inCore(`${OTHER}/configmaps`, FLEET.replace('/default/', '/default%2Fproxy/'))),
  'behind a pod': get(inCore(`${OWN}/pods/x@member1/../../secrets`)), 'behind a log': get(inCore(`${OWN}/pods/x@member1/log/../../../secrets`)), 'a name with several at signs': get(inCore(`${OWN}/pods/..%2Fsecrets@member1@member1/log`)),
}

const HEADERS: Attempts = {
  'a name of the front proxy\'s': get(inCore(`${OTHER}/configmaps`), { headers: { 'x-remote-user': 'admin', 'x-remote-group': 'system:masters' } }), 'the same twice': get(inCore(`${OTHER}/configmaps`), { headers: { 'x-remote-user': ['alice', 'admin'], 'x-remote-group': ['system:masters', 'system:masters'], 'x-remote-uid': '1' } }), 'extras': get(inCore(`${OTHER}/configmaps`), { headers: { 'x-remote-extra-scopes': 'all', 'X-Remote-Group': 'system:masters' } }),
  'impersonation': get(inCore(`${OTHER}/configmaps`), { headers: { 'impersonate-user': 'admin', 'impersonate-group': 'system:masters' } }), 'impersonation of a group alone': get(inCore(`${OTHER}/configmaps`), { headers: { 'impersonate-group': 'system:masters' } }), 'impersonation through a member': get(`${CLUSTERS}/member1/proxy/api/v1/secrets`, { headers: { 'impersonate-group': 'federation:masters' } }),
  'a token that is none': get(inCore(`${OTHER}/configmaps`), { headers: { authorization: 'Bearer x' } }), 'two tokens': get(inCore(`${OTHER}/configmaps`), { headers: { authorization: 'Bearer x, Bearer y' } }), 'basic': get(inCore(`${OTHER}/configmaps`), { headers: { authorization: `Basic ${Buffer.from('admin:admin').toString('base64')}` } }),
  'another method': get(inCore(`${OWN}/configmaps`), { method: 'POST', headers: { 'x-http-method-override': 'GET' }, body: {} }), 'another path': get(inCore(`${OWN}/configmaps`), { headers: { 'x-original-url': inCore(`${OTHER}/configmaps`), 'x-rewrite-url': inCore(`${OTHER}/configmaps`), 'x-forwarded-prefix': OTHER }, mayAnswer: true }), 'another host': get(inCore(`${OTHER}/configmaps`), { headers: { host: 'member1', 'x-forwarded-host': 'member1', forwarded: 'for=127.0.0.1;host=localhost' } }),
  'a watch over WebSocket': get(inCore(`${OTHER}/configmaps?watch=1&timeoutSeconds=1`), { headers: upgrade }), 'a list over WebSocket': get(inCore(`${OWN}/secrets`), { headers: upgrade }), 'WebSocket with a token': get(inCore(`${OWN}/secrets?watch=1&timeoutSeconds=1`), { headers: { ...upgrade, 'sec-websocket-protocol': 'base64url.bearer.authorization.k8s.io.eA, v4.channel.k8s.io' } }),
  'an exec': get(inCore(`${OWN}/pods/x@member1/exec?command=env&stdout=1`), { headers: upgrade }), 'an exec over SPDY': get(inCore(`${OWN}/pods/x@member1/exec?command=env&stdout=1`), { method: 'POST', headers: { connection: 'Upgrade', upgrade: 'SPDY/3.1', 'x-stream-protocol-version': 'v4.channel.k8s.io' } }), 'an upgrade to HTTP/2': get(inCore(`${OTHER}/configmaps`), { headers: { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABkAARAAAAAAAIAAAAA' } }),
}

const settings = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' } }, patch = { 'content-type': 'application/merge-patch+json' }, lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'mine' } }
const WRITES: Attempts = {
  'creates by a dry run': get(inCore(`${OTHER}/configmaps?dryRun=All`), { method: 'POST', body: settings }), 'creates by a dry run at home': get(inCore(`${OWN}/configmaps?dryRun=All`), { method: 'POST', body: settings }), 'creates at home what is elsewhere': get(inCore(`${OWN}/configmaps`), { method: 'POST', body: { ...settings, metadata: { name: 'x', namespace: OTHER } } }),
  'patches nothing by a dry run, to read': get(inCore(`${OTHER}/configmaps/settings?dryRun=All`), { method: 'PATCH', headers: patch, body: {} }), 'applies': get(inCore(`${OTHER}/configmaps/settings?fieldManager=x&dryRun=All&force=true`), { method: 'PATCH', headers: { 'content-type': 'application/apply-patch+yaml' }, body: settings }), 'patches by cluster': get(inCore(`${OTHER}/configmaps/settings@member1?dryRun=All`, BY_CLUSTER), { method: 'PATCH', headers: patch, body: {} }),
  'replaces by a dry run': get(inCore(`${OTHER}/configmaps/settings?dryRun=All`), { method: 'PUT', body: settings }), 'deletes by a dry run, which answers the object': get(inCore(`${OTHER}/configmaps/settings?dryRun=All`), { method: 'DELETE' }), 'deletes all by a dry run, which answers them': get(inCore(`${OTHER}/configmaps?dryRun=All`), { method: 'DELETE' }), 'deletes at home': get(inCore(`${OWN}/configmaps/settings`), { method: 'DELETE' }),
  'the scale': get(inApps(`${OTHER}/deployments/web/scale`)), 'the status': get(inApps(`${OTHER}/deployments/web/status`)), 'the scale by cluster': get(inApps(`${OTHER}/deployments/web@member1/scale`, BY_CLUSTER)), 'a token of a ServiceAccount': get(inCore(`${OWN}/serviceaccounts/default@member1/token`, BY_CLUSTER), { method: 'POST', body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} } }), 'an eviction': get(inCore(`${OWN}/pods/x@member1/eviction`), { method: 'POST', body: {} }),
  'a service': get(inCore(`${OWN}/services/x@member1/proxy/`, BY_CLUSTER)), 'a node': get(`${FLEET}/api/v1/nodes/member1-node-1@member1/proxy/pods`), 'a pod\'s log': get(inCore(`${OTHER}/pods/x@member1/log`)), 'ephemeral containers': get(inCore(`${OWN}/pods/x@member1/ephemeralcontainers`), { method: 'PATCH', headers: patch, body: {} }),
  'a Lease on the host': get(`${FLEET}/apis/coordination.k8s.io/v1/namespaces/${OTHER}/leases`, { method: 'POST', body: lease }), 'an Event on the host': get(inCore(`${OWN}/events`), { method: 'POST', body: { apiVersion: 'v1', kind: 'Event', metadata: { name: 'x' }, involvedObject: { namespace: OWN } } }), 'Events elsewhere': get(inCore(`${OTHER}/events`)), 'a review of somebody else': get(`${FLEET}/apis/authorization.k8s.io/v1/subjectaccessreviews`, { method: 'POST', body: { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec: { user: 'admin', nonResourceAttributes: { path: '/', verb: 'get' } } } }),
  'a Cluster of her own': get(CLUSTERS, { method: 'POST', body: { apiVersion: 'cluster.federation/v1alpha1', kind: 'Cluster', metadata: { name: 'mine' }, spec: { syncMode: 'Push', apiEndpoint: 'https://203.0.113.1', secretRef: { namespace: 'federation-system', name: 'member1' } } } }), 'HEAD': get(inCore(`${OTHER}/configmaps/settings`), { method: 'HEAD' }), 'a method that nobody knows': get(inCore(`${OTHER}/configmaps/settings`), { method: 'PROPFIND' }), 'OPTIONS': get(inCore(`${OTHER}/configmaps/settings`), { method: 'OPTIONS' }),
}

/** Sent as it stands: nothing of the path is normalised. */
async function attempt({ method = 'GET', path, headers = {}, body }: Attempt, to: 'host' | 'server'): Promise<{ status: number; text: string }> {
  const { dir, ports } = await testbed(), { certificate, key } = readKeyPair(certificatesFolder(dir), 'alice'), content = body && JSON.stringify(body)
  return new Promise((resolve, reject) => {
    const request = https.request({ host: '127.0.0.1', port: to === 'host' ? ports.host : ports.server, path, method, agent: false, rejectUnauthorized: false, cert: certificate, key, headers: { ...(content && { 'content-type': JSON_TYPE, 'content-length': Buffer.byteLength(content) }), ...headers } as Record<string, string> }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => { chunks.push(chunk) }).on('error', reject).on('end', () => { resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }) })
    })
    request.on('upgrade', (response, socket) => { socket.destroy(); resolve({ status: response.statusCode ?? 0, text: 'switched protocols' }) }).on('error', reject).end(content)
  })
}

describeFleet('alice, who may view one namespace', () => {
  beforeAll(async () => {
    for (const name of [OWN, OTHER]) await createNamespace(name, ['host', 'member1'])
    await applyTo('member1', OTHER, hidden)
    await applyTo('member1', OWN, [{ ...settings, data: { seen: 'yes' } }, hidden[1]!])
    await kubectl('host', `-n ${OWN} create rolebinding view --clusterrole=view --user=alice`)
    await eventually(async () => { expect((await tryKubectl('fleet-alice', `-n ${OWN} get cm settings -o jsonpath={.data.seen}`)).stdout).toBe('yes') })
    // What she tries to reach is there, for who may see it.
    expect(await kubectl('fleet', `-n ${OTHER} get cm,deploy,secret -o yaml`)).toContain(MARK)
  }, 60_000)
  afterAll(async () => { for (const name of [OWN, OTHER]) await Promise.all(['host', 'member1'].map((context) => kubectl(context, `delete ns ${name} --wait=false`))) })

  describe.each(['host', 'server'] as const)('through the %s', (to) => {
    describe.each([['paths', PATHS], ['queries', QUERIES], ['segments', SEGMENTS], ['more segments', MORE_SEGMENTS], ['headers', HEADERS], ['what is more than reading', WRITES]])('by %s', (_, attempts) => {
      test.each(Object.entries(attempts))('%s', async (_what, tried) => {
        const { status, text } = await attempt(tried, to), refused = tried.mayAnswer ? [200, 400, 403, 404] : [400, 401, 403, 404, 405, 406, 415]
        expect(refused, text.slice(0, 300)).toContain(status)
        for (const mark of MARKS) expect(text).not.toContain(mark)
      })
    })
  })

  describe('by what others were given', () => {
    const page = async (path: string) => (await (await raw()).get(`${path}?limit=1`)).body.metadata!
    test.each([['all namespaces', `${FLEET}/api/v1/configmaps`], ['another namespace', inApps(`${OTHER}/replicasets`)], ['the same kind by cluster', `${BY_CLUSTER}/api/v1/configmaps`]])('a continue token of %s', async (_, path) => {
      const { continue: token = '', resourceVersion = '' } = await page(path)
      for (const own of [inCore(`${OWN}/configmaps`), inCore(`${OWN}/configmaps`, BY_CLUSTER), inApps(`${OWN}/deployments`)]) for (const query of [`continue=${token}`, `continue=${token}&limit=500`, `resourceVersion=${resourceVersion}&resourceVersionMatch=Exact`]) {
        const { status, text } = await attempt(get(`${own}?${query}`), 'server')
        expect([200, 400, 410, 504], text.slice(0, 300)).toContain(status)
        for (const mark of MARKS) expect(text).not.toContain(mark)
      }
      expect((await attempt(get(`${path}?continue=${token}`), 'server')).status).toBe(403)
    })
  })

  test.each<[string, http2.OutgoingHttpHeaders]>([
    ['an absolute path', { ':path': `https://localhost${inCore(`${OTHER}/configmaps`)}` }], ['another authority', { ':path': inCore(`${OTHER}/configmaps`), ':authority': 'member1' }], ['another scheme', { ':path': inCore(`${OTHER}/configmaps`), ':scheme': 'http' }], ['a path without a slash', { ':path': inCore(`${OTHER}/configmaps`).slice(1) }], ['a fragment', { ':path': `${inCore(`${OWN}/configmaps`)}#/../../${OTHER}` }],
    ['a method in small letters', { ':path': inCore(`${OTHER}/configmaps`), ':method': 'get' }], ['names of the front proxy\'s', { ':path': inCore(`${OTHER}/configmaps`), 'x-remote-user': 'admin', 'x-remote-group': 'system:masters' }], ['a connection', { ':path': inCore(`${OTHER}/configmaps`), ':method': 'CONNECT', ':protocol': 'websocket' }],
  ])('HTTP/2 with %s', async (_, headers) => {
    const { dir, ports } = await testbed(), { certificate, key } = readKeyPair(certificatesFolder(dir), 'alice'), session = http2.connect(`https://127.0.0.1:${ports.server}`, { cert: certificate, key, rejectUnauthorized: false })
    try {
      const text = await new Promise<string>((resolve) => {
        session.on('error', (error) => { resolve(`cut: ${error.message}`) })
        const stream = session.request({ ':method': 'GET', ...headers }), chunks: Buffer[] = []
        let status = 0
        stream.on('response', (response) => { status = response[':status'] ?? 0 }).on('data', (chunk: Buffer) => { chunks.push(chunk) }).on('error', (error) => { resolve(`cut: ${error.message}`) }).on('close', () => { resolve(`${status} ${Buffer.concat(chunks).toString()}`) }).end()
      })
      expect(text).toMatch(/^(?:cut|0|4\d\d|200 .*"seen":"yes")/s)
      for (const mark of MARKS) expect(text).not.toContain(mark)
    } finally { session.destroy() }
  })

  test('what the server says of itself and of the API tells nothing of what there is', async () => {
    for (const path of [`${FLEET}/api/v1`, `${FLEET}/apis`, `${FLEET}/openapi/v3`, `${FLEET}/version`, `${FLEET}/`]) {
      const { text } = await attempt(get(path), 'server')
      for (const mark of MARKS) expect(text).not.toContain(mark)
    }
  })
})
