import type { Kind } from '../meta/core.ts'
import { stringifyJson } from '../meta/json.ts'
import type { Shape } from './shape.ts'
import { apiVersionOf, encoded } from './shape.ts'

/** Objects as they are. Whether they carry kind and apiVersion in lists, too, is the kind's to say. */
export function plainShape(kind: Kind): Shape {
  const apiVersion = stringifyJson(apiVersionOf(kind)), head = `{"kind":${stringifyJson(kind.kind)},"apiVersion":${apiVersion},`
  const list = `{"kind":${stringifyJson(kind.listKind)},"apiVersion":${apiVersion},"metadata":`, header = Buffer.from(head), open = kind.describesItems ? header : Buffer.from('{')
  return {
    aging: false, encoded: encoded(),
    listStart: (meta) => `${list}${stringifyJson(meta)},"items":[`,
    listEnd: () => ']}',
    item: (sink, entry) => { sink.put(open); entry.emit(sink) },
    object: (sink, entry, _now, position) => { sink.put(header); entry.emit(sink, position) },
    bookmark: (position, initial) => `${head}"metadata":${bookmarkMeta(position, initial)}}`,
  }
}

/** Metadata only, which is copied without parsing. An empty list has null items: Go appends to a nil slice there. */
export function metadataShape(version: 'v1' | 'v1beta1'): Shape {
  const apiVersion = `meta.k8s.io/${version}`, head = `{"kind":"PartialObjectMetadata","apiVersion":"${apiVersion}","metadata":`, header = Buffer.from(head), close = Buffer.from('}')
  return {
    aging: false, encoded: encoded(),
    listStart: (meta, isEmpty) => `{"kind":"PartialObjectMetadataList","apiVersion":"${apiVersion}","metadata":${stringifyJson(meta)},"items":${isEmpty ? 'null' : '['}`,
    listEnd: (isEmpty) => (isEmpty ? '}' : ']}'),
    item: (sink, entry) => { sink.put(header); entry.emitMetadata(sink); sink.put(close) },
    object: (sink, entry, _now, position) => { sink.put(header); entry.emitMetadata(sink, position); sink.put(close) },
    bookmark: (position, initial) => `${head}${bookmarkMeta(position, initial)}}`,
  }
}

export const bookmarkMeta = (position: string, initial: boolean): string => `{"resourceVersion":"${position}"${initial ? ',"annotations":{"k8s.io/initial-events-end":"true"}' : ''}}`
