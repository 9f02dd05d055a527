import type { Entry, Page, Position, Query } from '../machinery/meta/core.ts'
import { memberChecks } from '../federation/member/check-objects.ts'
import { RemoteReader } from '../machinery/client/remote-reader.ts'
import { StatusError } from '../machinery/meta/status-error.ts'
import type { Epochs } from './epochs.ts'
import type { FleetMember } from './fleet-member.ts'
import type { Combine, Copy } from './merged-view.ts'
import { encodeSequence, encodeVector, MAX_VECTOR_SLOTS } from './position-codec.ts'
import type { UnionKind } from './union-kinds.ts'

/**
 * Asks the members themselves: for one object of a kind that nobody lists, and for kinds that cannot be watched (metrics).
 * A member that fails is a warning, unless none answers: missing data is unknown, never absence.
 */
export async function directRead(options: { kind: UnionKind; combine: Combine; members: readonly FleetMember[]; epochs: Epochs; query: Query }, signal: AbortSignal): Promise<Page> {
  const { kind, combine, members, epochs, query } = options, rows = new Map<string, Copy[]>(), versions = new Map<string, number>(), warnings: string[] = []
  const asked = members.flatMap((member) => { const scope = memberQuery(query, member.cluster, combine); return scope ? [{ member, scope }] : [] })
  await Promise.all(asked.map(async ({ member, scope }) => {
    try {
      const page = await (member.read?.(scope, signal, kind) ?? new RemoteReader(kind, member.handler, { checks: memberChecks(kind) }).list(scope, signal))
      versions.set(member.source.id, Number(page.position))
      for (const entry of page.entries) {
        const row = combine.rowKey(entry.key, member.cluster), copies = rows.get(row), copy = { cluster: member.cluster, entry }
        if (copies) copies.push(copy)
        else rows.set(row, [copy])
      }
    } catch (error) {
      signal.throwIfAborted()
      warnings.push(`${member.cluster === '' ? 'the host cluster' : `cluster ${member.cluster}`} did not answer: ${error instanceof Error ? error.message : String(error)}`)
    }
  }))
  if (warnings.length > 0 && warnings.length === asked.length) throw StatusError.unavailable(warnings.join('; '), 1)
  const epoch = await epochs.roomFor(versions, signal)
  const position: Position = epoch.bases.length > MAX_VECTOR_SLOTS ? encodeSequence(epoch, epochs.replica, 0) : encodeVector(epoch, epoch.slots.map(({ source }) => versions.get(source) ?? 0))
  const entries: Entry[] = [...rows].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([row, copies]) => combine.merge(row, copies.toSorted((a, b) => (a.cluster < b.cluster ? -1 : 1)), position))
  return { entries: query.where ? entries.filter((entry) => query.where!.matches(entry)) : entries, position, warnings }
}

/** Undefined: this member cannot have it. */
function memberQuery({ namespace, name }: Query, cluster: string, combine: Combine): Query | undefined {
  const scope = namespace === undefined ? {} : { namespace }
  if (name === undefined) return scope
  const memberName = combine.memberKey(name, cluster)
  return memberName === undefined ? undefined : { ...scope, name: memberName }
}
