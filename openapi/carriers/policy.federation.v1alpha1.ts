/** Names the types that become schemas: tsoa keeps only what a controller mentions. Never run. */
import { Controller, Get, Route } from '@tsoa/runtime'
import type { ClusterOverridePolicy } from '../../src/apis/policy.federation/v1alpha1/cluster-override-policy.ts'
import type { ClusterPropagationPolicy } from '../../src/apis/policy.federation/v1alpha1/cluster-propagation-policy.ts'
import type { ClusterTaintPolicy } from '../../src/apis/policy.federation/v1alpha1/cluster-taint-policy.ts'
import type { FederatedResourceQuota } from '../../src/apis/policy.federation/v1alpha1/federated-resource-quota.ts'
import type { FederatedTypeConfig } from '../../src/apis/policy.federation/v1alpha1/federated-type-config.ts'
import type { OverridePolicy } from '../../src/apis/policy.federation/v1alpha1/override-policy.ts'
import type { PropagationPolicy } from '../../src/apis/policy.federation/v1alpha1/propagation-policy.ts'
import type { ReplicaSchedulingPreference } from '../../src/apis/policy.federation/v1alpha1/replica-scheduling-preference.ts'

@Route('policy.federation/v1alpha1')
export class PolicyFederationV1alpha1 extends Controller {
  @Get('clusteroverridepolicies') clusterOverridePolicies(): ClusterOverridePolicy { throw new Error('a carrier of types') }
  @Get('clusterpropagationpolicies') clusterPropagationPolicies(): ClusterPropagationPolicy { throw new Error('a carrier of types') }
  @Get('clustertaintpolicies') clusterTaintPolicies(): ClusterTaintPolicy { throw new Error('a carrier of types') }
  @Get('federatedresourcequotas') federatedResourceQuotas(): FederatedResourceQuota { throw new Error('a carrier of types') }
  @Get('federatedtypeconfigs') federatedTypeConfigs(): FederatedTypeConfig { throw new Error('a carrier of types') }
  @Get('overridepolicies') overridePolicies(): OverridePolicy { throw new Error('a carrier of types') }
  @Get('propagationpolicies') propagationPolicies(): PropagationPolicy { throw new Error('a carrier of types') }
  @Get('replicaschedulingpreferences') replicaSchedulingPreferences(): ReplicaSchedulingPreference { throw new Error('a carrier of types') }
}
