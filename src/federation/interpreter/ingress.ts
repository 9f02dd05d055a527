import type { FoldRule } from './fold-rule.ts'
import { mergeLoadBalancer } from './load-balancer.ts'

export const ingress: FoldRule = { status: mergeLoadBalancer }
