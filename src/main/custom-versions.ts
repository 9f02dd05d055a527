import type { Templates } from '../federation/template/templates.ts'
import type { Leadership } from '../host/leases.ts'

/** The group versions of custom kinds, which a host is told of while they are here. */
export interface CustomVersions {
  /** Undefined: another replica sees to it. */
  readonly wanted: () => readonly { readonly group: string; readonly version: string }[] | undefined
  /** Resolves once they may have changed, or the signal aborts. */
  readonly changed: (signal: AbortSignal) => Promise<void>
}

export const customVersions = (templates: Templates, leadership: Leadership): CustomVersions => ({
  wanted: () => (leadership.isLeader ? [...new Map(templates.list().filter(({ target }) => !target.isBuiltIn).map(({ kind: { group, version } }) => [`${version}.${group}`, { group, version }])).values()] : undefined),
  changed: (signal) => new Promise((resolve) => {
    templates.onChange(resolve, signal)
    leadership.onLead(resolve, signal)
    signal.addEventListener('abort', () => resolve(), { once: true })
  }),
})
