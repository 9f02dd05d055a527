/**
 * A pod names the node that it runs on, and the fleet calls that node by its cluster, too: who counts pods by node, or looks the node up, must find it by that name. It is spliced in place,
 * nothing is parsed.
 */
import { Buffer } from 'node:buffer'
import { depthAt } from '../machinery/cache/scan.ts'
import type { SlabEntry } from '../machinery/cache/slab-entry.ts'
import type { Splice } from './cluster-entry.ts'

/** Kinds whose `spec.nodeName` names a node of their cluster. */
export const namesNode = (kind: string): boolean => kind === 'Pod' || kind === 'ResourceSlice' || kind === 'VolumeAttachment'

/** `suffix`: what the fleet puts behind names, `@member1`. */
export function nodeSplices({ slab, start, end, metadataEnd }: SlabEntry, suffix: Uint8Array): readonly Splice[] {
  // Kubernetes writes metadata first; where somebody does not, all of the object is looked through.
  const spec = memberAt(slab, SPEC, metadataEnd, end), open = spec >= 0 ? spec : memberAt(slab, SPEC, start, end), from = open < 0 ? -1 : memberAt(slab, NODE_NAME, open, end)
  const close = from < 0 ? -1 : slab.indexOf(QUOTE, from)
  return close > from && close < end ? [{ from: close, to: close, bytes: suffix }] : []
}

const SPEC = Buffer.from('"spec":{'), NODE_NAME = Buffer.from('"nodeName":"'), QUOTE = 34

/** Behind a member of the very object whose inside begins at `from`: not one of that name further in, as a label may be. -1: it has none. */
function memberAt(slab: Buffer, member: Buffer, from: number, to: number): number {
  for (let known = from, depth = 0, at = slab.indexOf(member, from); at >= 0 && at < to; at = slab.indexOf(member, at + 1)) {
    depth = depthAt(slab, known, at, depth)
    known = at
    if (depth < 0) return -1
    if (depth === 0) return at + member.length
  }
  return -1
}
