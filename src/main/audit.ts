import { readFile } from 'node:fs/promises'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import { openAuditFile, type AuditFile } from '../machinery/server/audit/audit-file.ts'
import { AuditLog } from '../machinery/server/audit/audit-log.ts'
import { parseAuditPolicy } from '../machinery/server/audit/policy.ts'
import type { OperationOptions } from './operation-options.ts'

/** The audit log that the flags ask for. Throws Error with a sentence for people where the policy or the log cannot be used. */
export async function openAudit({ auditPolicyFile, auditLogPath }: OperationOptions, { clock, logger }: { clock: Clock; logger: Logger }): Promise<{ readonly log: AuditLog; readonly file: AuditFile } | undefined> {
  if (auditPolicyFile === undefined) return undefined
  try {
    const policy = parseAuditPolicy(await readFile(auditPolicyFile, 'utf8')), file = openAuditFile(auditLogPath, logger)
    return { file, log: new AuditLog({ policy, clock, write: file.write }) }
  } catch (error) {
    throw new Error(`--audit-policy-file ${auditPolicyFile}, --audit-log-path ${auditLogPath}: ${(error as Error).message}`, { cause: error })
  }
}
