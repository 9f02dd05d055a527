import type { KubeObject, Storage, StoredLine, StoredRecord } from '../machinery/meta/core.ts'
import type { JsonSchema } from '../machinery/meta/json-schema.ts'
import { parseJson, stringifyJson } from '../machinery/meta/json.ts'
import { applyDefaults } from '../machinery/schema/apply-defaults.ts'
import { prune } from '../machinery/schema/prune.ts'

/**
 * The store as one version of a kind sees it: what is read has that version's apiVersion, its defaults and only its fields; what is written is stored as the storage version.
 * A field that a version does not know is lost when an object is written through it, as with conversion `None` of a kube-apiserver.
 */
export function versionView(storage: Storage, { schema, apiVersion, storedAs }: { readonly schema: JsonSchema; readonly apiVersion: string; readonly storedAs: string }): Storage {
  const rewritten = (value: Uint8Array, change: (object: KubeObject) => KubeObject): Uint8Array => Buffer.from(stringifyJson(change(parseJson(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString()) as KubeObject)))
  const seen = (record: StoredRecord): StoredRecord => ({ ...record, value: rewritten(record.value, (object) => applyDefaults(schema, prune(schema, { ...object, apiVersion }))) })
  const line = ({ now, before, ...rest }: StoredLine): StoredLine => ({ ...rest, ...(now && { now: seen(now) }), ...(before && { before: seen(before) }) })
  return {
    range: async (prefix, options, signal) => { const page = await storage.range(prefix, options, signal); return { ...page, records: page.records.map(seen) } },
    get: async (key, signal) => { const { record, revision } = await storage.get(key, signal); return { record: record && seen(record), revision } },
    commit: async (key, value, expect, signal) => {
      const result = await storage.commit(key, value && rewritten(value, (object) => ({ ...object, apiVersion: storedAs })), expect, signal)
      return 'current' in result ? { current: result.current && seen(result.current) } : result
    },
    watch: async function* (prefix, after, signal) { for await (const { lines, revision } of storage.watch(prefix, after, signal)) yield { lines: lines.map(line), revision } },
    revision: (signal) => storage.revision(signal),
    compact: (revision, signal) => storage.compact(revision, signal),
    close: () => storage.close(),
  }
}
