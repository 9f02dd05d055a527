import type net from 'node:net'
import { once } from 'node:events'

const REPLIES = ['succeeded', 'general failure', 'connection not allowed by its rules', 'network unreachable', 'host unreachable', 'connection refused', 'TTL expired', 'command not supported', 'address type not supported']

/** RFC 1928 CONNECT by host name, so that the proxy resolves it; RFC 1929 where credentials are given. Answers the same socket, ready for use. */
export async function socks5Connect(socket: net.Socket, target: { readonly host: string; readonly port: number; readonly credentials: { readonly user: string; readonly password: string } | undefined }, signal: AbortSignal): Promise<net.Socket> {
  try {
    socket.write(target.credentials ? Buffer.from([5, 2, 0, 2]) : Buffer.from([5, 1, 0]))
    const [, method] = await take(socket, 2, signal)
    if (method === 2 && target.credentials) {
      const user = Buffer.from(target.credentials.user), password = Buffer.from(target.credentials.password)
      socket.write(Buffer.concat([Buffer.from([1, user.length]), user, Buffer.from([password.length]), password]))
      if ((await take(socket, 2, signal))[1] !== 0) throw refused('it refused the user name and password')
    } else if (method !== 0) throw refused('it wants an authentication method that was not offered')
    const host = Buffer.from(target.host)
    socket.write(Buffer.concat([Buffer.from([5, 1, 0, 3, host.length]), host, Buffer.from([target.port >> 8, target.port & 255])]))
    const [, reply, , type] = await take(socket, 4, signal)
    if (reply !== 0) throw refused(REPLIES[reply!] ?? `reply ${reply ?? 'missing'}`)
    const length = type === 1 ? 4 : type === 4 ? 16 : (await take(socket, 1, signal))[0]!
    await take(socket, length + 2, signal)
    return socket
  } catch (error) {
    socket.destroy()
    throw error
  }
}

const refused = (why: string) => Object.assign(new Error(`the socks5 proxy answered: ${why}`), { code: 'PROXY_REFUSED' })

/** Exactly `count` bytes; what follows stays in the socket. */
async function take(socket: net.Socket, count: number, signal: AbortSignal): Promise<Buffer> {
  for (;;) {
    const bytes = socket.read(count) as Buffer | null
    if (bytes?.length === count) return bytes
    if (socket.readableEnded || socket.destroyed) throw refused('it closed the connection')
    await Promise.race([once(socket, 'readable', { signal }), once(socket, 'close', { signal })])
  }
}
