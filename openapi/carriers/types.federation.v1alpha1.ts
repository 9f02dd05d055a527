/** Names the types that become schemas: tsoa keeps only what a controller mentions. Never run. */
import { Controller, Get, Route } from '@tsoa/runtime'
import type { FederatedObject } from '../../src/apis/types.federation/v1alpha1/federated-object.ts'

@Route('types.federation/v1alpha1')
export class TypesFederationV1alpha1 extends Controller {
  @Get('federatedobjects') federatedObjects(): FederatedObject { throw new Error('a carrier of types') }
}
