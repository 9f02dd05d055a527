import own from '../../../../openapi/policy.federation.v1alpha1.json' with { type: 'json' }
import type { Definitions } from '../../../machinery/schema/resolve-schema.ts'
import { metaDefinitions } from '../../meta/v1/definitions.ts'

/** Definitions of this group's kinds, generated from the interfaces beside this file, and those they refer to. */
export const policyDefinitions: Definitions = { ...metaDefinitions, ...(own as unknown as Definitions) }
