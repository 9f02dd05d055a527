import { isOneOf } from './checks.ts'
import { valueAt, withField, withoutFields } from './fields.ts'
import type { Interpretation } from './interpretation.ts'

const isToken = isOneOf('type', 'kubernetes.io/service-account-token')

/** Tokens are issued by each member for its own account. */
export const secret: Interpretation = {
  unsent: (template) => (isToken(template) ? withoutFields(template, [['metadata', 'annotations', 'kubernetes.io/service-account.uid'], 'data']) : template),
  kept: (desired, observed) => (isToken(desired) ? withField(desired, 'data', valueAt(observed, 'data')) : desired),
}
