import type { TemplateStore } from '../federation/template/templates.ts'
import { StatusError } from '../machinery/meta/status-error.ts'
import type { EpochSource } from './epochs.ts'
import type { FleetMember } from './fleet-member.ts'

/** The store of templates, as a source of merged views. */
export const TEMPLATES_SOURCE: EpochSource = { id: 'templates' }
/** Stands in for a cluster's name where a row's template comes beside its copies. No cluster can have this name. */
export const TEMPLATES = '#templates'

/** Where a view finds the templates of its kind. */
export const templateSource = ({ cache, resource }: TemplateStore): FleetMember => ({
  cluster: TEMPLATES, source: TEMPLATES_SOURCE, kinds: [], isReporting: () => true, customKind: () => undefined,
  lease: () => ({ cache, state: () => (cache.isReady ? { state: 'synced' } : { state: 'syncing', since: 0 }), release: () => undefined }),
  read: (query, signal) => resource.reader.list(query, signal), handler: () => Promise.reject(StatusError.internal('templates are not read through a handler')),
})
