/** What distributes templates: the kinds there are, and the stages from a template to its copies. */
import type { Members } from '../federation/member/members.ts'
import { templateChecks } from '../federation/propagation/template-checks.ts'
import { builtInTargets } from '../federation/template/target-kind.ts'
import type { TemplateChecks } from '../federation/template/template-strategy.ts'
import { Templates } from '../federation/template/templates.ts'
import type { Logger } from '../lib/logger.ts'
import type { Storage } from '../machinery/meta/core.ts'
import type { WriterDependencies } from '../machinery/registry/stored-writer.ts'

export interface DistributionOptions {
  readonly storage: Storage
  readonly stored: WriterDependencies & { readonly logger: Logger }
  readonly members: Members
  readonly random: () => number
}

export interface Distribution { readonly templates: Templates; readonly checks: TemplateChecks }

const REVIEW_TIMEOUT_MS = 3000

export function startDistribution({ storage, stored, members, random }: DistributionOptions, signal: AbortSignal): Distribution {
  const checks = templateChecks({ members: () => members.list(), clock: stored.clock, random, timeoutMs: REVIEW_TIMEOUT_MS })
  const templates = new Templates({ storage, stored, checks }, signal)
  for (const target of builtInTargets) templates.add(target, true)
  return { templates, checks }
}
