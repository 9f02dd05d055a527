import core from '../../../../openapi/core.v1.json' with { type: 'json' }
import type { Definitions } from '../../../machinery/schema/resolve-schema.ts'
import { metaDefinitions } from '../../meta/v1/definitions.ts'

/** Kubernetes' definitions of the kinds that are stored where there is no host: Namespace, Secret, ConfigMap, ServiceAccount, Event and Lease. */
export const coreDefinitions: Definitions = { ...metaDefinitions, ...(core as unknown as Definitions) }
