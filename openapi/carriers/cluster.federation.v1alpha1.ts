/** Names the types that become schemas: tsoa keeps only what a controller mentions. Never run. */
import { Controller, Get, Route } from '@tsoa/runtime'
import type { Cluster } from '../../src/apis/cluster.federation/v1alpha1/cluster.ts'
import type { ClusterSet } from '../../src/apis/cluster.federation/v1alpha1/cluster-set.ts'

@Route('cluster.federation/v1alpha1')
export class ClusterFederationV1alpha1 extends Controller {
  @Get('clusters') clusters(): Cluster { throw new Error('a carrier of types') }
  @Get('clustersets') clusterSets(): ClusterSet { throw new Error('a carrier of types') }
}
