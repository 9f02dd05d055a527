import { expect, test } from 'vitest'
import type { Headers } from '../meta/core.ts'
import { webSocketToken, withoutWebSocketToken } from './websocket-token.ts'

const protocol = (token: string) => `base64url.bearer.authorization.k8s.io.${token}`, encoded = Buffer.from('secret').toString('base64url'), upgrade = ['upgrade', 'websocket'] as const
const offered = (...values: string[]): Headers => [upgrade, ...values.map((value) => ['sec-websocket-protocol', value] as const)]

test.each([
  [offered('one.protocol'), undefined, [upgrade, ['sec-websocket-protocol', 'one.protocol']]],
  [offered(`${protocol(encoded)}, one.protocol`), 'secret', [upgrade, ['sec-websocket-protocol', 'one.protocol']]],
  [offered('one.protocol', protocol(encoded)), 'secret', [upgrade, ['sec-websocket-protocol', 'one.protocol']]],
  [[['sec-websocket-protocol', `${protocol(encoded)}, one`]] as Headers, undefined, [['sec-websocket-protocol', 'one']]],
])('%j', (headers, token, kept) => { expect([webSocketToken(headers), withoutWebSocketToken(headers)]).toEqual([token, kept]) })

test.each([[offered(protocol(encoded)), 'missing additional'], [offered(`${protocol(encoded)}, ${protocol(encoded)}, one`), 'multiple'], [offered(`${protocol('a')}, one`), 'encoding'], [offered(`${protocol('_w')}, one`), 'encoding']])('%j is refused', (headers, message) => { expect(() => webSocketToken(headers)).toThrow(message) })
