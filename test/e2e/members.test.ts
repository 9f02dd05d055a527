/** Clusters that cannot be members: each says in its condition Ready what is wrong and what to do, and the rest is served as ever. */
import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readKeyPair } from '../testbed/certificates.ts'
import { authorityOf, certificatesFolder } from '../testbed/cluster.ts'
import { urlOf } from '../testbed/kubeconfig.ts'
import { describeFleet, eventually, kubectl, MEMBERS, testbed, tryKubectl } from './fleet-bed.ts'

const JWT = (claims: object) => ['{"alg":"none"}', JSON.stringify(claims), 'x'].map((part) => Buffer.from(part).toString('base64url')).join('.')

/** Each with the words its condition must have: what is wrong, and the remedy. */
const BAD: readonly [name: string, what: RegExp, remedy: RegExp][] = [
  ['bad-answers-hello', /not a Kubernetes API server/, /correct|check/],
  ['bad-plain-http', /no TLS server/, /correct scheme and port/],
  ['bad-hangs', /no answer/, /check/],
  ['bad-nobody-there', /connection refused/, /check that the server is up/],
  ['bad-no-such-host', /does not resolve/, /correct the address/],
  ['bad-authority', /not signed by the given authority/, /correct caBundle/],
  ['bad-expired-token', /the token expired at 2020-01-01/, /store a new one/],
  ['bad-unknown-token', /401|Unauthorized/, /credential|token|Secret/],
  ['bad-no-secret', /Secret federation-system\/bad-nothing/, /create|does not exist/],
  ['bad-twice', /same cluster|member1/, /.+/],
]

describeFleet('a cluster that cannot be a member', () => {
  const servers: Server[] = []
  beforeAll(async () => {
    const bed = await testbed(), folder = certificatesFolder(bed.dir), serving = readKeyPair(folder, 'serving'), member1 = urlOf(bed.ports.members[0]!.apiserver)
    const listen = async (server: Server): Promise<number> => {
      servers.push(server)
      await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
      return (server.address() as AddressInfo).port
    }
    const hello = await listen(createHttpsServer({ cert: serving.certificate, key: serving.key }, (_, response) => { response.end('hello') }))
    const plain = await listen(createHttpServer((_, response) => { response.end('hello') })), silent = await listen(createTcpServer(() => {})), gone = createTcpServer(), nobody = await listen(gone)
    gone.close()
    const { certificate, key } = readKeyPair(folder, 'federation'), known = { 'tls.crt': certificate, 'tls.key': key, caBundle: authorityOf(bed.dir) }
    const join = (name: string, apiEndpoint: string, stringData: object = known, spec: object = {}) => [
      { apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'federation-system', name }, stringData },
      { apiVersion: 'cluster.federation/v1alpha1', kind: 'Cluster', metadata: { name }, spec: { syncMode: 'Push', apiEndpoint, secretRef: { name }, ...spec } },
    ]
    await kubectl('host', 'apply -f -', { input: { apiVersion: 'v1', kind: 'List', items: [
      ...join('bad-answers-hello', urlOf(hello)), ...join('bad-plain-http', urlOf(plain)), ...join('bad-hangs', urlOf(silent)), ...join('bad-nobody-there', urlOf(nobody)), ...join('bad-no-such-host', 'https://nowhere.invalid'),
      // A certificate, but of nobody who signed the member's.
      ...join('bad-authority', member1, known, { caBundle: Buffer.from(readKeyPair(folder, 'alice').certificate).toString('base64') }),
      ...join('bad-expired-token', member1, { token: JWT({ exp: Date.UTC(2020, 0, 1) / 1000 }), caBundle: authorityOf(bed.dir) }), ...join('bad-unknown-token', member1, { token: 'nonsense', caBundle: authorityOf(bed.dir) }),
      ...join('bad-no-secret', member1, known, { secretRef: { name: 'bad-nothing' } }), ...join('bad-twice', member1),
    ] } })
  }, 60_000)
  afterAll(async () => {
    await kubectl('host', `delete cluster ${BAD.map(([name]) => name).join(' ')}`)
    await kubectl('host', `-n federation-system delete secret ${BAD.map(([name]) => name).join(' ')}`)
    for (const server of servers) server.close()
  }, 60_000)

  test.each(BAD)('%s says so', async (name, what, remedy) => {
    const { status, reason, message } = await eventually(async () => JSON.parse(await kubectl('host', `get cluster ${name} -o jsonpath={.status.conditions[?(@.type=="Ready")]}`)) as { status: string; reason: string; message: string }, 30_000)
    console.log(`${name}: ${reason}: ${message}`)
    expect(status).toBe('False')
    expect(message).toMatch(what)
    expect(message).toMatch(remedy)
  }, 60_000)

  test('the members are served as ever', async () => {
    const begin = performance.now(), { code, stdout } = await tryKubectl('fleet', 'get nodes -o name')
    expect([code, stdout.trim().split('\n').length]).toEqual([0, 6])
    expect(performance.now() - begin).toBeLessThan(5_000)
    expect(await kubectl('host', `get clusters ${MEMBERS.join(' ')} -o jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}`)).toBe('True True True')
  })
  test('a credential that is corrected makes the cluster try again at once', async () => {
    await kubectl('host', ['patch', 'cluster', 'bad-no-secret', '--type=merge', '-p', '{"spec":{"secretRef":{"name":"bad-no-secret"}}}'])
    // It is member1 under another name, which is the next thing to be said.
    await eventually(async () => { expect(await kubectl('host', 'get cluster bad-no-secret -o jsonpath={.status.conditions[?(@.type=="Ready")].message}')).toMatch(/member1/) })
  })
})
