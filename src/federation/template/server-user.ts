import type { Kind, KubeObject, WriteOptions, Writer } from '../../machinery/meta/core.ts'
import { nameOfKey } from '../../machinery/meta/object-key.ts'
import { isReason, StatusError } from '../../machinery/meta/status-error.ts'

/** Writes that this server makes by itself: nobody else's rights are asked. */
export const SERVER: WriteOptions = { user: { name: 'system:federation-apiserver', groups: ['system:masters'], extra: {} }, manager: 'federation-apiserver', authorize: () => Promise.resolve(), warn: () => undefined }

/** Writes the status of an object that is there; one that is gone needs none. Answers whether it was there. `statusOf` is run again with the fresh object after a lost race. */
export async function writeStatus({ kind, writer }: { readonly kind: Kind; readonly writer: Writer }, key: string, statusOf: (current: KubeObject) => unknown, signal: AbortSignal): Promise<boolean> {
  try {
    await writer.update(key, (current) => {
      if (!current) throw StatusError.notFound({ group: kind.group, resource: kind.plural }, nameOfKey(key))
      return { ...current, status: statusOf(current) }
    }, { ...SERVER, subresource: 'status', computed: true }, signal)
    return true
  } catch (error) {
    if (!isReason(error, 'NotFound')) throw error
    return false
  }
}
