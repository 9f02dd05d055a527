import type { SlabEntry } from '../../machinery/cache/slab-entry.ts'
import { isWellFormedBody } from '../../machinery/cache/well-formed-json.ts'
import type { Checks } from '../../machinery/client/remote-reader.ts'
import type { Kind } from '../../machinery/meta/core.ts'
import { isPosition, VERSION_DIGITS } from '../../machinery/meta/position.ts'

/**
 * What a member sends is spliced into answers that hold other members' objects, so that one that sends garbage would spoil them all: bytes that are no JSON, names that lead elsewhere, versions that cannot be counted.
 * All it has sent of a kind is refused then, and what was known of it before stays.
 */
export const memberChecks = ({ namespaced }: Pick<Kind, 'namespaced'>): Checks => ({
  object: (entry: SlabEntry) => {
    const { key, position } = entry, parts = key.split('/')
    if (parts.length !== (namespaced ? 2 : 1) || parts.some((part) => !NAME.test(part))) throw new SyntaxError(`${JSON.stringify(key.slice(0, 300))} is no name of an object of this kind`)
    checkVersion(position, key)
    if (!isWellFormedBody(entry.slab)) throw new SyntaxError(`object ${key} is not well-formed JSON`)
  },
  version: (position) => { if (position !== '0') checkVersion(position, 'the list') },
})

// oxlint-disable-next-line no-control-regex -- exactly these are no part of a path
const NAME = /^(?!\.{1,2}$)[^/%\u0000-\u001f\u007f]+$/

/** Kinds that can be listed only have none. */
function checkVersion(position: string, what: string): void {
  if (position !== '' && (!isPosition(position) || position.length > VERSION_DIGITS)) throw new SyntaxError(`${JSON.stringify(position.slice(0, 100))} is no resourceVersion that can be followed (of ${what})`)
}
