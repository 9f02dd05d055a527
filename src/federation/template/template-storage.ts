import type { FederatedObject } from '../../apis/types.federation/v1alpha1/federated-object.ts'
import type { KubeObject, Storage, StoredRecord } from '../../machinery/meta/core.ts'
import { parseJson, stringifyJson } from '../../machinery/meta/json.ts'
import { StatusError } from '../../machinery/meta/status-error.ts'
import { timestamp } from '../../machinery/meta/timestamp.ts'
import { keyPrefix } from '../../machinery/storage/storage-key.ts'
import type { FederatedKind } from './federated-kind.ts'
import { fromNative, toNative } from './native-object.ts'

interface TemplateStorageOptions {
  readonly kind: FederatedKind
  /** The uid that a fleet shows for the native object of this name. */
  readonly uidOf: (namespace: string, name: string) => string
  /** What is stored in place of a template as it was. */
  readonly kept: (next: FederatedObject, before: FederatedObject) => FederatedObject
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/**
 * The store as a writer of native objects sees it: the key of a Deployment leads to the record of its FederatedDeployment, and values are translated on the way.
 * So creating, patching, applying and defaulting a template is the same code, with the same texts, as for any stored kind, and revisions are those of the federated object.
 * Removing an object begins the removal of its federated one, which waits for its copies. Listing and watching are not for writers, and refused.
 */
export function templateStorage(storage: Storage, { kind: { target, kind }, uidOf, kept, now }: TemplateStorageOptions): Storage {
  const prefix = keyPrefix(target), hubPrefix = keyPrefix(kind), hubKey = (key: string) => hubPrefix + key.slice(prefix.length)
  const parse = ({ value, revision }: StoredRecord): FederatedObject => {
    const object = parseJson(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString()) as FederatedObject
    object.metadata.resourceVersion = String(revision)
    return object
  }
  const shown = (record: StoredRecord | undefined): StoredRecord | undefined => {
    if (!record) return undefined
    const federated = parse(record), { resourceVersion: _, ...metadata } = federated.metadata, { namespace = '', name = '' } = metadata
    return { key: prefix + record.key.slice(hubPrefix.length), revision: record.revision, value: encode(toNative({ ...federated, metadata }, target, kind, uidOf(namespace, name))), ...(record.isStale && { isStale: true }) }
  }
  const refused = () => Promise.reject(StatusError.internal('templates are listed through the federated kind'))
  return {
    async get(key, signal) {
      const { record, revision } = await storage.get(hubKey(key), signal)
      return { record: shown(record), revision }
    },
    async commit(key, value, expect, signal) {
      const { record } = await storage.get(hubKey(key), signal)
      if ((record?.revision ?? 0) !== expect) return { current: shown(record) }
      const before = record && parse(record)
      if (value === undefined && !before) return { current: undefined }
      const given = value && fromNative(parseJson(Buffer.from(value).toString()) as KubeObject, before, target, kind), next = given ? (before ? kept(given, before) : given) : ending(before!, now())
      const done = await storage.commit(hubKey(key), next && encode(next), expect, signal)
      return 'revision' in done ? done : { current: shown(done.current) }
    },
    revision: (signal) => storage.revision(signal),
    range: refused, watch: () => { throw StatusError.internal('templates are watched through the federated kind') }, compact: refused, close: () => Promise.resolve(),
  }
}

function encode(object: KubeObject): Buffer {
  const { resourceVersion: _, ...metadata } = object.metadata
  return Buffer.from(stringifyJson({ ...object, metadata }))
}

/** The native object is to be gone: nothing of its own keeps it any longer. What keeps the federated one, its copies, does. Undefined: nothing does. */
function ending(federated: FederatedObject, now: number): FederatedObject | undefined {
  const { metadata, spec } = federated
  if (!metadata.finalizers?.length) return undefined
  const { finalizers: _, ...template } = spec.template.metadata ?? {}
  return {
    ...federated, spec: { ...spec, template: { ...spec.template, metadata: template } },
    metadata: { ...metadata, deletionTimestamp: metadata.deletionTimestamp ?? timestamp(now), deletionGracePeriodSeconds: 0, generation: (metadata.generation ?? 0) + (metadata.deletionTimestamp ? 0 : 1) },
  }
}
