/** What distributes templates: the kinds there are, and the stages from a template to its copies. */
import { builtInTargets } from '../federation/template/target-kind.ts'
import { createRecorder, type TemplateEventsOptions, type TemplateRecorder } from '../federation/template/template-events.ts'
import type { TemplateChecks } from '../federation/template/template-strategy.ts'
import { Templates } from '../federation/template/templates.ts'
import type { Logger } from '../lib/logger.ts'
import type { Storage } from '../machinery/meta/core.ts'
import type { WriterDependencies } from '../machinery/registry/stored-writer.ts'

export interface DistributionOptions {
  readonly storage: Storage
  readonly stored: WriterDependencies & { readonly logger: Logger }
  readonly events: TemplateEventsOptions
}

export interface Distribution extends TemplateRecorder { readonly templates: Templates; readonly checks: TemplateChecks }

export function startDistribution({ storage, stored, events }: DistributionOptions, signal: AbortSignal): Distribution {
  const checks: TemplateChecks = { validate: () => [], authorize: () => Promise.resolve(), review: () => Promise.resolve() }
  const templates = new Templates({ storage, stored, checks }, signal)
  for (const target of builtInTargets) templates.add(target, true)
  return { templates, checks, ...createRecorder(events, signal) }
}
