import { StatusError } from '../meta/status-error.ts'

/** What a Handler throws when no HTTP answer came: 503 with the sentence above, the cause kept. An abort stays what it is. */
export const connectionError = (error: unknown, server: string, signal: AbortSignal): unknown =>
  signal.aborted || error instanceof StatusError ? error : new StatusError('ServiceUnavailable', describeConnectionError(error, server), { cause: error })

/** The same for an answer that breaks off: whoever answered is what it should be, so there is nothing to correct. */
export const answerError = (error: unknown, server: string, signal: AbortSignal): unknown =>
  CLOSED.has(root(error).code) && !signal.aborted ? new StatusError('ServiceUnavailable', `${server}: the server closed the connection`, { cause: error }) : connectionError(error, server, signal)

/**
 * The failure of a connection as a sentence for people: what is wrong, and what to do about it. `server` is its URL.
 * Codes: Node's (net, tls, OpenSSL's verify results) and undici's.
 */
function describeConnectionError(error: unknown, server: string): string {
  const { code, message } = root(error), remedy = REMEDIES[code]
  return remedy ? `${server}: ${remedy}` : `${server}: ${message || code || 'connection failed'}`
}

const CLOSED = new Set(['ECONNRESET', 'UND_ERR_SOCKET', 'EPIPE'])
const CA = 'the certificate of the server is not signed by the given authority: correct caBundle'
const HANGS = 'no answer in time: check that the server is up and not overloaded, and that no firewall drops its packets'
const CLIENT = 'the server refused the TLS handshake: check the client certificate'
const REMEDIES: Readonly<Record<string, string>> = {
  HTTPParserError: 'this is no HTTP server: correct scheme and port',
  REFUSED_ADDRESS: 'the address is loopback or link-local, which is refused unless the server is started with --allow-loopback-members',
  ECONNREFUSED: 'connection refused: check that the server is up and that address and port are right',
  ENOTFOUND: 'the host name does not resolve: correct the address or the name service', EAI_AGAIN: 'the host name does not resolve at the moment: check the name service',
  EHOSTUNREACH: 'no route to the host: check address and network', ENETUNREACH: 'no route to the network: check address and network',
  ETIMEDOUT: HANGS, UND_ERR_CONNECT_TIMEOUT: HANGS, UND_ERR_HEADERS_TIMEOUT: HANGS, UND_ERR_BODY_TIMEOUT: HANGS, DIAL_TIMEOUT: HANGS,
  ECONNRESET: 'the server closed the connection: check that address and port are those of a Kubernetes API server',
  UND_ERR_SOCKET: 'the server closed the connection: check that address and port are those of a Kubernetes API server',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: CA, SELF_SIGNED_CERT_IN_CHAIN: CA, DEPTH_ZERO_SELF_SIGNED_CERT: CA, UNABLE_TO_GET_ISSUER_CERT: CA, UNABLE_TO_GET_ISSUER_CERT_LOCALLY: CA, CERT_SIGNATURE_FAILURE: CA,
  CERT_HAS_EXPIRED: 'the certificate of the server has expired: renew it', CERT_NOT_YET_VALID: 'the certificate of the server is not yet valid: check the clocks',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate of the server is for another name: correct apiEndpoint, or name SubjectName in disabledTLSValidations',
  ERR_SSL_WRONG_VERSION_NUMBER: 'this is no TLS server: correct scheme and port', ERR_SSL_PACKET_LENGTH_TOO_LONG: 'this is no TLS server: correct scheme and port', EPROTO: 'this is no TLS server: correct scheme and port',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: CLIENT, ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: CLIENT, ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: CLIENT, ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: 'the client certificate has expired: renew it',
  ERR_OSSL_X509_KEY_VALUES_MISMATCH: 'client certificate and key do not belong together', ERR_OSSL_PEM_NO_START_LINE: 'a certificate or key is not PEM',
}

/** The innermost error that has a code; of several addresses tried, the first one's. */
function root(error: unknown): { code: string; message: string } {
  let code = '', message = ''
  for (let at = error, depth = 0; at instanceof Error && depth < 6; at = at instanceof AggregateError ? at.errors[0] : at.cause, depth++) {
    const own = (at as NodeJS.ErrnoException).code ?? at.name
    if (own && (!code || !(code in REMEDIES) || own in REMEDIES)) code = own
    if (at.message) message = at.message
  }
  return { code, message }
}
