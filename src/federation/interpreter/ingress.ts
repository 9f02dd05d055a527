import type { Interpretation } from './interpretation.ts'
import { hasAddress, mergeLoadBalancer } from './load-balancer.ts'
import { namedAt } from './pod-template.ts'

export const ingress: Interpretation = {
  status: mergeLoadBalancer,
  isHealthy: hasAddress,
  references: (object) => namedAt(object, 'Secret', ['spec.tls.*.secretName']),
}
