import type { FoldRule } from './fold-rule.ts'
import { mergeLoadBalancer } from './load-balancer.ts'

/** Every member gives its own addresses and node ports. */
export const service: FoldRule = {
  own: [['spec', 'clusterIP'], ['spec', 'clusterIPs'], ['spec', 'ipFamilies'], ['spec', 'healthCheckNodePort'], ['spec', 'ports', '*', 'nodePort']],
  status: mergeLoadBalancer,
}
