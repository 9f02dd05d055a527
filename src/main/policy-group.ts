import { clusterTaintPolicyKind } from '../apis/policy.federation/v1alpha1/cluster-taint-policy.ts'
import { federatedResourceQuotaKind } from '../apis/policy.federation/v1alpha1/federated-resource-quota.ts'
import { federatedTypeConfigKind } from '../apis/policy.federation/v1alpha1/federated-type-config.ts'
import { clusterOverridePolicyKind, overridePolicyKind } from '../apis/policy.federation/v1alpha1/override-policy-kinds.ts'
import { clusterPropagationPolicyKind, propagationPolicyKind } from '../apis/policy.federation/v1alpha1/propagation-policy-kinds.ts'
import { replicaSchedulingPreferenceKind } from '../apis/policy.federation/v1alpha1/replica-scheduling-preference.ts'
import type { SelectedKinds } from '../apis/policy.federation/v1alpha1/selected-kinds.ts'
import type { Logger } from '../lib/logger.ts'
import type { KubeObject, Resource, Storage } from '../machinery/meta/core.ts'
import type { StoredKind } from '../machinery/meta/strategy.ts'
import { createStoredResource } from '../machinery/registry/stored-resource.ts'
import type { WriterDependencies } from '../machinery/registry/stored-writer.ts'
import type { ApiGroup } from '../machinery/server/catalog.ts'

/** The stored kinds of policy.federation. */
export function policyGroup(kinds: SelectedKinds, storage: Storage, stored: WriterDependencies & { readonly logger: Logger }, signal: AbortSignal): ApiGroup {
  const resource = <T extends KubeObject>(kind: StoredKind<T>): Resource => createStoredResource(kind, storage, stored, signal)
  return {
    name: 'policy.federation',
    versions: [{
      version: 'v1alpha1',
      resources: [
        resource(propagationPolicyKind(kinds)), resource(clusterPropagationPolicyKind(kinds)), resource(overridePolicyKind(kinds)), resource(clusterOverridePolicyKind(kinds)),
        resource(replicaSchedulingPreferenceKind), resource(federatedTypeConfigKind), resource(clusterTaintPolicyKind), resource(federatedResourceQuotaKind),
      ],
    }],
  }
}
