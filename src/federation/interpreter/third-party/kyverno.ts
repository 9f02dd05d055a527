import { anyOf, allOf, holds, isOneOf, isPresent, not } from '../checks.ts'
import type { Interpretation } from '../interpretation.ts'
import { byField, eachMember, LAST, LISTED, SUM } from '../merges.ts'

const status = { ready: LAST, autogen: LAST, conditions: LISTED, rulecount: eachMember(SUM) }

/** `ready` was replaced by a condition. */
const policy: Interpretation = {
  isHealthy: anyOf(isOneOf('status.ready', true), allOf(not(isPresent('status.ready')), holds('Ready', 'Succeeded'))),
  reflected: Object.keys(status),
  aggregate: byField(status),
}

export const kyverno: Readonly<Record<string, Interpretation>> = { 'kyverno.io/ClusterPolicy': policy, 'kyverno.io/Policy': policy }
