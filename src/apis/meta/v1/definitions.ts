import meta from '../../../../openapi/meta.v1.json' with { type: 'json' }
import type { Definitions } from '../../../machinery/schema/resolve-schema.ts'

/** Definitions under Kubernetes' own names that every group refers to: ObjectMeta, ListMeta, Status, DeleteOptions, Condition, LabelSelector, … */
export const metaDefinitions = meta as unknown as Definitions
