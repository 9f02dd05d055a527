import { recycle } from '../cache/chunk-sink.ts'
import type { Connection, Request, Response } from '../meta/core.ts'
import type { Target } from './route.ts'
import type { WatchContext } from './watch.ts'
import { watchObjects } from './watch.ts'
import { acceptWebSocket } from './websocket.ts'

/** A watch with one text message per event, over the connection; a Response where it is refused. What the client sends is ignored (apiserver/pkg/endpoints/handlers/watch.go HandleWS). */
export function watchOverWebSocket(target: Target, name: string, request: Request, connection: Connection, context: WatchContext, signal: AbortSignal): Response | undefined {
  const stop = new AbortController(), { body } = watchObjects(target, name, request, context, AbortSignal.any([signal, stop.signal]))
  const opened = acceptWebSocket(request, connection)
  if ('status' in opened) return opened
  opened.closed.addEventListener('abort', () => stop.abort(), { once: true })
  const speak = async () => {
    for await (const line of lines(body as AsyncIterable<Uint8Array>)) {
      await opened.send(line)
      if (opened.closed.aborted) return
    }
  }
  // A failure inside a watch is told as its last event; what is left to do is to close.
  void speak().finally(() => { stop.abort(); opened.close() })
  return undefined
}

const NEWLINE = 10

/** Each line with its newline, copied out of the chunks. */
async function* lines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = []
  for await (const chunk of chunks) {
    let from = 0
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      yield Buffer.concat([...held, chunk.subarray(from, at + 1)])
      held = []
      from = at + 1
    }
    if (from < chunk.length) held.push(Buffer.from(chunk.subarray(from)))
    recycle(chunk)
  }
}
