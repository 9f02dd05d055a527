import type { FoldRule } from './fold-rule.ts'

/** Token Secrets are made by each member. */
export const serviceAccount: FoldRule = { own: [['secrets'], ['imagePullSecrets']] }
