import type { KubeObject } from '../../machinery/meta/core.ts'
import { anyOf, isOneOf, not } from './checks.ts'
import { objectAt, textAt, withoutFields } from './fields.ts'
import type { Interpretation } from './interpretation.ts'
import { hasAddress, mergeLoadBalancer } from './load-balancer.ts'

const isLoadBalancer = isOneOf('spec.type', 'LoadBalancer')

/** Every member gives its own addresses and node ports. */
export const service: Interpretation = {
  own: [['spec', 'clusterIP'], ['spec', 'clusterIPs'], ['spec', 'ipFamilies'], ['spec', 'healthCheckNodePort'], ['spec', 'ports', '*', 'nodePort']],
  status: mergeLoadBalancer,
  isHealthy: anyOf(not(isLoadBalancer), hasAddress),
  reflected(object) {
    const loadBalancer = isLoadBalancer(object) ? objectAt(object, 'status.loadBalancer') : undefined
    return loadBalancer && { loadBalancer }
  },
  /** `None` is the user's wish, an address some API server's. */
  unsent(template: KubeObject) {
    const address = textAt(template, 'spec.clusterIP')
    return address === undefined || address === 'None' ? template : withoutFields(template, ['spec.clusterIP', 'spec.clusterIPs'])
  },
}
