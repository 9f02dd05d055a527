import type { Kind } from '../meta/core.ts'

/** Where objects of a kind are stored: `/<group>/<plural>/`, followed by an entry's key. The core group is written `core`. */
export const keyPrefix = (kind: Pick<Kind, 'group' | 'plural'>): string => `/${kind.group || 'core'}/${kind.plural}/`
