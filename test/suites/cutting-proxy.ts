import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** Passes TCP connections on to a port of this machine, and cuts them when told to. */
export class CuttingProxy {
  readonly #server: Server
  readonly #open = new Set<Socket>()
  cuts = 0
  /** Where new connections lead. */
  target: number

  private constructor(target: number) {
    this.target = target
    this.#server = createServer((near) => {
      const far = connect(this.target, '127.0.0.1')
      for (const [socket, other] of [[near, far], [far, near]] as const) {
        this.#open.add(socket)
        socket.pipe(other)
        socket.on('error', () => { other.destroy() })
        socket.on('close', () => {
          this.#open.delete(socket)
          other.destroy()
        })
      }
    })
  }

  static start(target: number): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(target)
    return new Promise((resolve, reject) => {
      proxy.#server.on('error', reject)
      proxy.#server.listen(0, '127.0.0.1', () => { resolve(proxy) })
    })
  }

  get port(): number { return (this.#server.address() as AddressInfo).port }
  get url(): string { return `http://127.0.0.1:${this.port}` }

  /** Whatever is on its way is lost. */
  cut(): void {
    if (this.#open.size > 0) this.cuts++
    for (const socket of this.#open) socket.resetAndDestroy()
  }

  close(): Promise<void> {
    this.cut()
    return new Promise((resolve) => { this.#server.close(() => { resolve() }) })
  }
}
