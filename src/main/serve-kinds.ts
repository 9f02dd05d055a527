/** `serve-kinds`: custom kinds from files, standalone or beside a host cluster. */
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { loadAll } from 'js-yaml'
import { namespaceKind } from '../apis/core/v1/namespace.ts'
import { SYSTEM } from '../fleet/membership.ts'
import { certificateFiles } from '../host/certificate-files.ts'
import { kubernetesHost } from '../host/kubernetes.ts'
import { followedNamespaces, storedNamespaces } from '../host/namespace-guards.ts'
import { ServingCertificate } from '../host/serving-certificate.ts'
import { administratorKubeconfig, issueAdministrator } from '../host/standalone.ts'
import { customKind, type CustomKind } from '../kinds/custom-kind.ts'
import { systemClock } from '../lib/clock.ts'
import { union, type Authenticator } from '../machinery/auth/authenticator.ts'
import { denyAll } from '../machinery/auth/authorizer.ts'
import { clientCertificates } from '../machinery/auth/client-certificate.ts'
import { connect } from '../machinery/client/connect.ts'
import { fromKubeconfigFile } from '../machinery/client/kubeconfig.ts'
import type { Storage } from '../machinery/meta/core.ts'
import { nameSuffix } from '../machinery/meta/generate-name.ts'
import { header } from '../machinery/meta/headers.ts'
import { isReason, StatusError } from '../machinery/meta/status-error.ts'
import { createStoredResource } from '../machinery/registry/stored-resource.ts'
import { serveHttps } from '../machinery/server/http-server.ts'
import { autoCompact } from '../machinery/storage/auto-compact.ts'
import { startKinds, type KindsServerOptions } from './kinds-server.ts'
import type { ServeKindsOptions } from './options.ts'
import type { Surroundings } from './serve.ts'
import { openStore } from './store-options.ts'

const clock = systemClock, random = Math.random, CLIENT_TIMEOUT_MS = 10_000, SHUTDOWN_MS = 60_000
type Ground = Pick<KindsServerOptions, 'host' | 'namespaces' | 'ownGroups'>

/** Answers where the administrator's kubeconfig is. Throws Error with a sentence for people where it cannot start. Serves until `stop`. */
export async function serveKinds(options: ServeKindsOptions, { logger }: Surroundings, programVersion: string): Promise<{ readonly kubeconfig: string; stop(): Promise<void> }> {
  const { dataDir, bindAddress } = options, kinds = (await Promise.all(options.crds.map(kindsOf))).flat(), stopping = new AbortController(), { signal } = stopping
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const storage = await openStore(options, dataDir, logger, signal)
  try {
    const names = ['localhost', '127.0.0.1', '::1', ...(['0.0.0.0', '::', '127.0.0.1'].includes(bindAddress) ? [] : [bindAddress])]
    const certificates = await ServingCertificate.open({ store: certificateFiles(path.join(dataDir, 'certificates')), names, clock, logger }, signal)
    const administrators = clientCertificates(() => certificates.current.authority.certificate, () => clock.now())
    const ground = options.hostKubeconfig === undefined ? await standalone(storage, administrators, { logger }, signal) : await besideHost(options.hostKubeconfig, administrators, { logger }, signal)
    const { handler, upgrader, health } = await startKinds({ kinds, storage, ...ground, clock, random, randomUuid: randomUUID, logger, programVersion }, signal)
    const server = await serveHttps({ handler, upgrader, tls: { cert: certificates.current.serving.certificate + certificates.current.authority.certificate, key: certificates.current.serving.key }, address: bindAddress, port: options.port, logger, clock }, signal)
    void certificates.keep((material) => server.setTls({ cert: material.serving.certificate + material.authority.certificate, key: material.serving.key }), signal)
    void autoCompact(storage, { clock, logger, signal })
    const kubeconfig = path.resolve(dataDir, 'admin.kubeconfig'), { current } = certificates, reachable = bindAddress === '0.0.0.0' || bindAddress === '::' ? '127.0.0.1' : bindAddress
    const url = `https://${reachable.includes(':') ? `[${reachable}]` : reachable}:${server.port}`
    await writeFile(kubeconfig, administratorKubeconfig({ server: url, bundle: current.bundle, administrator: await issueAdministrator(current.authority, clock.now()), contexts: [{ name: 'kinds', path: '' }] }), { mode: 0o600 })
    const stop = async () => {
      health.stop()
      await server.shutdown(SHUTDOWN_MS)
      stopping.abort()
      await ground.close()
      await storage.close()
    }
    return { kubeconfig, stop }
  } catch (error) {
    stopping.abort()
    await storage.close()
    throw error
  }
}

async function kindsOf(file: string): Promise<CustomKind[]> {
  let documents: unknown[]
  try {
    documents = loadAll(await readFile(file, 'utf8'))
  } catch (cause) {
    throw new Error(`${file}: ${(cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'the file does not exist' : `cannot be read: ${(cause as Error).message}`}`, { cause })
  }
  return documents.filter((document) => document !== null && document !== undefined).map((document) => {
    try {
      return customKind(document)
    } catch (error) {
      if (!(error instanceof StatusError)) throw error
      throw new Error(`${file}: ${error.message}`, { cause: error })
    }
  })
}

/** One administrator, and namespaces of its own. */
async function standalone(storage: Storage, administrators: Authenticator, { logger }: Pick<Surroundings, 'logger'>, signal: AbortSignal): Promise<Ground & { close(): Promise<void> }> {
  const namespaces = createStoredResource(namespaceKind, storage, { clock, randomUuid: randomUUID, randomSuffix: () => nameSuffix(random), logger }, signal)
  for (const name of ['default', 'kube-system']) {
    try {
      await namespaces.writer.create({ metadata: { name } }, SYSTEM, signal)
    } catch (error) {
      if (!isReason(error, 'AlreadyExists')) throw error
    }
  }
  return {
    host: { authenticator: union([administrators, refuseTokens]), authorizer: denyAll, frontProxy: () => undefined }, namespaces: storedNamespaces(namespaces.reader),
    ownGroups: [{ name: '', versions: [{ version: 'v1', resources: [namespaces] }] }], close: () => Promise.resolve(),
  }
}

/** No token is known here: whoever sends one is told, rather than treated as anonymous. */
const refuseTokens: Authenticator = {
  authenticate: ({ headers }) => (/^bearer /i.test(header(headers, 'authorization') ?? '') ? Promise.reject(new StatusError('Unauthorized', 'tokens are not known to a server without a host')) : Promise.resolve(undefined)),
}

/** Users, rights and namespaces are the host's; besides them the administrator, whose certificate this server issues. */
async function besideHost(file: string, administrators: Authenticator, { logger }: Pick<Surroundings, 'logger'>, signal: AbortSignal): Promise<Ground & { close(): Promise<void> }> {
  const connection = connect(await fromKubeconfigFile(file, { requestTimeoutMs: CLIENT_TIMEOUT_MS, clock }))
  const host = await kubernetesHost({ connection, namespace: 'federation-system', hashKey: randomBytes(32), clock, random, logger }, signal)
  return { host: { ...host, authenticator: union([administrators, host.authenticator]) }, namespaces: followedNamespaces(host.namespaces, { clock, random }, signal), ownGroups: [], close: () => connection.close() }
}
