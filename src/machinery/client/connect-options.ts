/** How one API server is reached and as whom. */
export interface ConnectOptions {
  /** `https://host:6443`, `http://…` (tests), with an optional base path that is put before every request's path. */
  readonly server: string
  /** PEM bundle that the server's certificate must chain to. Absent: the authorities that Node ships. */
  readonly ca?: string
  /** PEM client certificate chain and its key. */
  readonly certificate?: string
  readonly key?: string
  /** Bearer token; a function is asked for every request (it caches as it likes). */
  readonly token?: string | ((signal: AbortSignal) => Promise<string>)
  /** The whole value of the Authorization header, for schemes other than Bearer. Undefined: none. */
  readonly authorization?: (signal: AbortSignal) => Promise<string | undefined>
  readonly insecureSkipTlsVerify?: boolean
  /** KubeFed's list: `SubjectName` accepts any name, `ValidityPeriod` accepts a certificate outside its dates, `*` is all. */
  readonly disabledTlsValidations?: readonly string[]
  /** http, https or socks5; user and password may be part of it. */
  readonly proxyUrl?: string
  /** Sent with the CONNECT request of an http or https proxy. */
  readonly proxyHeaders?: readonly (readonly [name: string, value: string])[]
  /** Name that the certificate is checked against, and SNI. Absent: the host of `server`. */
  readonly serverName?: string
  /** Connections to such addresses are closed before anything is sent. Names are judged by what they resolve to; of a proxy, its own address counts. */
  readonly refuseAddress?: (address: string) => boolean
  /** Limit for connecting, for the first byte of an answer, and between two pieces of a short answer. */
  readonly requestTimeoutMs: number
}
