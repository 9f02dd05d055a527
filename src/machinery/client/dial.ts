import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import tls from 'node:tls'
import type { ConnectOptions } from './connect-options.ts'
import { chainsTo } from './certificate-chain.ts'
import { socks5Connect } from './socks5.ts'

/** Opens one connection to the server of `options`: TCP or through its proxy, then TLS where the URL says https. HTTP/1.1 only: upgrades need it, and idle watches are few. */
export async function dial(options: ConnectOptions, signal: AbortSignal): Promise<net.Socket> {
  const url = new URL(options.server), secure = url.protocol === 'https:', host = url.hostname.replace(/^\[|\]$/g, ''), port = Number(url.port) || (secure ? 443 : 80)
  const raw = options.proxyUrl ? await throughProxy(options, host, port, signal) : await opened(options, host, port, signal)
  return secure ? await secured(raw, options, host, signal) : raw
}

async function secured(socket: net.Socket, options: ConnectOptions, host: string, signal: AbortSignal): Promise<net.Socket> {
  const off = new Set(options.disabledTlsValidations), trustAll = (options.insecureSkipTlsVerify ?? false) || off.has('*'), anyDate = off.has('ValidityPeriod')
  const name = options.serverName || host
  const connection = tls.connect({
    socket, host: name, ALPNProtocols: ['http/1.1'], rejectUnauthorized: !trustAll && !anyDate,
    ...(net.isIP(name) === 0 && { servername: name }),
    secureContext: secureContextOf(options),
    // OpenSSL compares names; an address given as host is compared with the certificate's addresses by Node.
    ...(off.has('SubjectName') && { checkServerIdentity: () => undefined }),
  })
  await untilEvent(connection, 'secureConnect', signal)
  const problem = connection.authorizationError as unknown as string | undefined
  if (anyDate && !trustAll && problem) {
    // OpenSSL reports one problem only, and an expired certificate hides a chain that nobody trusts: check the chain again without dates.
    const leaf = connection.getPeerX509Certificate(), named = off.has('SubjectName') || (net.isIP(name) ? leaf?.checkIP(name) : leaf?.checkHost(name)) !== undefined
    if (!DATES.has(problem) || !named || !chainsTo(leaf, options.ca)) {
      connection.destroy()
      throw Object.assign(new Error(problem), { code: DATES.has(problem) ? (named ? 'UNABLE_TO_GET_ISSUER_CERT' : 'ERR_TLS_CERT_ALTNAME_INVALID') : problem })
    }
  }
  return connection
}

const contexts = new WeakMap<ConnectOptions, tls.SecureContext>()
/** Certificates and keys are read once, and not for every connection. */
function secureContextOf(options: ConnectOptions): tls.SecureContext {
  const { ca, certificate, key } = options, context = contexts.get(options) ?? tls.createSecureContext({ minVersion: 'TLSv1.2', ...(ca !== undefined && { ca }), ...(certificate !== undefined && { cert: certificate }), ...(key !== undefined && { key }) })
  contexts.set(options, context)
  return context
}

const DATES = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'])

async function throughProxy(options: ConnectOptions, host: string, port: number, signal: AbortSignal): Promise<net.Socket> {
  const proxy = new URL(options.proxyUrl!), proxyHost = proxy.hostname.replace(/^\[|\]$/g, '')
  const credentials = proxy.username ? { user: decodeURIComponent(proxy.username), password: decodeURIComponent(proxy.password) } : undefined
  if (proxy.protocol.startsWith('socks5')) {
    const socket = await opened(options, proxyHost, Number(proxy.port) || 1080, signal)
    return await socks5Connect(socket, { host, port, credentials }, signal)
  }
  const secure = proxy.protocol === 'https:', target = net.isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`
  const headers = Object.fromEntries((options.proxyHeaders ?? []).map(([name]) => [name, options.proxyHeaders!.filter(([other]) => other === name).map(([, value]) => value)]))
  const authorization = credentials && { 'proxy-authorization': `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')}` }
  const plain = await opened(options, proxyHost, Number(proxy.port) || (secure ? 443 : 80), signal)
  const socket = secure ? await untilEvent(tls.connect({ socket: plain, ...(net.isIP(proxyHost) === 0 && { servername: proxyHost }) }), 'secureConnect', signal) : plain
  const request = http.request({ method: 'CONNECT', path: target, headers: { host: target, ...authorization, ...headers }, createConnection: () => socket, signal })
  request.end()
  const [response] = (await once(request, 'connect', { signal })) as [http.IncomingMessage]
  if (response.statusCode !== 200) {
    socket.destroy()
    throw Object.assign(new Error(`the proxy ${proxy.protocol}//${proxy.host} answered ${response.statusCode ?? 0} ${response.statusMessage ?? ''} to CONNECT ${target}`), { code: 'PROXY_REFUSED' })
  }
  return socket
}

async function opened({ refuseAddress }: ConnectOptions, host: string, port: number, signal: AbortSignal): Promise<net.Socket> {
  const socket = await untilEvent(net.connect({ host, port, keepAlive: true, keepAliveInitialDelay: 60_000, noDelay: true }), 'connect', signal)
  if (!refuseAddress?.(socket.remoteAddress ?? '')) return socket
  socket.destroy()
  throw Object.assign(new Error(`${host} is ${socket.remoteAddress ?? 'gone'}`), { code: 'REFUSED_ADDRESS' })
}

async function untilEvent<S extends net.Socket>(socket: S, event: 'connect' | 'secureConnect', signal: AbortSignal): Promise<S> {
  try {
    await once(socket, event, { signal })
    return socket
  } catch (error) {
    socket.destroy()
    throw error
  }
}
