/** `node wire-limit.ts PORT CERTIFICATE KEY FILE`: serves the bytes of FILE over TLS, from memory: what a connection can carry on this machine when nothing has to be computed. Ends with its standard input. */
import { readFileSync } from 'node:fs'
import { createSecureServer } from 'node:http2'

const [port, certificate, key, file] = process.argv.slice(2) as [string, string, string, string]
const CHUNK = 64 << 10, bytes = readFileSync(file), chunks = Array.from({ length: Math.ceil(bytes.length / CHUNK) }, (_, at) => bytes.subarray(at * CHUNK, (at + 1) * CHUNK))
const server = createSecureServer({ cert: readFileSync(certificate), key: readFileSync(key), allowHTTP1: true }, (request, response) => {
  response.setHeader('content-type', 'application/json')
  if (request.url === '/version') { response.end('{}'); return }
  let at = 0
  const go = () => {
    while (at < chunks.length) if (!response.write(chunks[at++]!)) { response.once('drain', go); return }
    response.end()
  }
  go()
})
server.on('secureConnection', (socket) => { socket.setNoDelay(true) })
server.listen(Number(port), '127.0.0.1', () => { console.log('ready') })
process.stdin.on('end', () => { process.exit(0) }).resume()
